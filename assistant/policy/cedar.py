"""Reading policies: parsing with places, what each one can match at all, and validation. `book.py` evaluates them.

cedarpy parses positionally (`policy0`, `policy1`, ...), accepts duplicate `@id`s, and gives no line in its messages. All are
mended here: ids come from `@id`, and statements are parsed one by one when a file does not parse as a whole.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from assistant.policy.files import Layer, PolicyFile, Problem, Statement, statements
from assistant.policy.request import CONTEXT
from assistant.types import Data

if TYPE_CHECKING:
    import cedarpy


class Need(Data, frozen=True):
    """A test that must hold for a policy to match: the attribute is one of the values, or a set that holds one of them."""

    attribute: str
    values: frozenset[str | int | bool]


class Policy(Data, frozen=True):
    """One policy or template of a file."""

    id: str
    layer: Layer
    file: str
    line: int
    text: str
    permit: bool
    template: bool = False
    reason: str = ""
    code: str = ""
    actions: frozenset[str] = frozenset()
    """Empty: any action."""
    types: frozenset[str] = frozenset()
    """Resource types that its scope can match. Empty: any."""
    within: tuple[str, str] | None = None
    """The one entity (type, id) that its scope wants the resource to be or be in."""
    need: Need | None = None
    """What its first condition wants of the context before it looks at anything else."""
    looks_at: frozenset[str] | None = frozenset()
    """Attributes of the context that its conditions mention. None: all of it."""
    hides: tuple[str, ...] = ()
    """Paths that it forbids to read and to run commands on, whatever else holds: nothing may see them at all."""
    looks_up: bool = True
    """Whether what it says depends on more of the resource than its type: its name, what it is in, its attributes."""


def parse_file(file: PolicyFile) -> tuple[list[Policy], list[Problem]]:
    """The policies of one file, or what is wrong with it (then no policies)."""
    import cedarpy  # 73 ms: only when policies are needed

    found = statements(file.text)
    try:
        parsed = _in_order(json.loads(cedarpy.policies_to_json_str("\n".join(s.text for s in found))))
    except ValueError:
        return [], _problems_of(file, found)
    if len(parsed) != len(found):
        return [], [Problem(file.path, 1, "the file could not be split into its policies")]
    policies: list[Policy] = []
    for number, (statement, tree) in enumerate(zip(found, parsed, strict=True)):
        notes: dict[str, str | None] = tree.get("annotations", {})
        policies.append(
            Policy(
                id=notes.get("id") or f"{file.path}#{number + 1}",
                layer=file.layer,
                file=file.path,
                line=statement.line,
                text=statement.text,
                permit=tree["effect"] == "permit",
                template="slot" in json.dumps([tree["principal"], tree["resource"]]),
                reason=notes.get("reason") or "",
                code=notes.get("code") or "",
                actions=_actions(tree["action"]),
                types=_types(tree["resource"]),
                within=_within(tree["resource"]),
                need=_need(tree.get("conditions", [])),
                looks_at=_looks_at(tree.get("conditions", [])),
                hides=_hides(tree),
                looks_up=_within(tree["resource"]) is not None or _looks_up(tree.get("conditions", [])),
            )
        )
    return policies, []


def _in_order(tree: dict[str, Any]) -> list[dict[str, Any]]:
    both: dict[str, Any] = {**tree.get("staticPolicies", {}), **tree.get("templates", {})}
    return [both[key] for key in sorted(both, key=lambda k: int(k.removeprefix("policy")))]


def _actions(scope: dict[str, Any]) -> frozenset[str]:
    if "entity" in scope:
        return frozenset({scope["entity"]["id"]})
    return frozenset(e["id"] for e in scope.get("entities", []))


def _types(scope: dict[str, Any]) -> frozenset[str]:
    if scope["op"] == "is":
        return frozenset({scope["entity_type"]})
    if scope["op"] == "==" and "entity" in scope:
        return frozenset({scope["entity"]["type"]})
    return frozenset()


def _within(scope: dict[str, Any]) -> tuple[str, str] | None:
    entity: dict[str, str] | None = scope.get("entity") or scope.get("in", {}).get("entity")
    return (entity["type"], entity["id"]) if entity else None


def _hides(tree: dict[str, Any]) -> tuple[str, ...]:
    """Paths of a forbid over reading and executing whose only condition is where the resource lies."""
    actions = _actions(tree["action"])
    everyone = tree["principal"]["op"] == "All" and "slot" not in json.dumps(tree["resource"])
    if tree["effect"] != "forbid" or not everyone or not ({"read", "execute"} <= actions or not actions):
        return ()
    conditions: list[dict[str, Any]] = tree.get("conditions", [])
    place = _within(tree["resource"])
    if place is not None:
        return (place[1],) if place[0] in ("File", "Folder") and not conditions else ()
    if tree["resource"]["op"] != "All" or len(conditions) != 1 or conditions[0]["kind"] != "when":
        return ()
    return tuple(dict.fromkeys(_places(conditions[0]["body"])))


def _places(body: Any) -> list[str]:
    """The paths of `resource in Folder::"a" || resource == File::"b" || ...`; none when anything else stands there."""
    if "||" in body:
        left, right = _places(body["||"]["left"]), _places(body["||"]["right"])
        return [*left, *right] if left and right else []
    test: dict[str, Any] = body.get("in") or body.get("==") or {}
    if test.get("left") != {"Var": "resource"} or "Value" not in test.get("right", {}):
        return []
    value = test["right"]["Value"]
    named: dict[str, Any] = cast("dict[str, Any]", value).get("__entity", {}) if isinstance(value, dict) else {}
    return [named["id"]] if named.get("type") in ("File", "Folder") else []


def _need(conditions: list[dict[str, Any]]) -> Need | None:
    """What `when { context.tool == Tool::"x" && ... }` wants. Only the very first test counts: what comes before another
    test might err, and an error must be seen. These tests themselves can't: every request carries the whole context, with
    the schema's types."""
    if not conditions or conditions[0]["kind"] != "when":
        return None
    body: Any = conditions[0]["body"]
    while "&&" in body:
        body = body["&&"]["left"]
    ((test, sides),) = body.items()
    if test == ".":
        return _made(_attribute(body), [True])
    if test == "!":
        return _made(_attribute(sides["arg"]), [False])
    if test == "==":
        left, right = sides["left"], sides["right"]
        return _made(_attribute(left), _literals(right)) or _made(_attribute(right), _literals(left))
    if test in ("contains", "containsAny"):
        left, right = sides["left"], sides["right"]
        if _attribute(left) == "signs":
            return _made("signs", _literals(right))
        return _made(_attribute(right), _literals(left)) if test == "contains" else None
    return None


def _made(attribute: str, values: list[Any] | None) -> Need | None:
    if values is None or attribute not in CONTEXT:
        return None
    return Need(attribute, frozenset(values))


def _attribute(expression: dict[str, Any]) -> str:
    """`x` of `context.x`, or empty."""
    member = expression.get(".", {})
    return member["attr"] if member.get("left") == {"Var": "context"} else ""


def _literals(expression: dict[str, Any]) -> list[Any] | None:
    """The values of a literal or a set of literals; of a tool its name. None when anything else stands there."""
    if "Set" in expression:
        each = [_literals(item) for item in expression["Set"]]
        return None if None in each else [value for values in each for value in values or ()]
    value = expression.get("Value")
    if isinstance(value, dict):
        entity = cast("dict[str, Any]", value).get("__entity", {})
        return [entity["id"]] if entity.get("type") == "Tool" else None
    return [value] if isinstance(value, (str, int)) else None


def _looks_at(tree: Any) -> frozenset[str] | None:
    """The attributes of the context that stand anywhere in the tree; None when the context itself is used as a value."""
    if isinstance(tree, dict):
        item = cast("dict[str, Any]", tree)
        if item == {"Var": "context"}:
            return None
        for form in (".", "has"):
            if item.get(form, {}).get("left") == {"Var": "context"} and "attr" in item[form]:
                return frozenset({item[form]["attr"]})
        inner: list[Any] = list(item.values())
    else:
        inner = cast("list[Any]", tree) if isinstance(tree, list) else []
    found: set[str] = set()
    for each in inner:
        names = _looks_at(each)
        if names is None:
            return None
        found |= names
    return frozenset(found)


def _looks_up(tree: Any) -> bool:
    """Whether the resource stands anywhere in the tree but in a test of its type (`resource is Service`)."""
    if isinstance(tree, dict):
        item = cast("dict[str, Any]", tree)
        if item == {"Var": "resource"}:
            return True
        if "is" in item and item["is"].get("left") == {"Var": "resource"} and not item["is"].get("in"):
            return False
        return any(map(_looks_up, item.values()))
    return any(map(_looks_up, cast("list[Any]", tree))) if isinstance(tree, list) else False


# ---------------------------------------------------------------- messages for people

_KEYWORDS = (
    "permit", "forbid", "when", "unless", "principal", "action", "resource", "context", "Action", "contains",
    "containsAny", "containsAll", "like", "has", "approved",
)  # fmt: skip


def _problems_of(file: PolicyFile, found: Sequence[Statement]) -> list[Problem]:
    import cedarpy  # see parse_file

    problems: list[Problem] = []
    for statement in found:
        try:
            cedarpy.PolicySet.from_str(statement.text)
        except ValueError as error:
            message = str(error)
            problems.append(Problem(file.path, _line(statement, message), f"does not parse: {message}", _hint(message)))
    return problems or [Problem(file.path, 1, "does not parse")]


def _line(statement: Statement, message: str) -> int:
    """The line of the token that a message quotes when it stands once in the statement, else the statement's first."""
    token = re.search(r"`([^`]+)`", message) or re.search(r"policy effect: (\S+)", message)
    if token and statement.text.count(token[1]) == 1:
        return statement.line + statement.text.count("\n", 0, statement.text.index(token[1]))
    return statement.line


def _hint(message: str) -> str:
    word = re.search(r"(?:effect: |annotation: |`)([A-Za-z_]+)", message)
    close = difflib.get_close_matches(word[1], _KEYWORDS, n=1) if word else []
    if close and word and close[0] != word[1]:
        return f"did you mean `{close[0]}`?"
    if "invalid token" in message:
        return "a string may lack its closing quote"
    if "unexpected end" in message:
        return "a policy ends with `;`"
    return "see policies/README.md for the form of a policy"


def validate(policies: Sequence[Policy], schema: Schema) -> list[Problem]:
    """What does not fit the schema, with file, line and the nearest known name."""
    import cedarpy  # see parse_file

    if not policies:
        return []
    result = cast("Any", cedarpy).validate_policies("\n".join(p.text for p in policies), schema.handle)
    problems: dict[tuple[str, int], Problem] = {}
    for error in result.errors:
        number = error.policy_id.removeprefix("policy")
        policy = policies[int(number)] if number.isdigit() and int(number) < len(policies) else policies[0]
        message = re.sub(r"^for policy `[^`]*`, ", "", error.error)
        statement = Statement(policy.text, policy.line)
        problem = Problem(policy.file, _line_of_names(statement, message), message, _schema_hint(message, schema.text))
        problems.setdefault((policy.file, policy.line), problem)
    return list(problems.values())


def _line_of_names(statement: Statement, message: str) -> int:
    for quoted in re.findall(r"`([^`]+)`", message):
        name = quoted.split("::")[-1].strip('"')
        if name and statement.text.count(name) == 1:
            return statement.line + statement.text.count("\n", 0, statement.text.index(name))
    return statement.line


def _schema_hint(message: str, schema: str) -> str:
    quoted = re.search(r"`([^`]+)`", message)
    if not quoted:
        return ""
    name = quoted[1].split("::")[-1].strip('"')
    known = sorted(set(re.findall(r"\w+", re.sub(r"//[^\n]*", "", schema))))
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean `{close[0]}`?" if close and close[0] != name else ""


class Schema:
    """A parsed schema and its text. Raises ValueError when it does not parse."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def handle(self) -> cedarpy.Schema:
        """The parsed form."""
        import cedarpy  # see parse_file

        return cedarpy.Schema.from_str(self.text)
