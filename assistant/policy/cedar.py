"""The only module that knows Cedar: parsing with places, validation, and one evaluation.

cedarpy parses positionally (`policy0`, `policy1`, ...), skips a forbid that errors, accepts duplicate `@id`s, and gives
no line in its messages. All four are mended here: ids come from `@id`, any error of an evaluation is reported to the
caller (who denies), and statements are parsed one by one when a file does not parse as a whole.

Evaluation costs about 0.7 µs for each policy of a set, matching or not, so policies are first picked by what their scope
says of action and resource type; that is exact, since Cedar's scope is a conjunction.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from assistant.policy.files import Layer, PolicyFile, Problem, Statement, statements
from assistant.policy.request import ACTION_PARENTS
from assistant.types import Data

if TYPE_CHECKING:
    import cedarpy


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
    tool: str | None = None
    """The one tool that its first condition wants."""


class Answer(Data, frozen=True):
    """One evaluation. `errors` not empty means that the answer must not be trusted."""

    allowed: bool
    policies: tuple[str, ...]
    errors: tuple[str, ...] = ()


class Link(Data, frozen=True):
    """A template made concrete."""

    id: str
    template: str
    principal: tuple[str, str]
    resource: tuple[str, str]


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
                tool=_tool(tree.get("conditions", [])),
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


def _tool(conditions: list[dict[str, Any]]) -> str | None:
    """The tool of `when { context.tool == Tool::"x" && ... }`. Only the very first test counts: what comes before another
    test might err, and an error must be seen."""
    if not conditions or conditions[0]["kind"] != "when":
        return None
    body: Any = conditions[0]["body"]
    while "&&" in body:
        body = body["&&"]["left"]
    sides: list[Any] = [*body.get("==", {}).values()]
    if {".": {"left": {"Var": "context"}, "attr": "tool"}} not in sides:
        return None
    found = _TOOL_LITERAL.search(json.dumps(sides))
    return json.loads(found[1]) if found else None


_TOOL_LITERAL = re.compile(r'\{"Value": \{"__entity": \{"type": "Tool", "id": ("(?:[^"\\]|\\.)*")\}\}\}')


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


# ---------------------------------------------------------------- evaluation


class Schema:
    """A parsed schema and its text. Raises ValueError when it does not parse."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def handle(self) -> cedarpy.Schema:
        """The parsed form."""
        import cedarpy  # see parse_file

        return cedarpy.Schema.from_str(self.text)


_PRINCIPAL = re.compile(r"\bprincipal\s*(?:\.|\[|==|has\b|in\b|is\b)")


class Question(Data, frozen=True):
    """What a request is about, as far as the choice of policies goes."""

    action: str
    type: str
    inside: frozenset[tuple[str, str]]
    """The resource itself and all that it is in, as (type, id)."""
    tool: str = ""


class PolicyBook:
    """A fixed list of policies, ready to be asked about one request at a time.

    Only policies whose scope and first condition can match are evaluated: by action, resource type, the entity that the
    resource must be in, and the tool. That is exact, since all of these are conjunctions. The chosen sets are parsed when
    first needed and kept.
    """

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.policies = tuple(policies)
        self.looks_at_principal = any(_PRINCIPAL.search(p.text) for p in self.policies if not p.template)
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._sets: dict[tuple[int, ...], tuple[cedarpy.PolicySet, tuple[str, ...]]] = {}
        self._linked: dict[tuple[tuple[int, ...], tuple[Link, ...]], cedarpy.PolicySet] = {}

    def ask(
        self, question: Question, request: Mapping[str, Any], entities: cedarpy.Entities, links: tuple[Link, ...] = ()
    ) -> Answer:
        """Evaluate one request, in cedarpy's form; `links` are templates that hold now.

        A request that can't be read, and a policy that errors, give an Answer with `errors`. The schema is not asked again:
        it would cost a third of the time, and requests are made by one function from typed facts.
        """
        import cedarpy  # see parse_file

        picked = self._pick(question)
        handle, names = self._set(picked)
        if links:
            handle = self._with_links(picked, links)
        result = _is_authorized(dict(request), handle, entities)
        errors = tuple(result.diagnostics.errors)
        if result.decision is cedarpy.Decision.NoDecision and not errors:
            errors = ("the request can't be read",)
        ids = [names[int(r[6:])] if r.startswith("policy") else r for r in result.diagnostics.reasons]
        return Answer(result.allowed, tuple(sorted(ids)), errors)

    def _pick(self, question: Question) -> tuple[int, ...]:
        """Places in `policies` of those that can match."""
        key = (question.action, question.type)
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kinds[key] = _Kind(self.policies, *key)
        if not kind.special:
            return kind.general
        more = {n for place in question.inside for n in kind.by_place.get(place, ())}
        more.update(kind.by_tool.get(question.tool, ()))
        return tuple(sorted((*kind.general, *more))) if more else kind.general

    def _set(self, picked: tuple[int, ...]) -> tuple[cedarpy.PolicySet, tuple[str, ...]]:
        if picked not in self._sets:
            import cedarpy  # see parse_file

            if len(self._sets) > 512:
                self._sets.clear()
            chosen = [self.policies[n] for n in picked]
            handle = cedarpy.PolicySet.from_str("\n".join(p.text for p in chosen))
            self._sets[picked] = handle, tuple(p.id for p in chosen)
        return self._sets[picked]

    def _with_links(self, picked: tuple[int, ...], links: tuple[Link, ...]) -> cedarpy.PolicySet:
        key = (picked, links)
        if key not in self._linked:
            if len(self._linked) > 512:
                self._linked.clear()
            handle, names = self._set(picked)
            for policy in self.policies:
                if policy.template and any(link.template == policy.id for link in links):
                    handle = handle.with_added_str(policy.text)
            if len(handle) != len(names):
                raise ValueError("a template became a policy")  # positions would no longer name policies
            made = [
                {
                    "template_id": link.template,
                    "new_id": link.id,
                    "values": {"?principal": _uid(link.principal), "?resource": _uid(link.resource)},
                }
                for link in links
            ]
            self._linked[key] = handle.with_linked_batch(made)
        return self._linked[key]


class _Kind:
    """The policies for one action and resource type: those that always apply, and those that want a place or tool."""

    def __init__(self, policies: Sequence[Policy], action: str, resource_type: str) -> None:
        groups = {action, *ACTION_PARENTS.get(action, ())}
        general: list[int] = []
        self.by_place: dict[tuple[str, str], list[int]] = {}
        self.by_tool: dict[str, list[int]] = {}
        for number, policy in enumerate(policies):
            if policy.template or (policy.actions and not policy.actions & groups):
                continue
            if policy.types and resource_type not in policy.types:
                continue
            if policy.within is not None:
                self.by_place.setdefault(policy.within, []).append(number)
            elif policy.tool is not None:
                self.by_tool.setdefault(policy.tool, []).append(number)
            else:
                general.append(number)
        self.general = tuple(general)
        self.special = bool(self.by_place or self.by_tool)


def _is_authorized(
    request: dict[str, Any], policies: cedarpy.PolicySet, entities: cedarpy.Entities
) -> cedarpy.AuthzResult:
    import cedarpy  # see parse_file

    # cast: its signature has bare `dict`s, which strict checking can't accept
    return cast("Any", cedarpy).is_authorized_batch([request], policies, entities)[0]


def entities(json_text: str) -> cedarpy.Entities:
    """Parsed entities, to be used for several questions. Raises ValueError when they can't be read."""
    import cedarpy  # see parse_file

    return cast("Any", cedarpy).Entities.from_json_str(json_text)  # cast: see _is_authorized


def _uid(pair: tuple[str, str]) -> dict[str, str]:
    return {"type": pair[0], "id": pair[1]}
