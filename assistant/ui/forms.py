"""Fields that a person fills in: from a server's schema, or from the arguments of an Action. Knows no Textual.

The form on the screen and the plain lines both ask by these, and both read what was typed by `read`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from assistant.types import JSON, Action, Data, Kind, as_list
from assistant.ui.language import _
from assistant.visible import one_line, visible

MOST_FIELDS = 40
"""Fields of one form. A server that asks for more is asked about in plain JSON, which nobody fills in by accident."""
MOST_CHOICES = 200


class Field(Data, frozen=True):
    """One field. kind: text, long, integer, number, bool, choice, choices, list (one entry a line), json."""

    name: str
    title: str
    kind: str
    value: JSON = None
    """What it holds before the person does anything; None is nothing."""
    required: bool = False
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """(value, words) of `choice` and `choices`."""

    @property
    def shown(self) -> str:
        """The value as text in the field, every control character visible."""
        return visible(as_text(self))


def as_text(field: Field) -> str:
    """The value as a person would type it."""
    value = field.value
    if value is None:
        return ""
    if field.kind == "list":
        return "\n".join(str(item) for item in as_list(value))
    if field.kind == "bool":
        return "yes" if value else "no"
    if field.kind == "choices":
        return ", ".join(str(item) for item in as_list(value))
    return value if isinstance(value, str) else msgspec.json.encode(value).decode("utf-8", "replace")


def read(field: Field, text: str) -> JSON:
    """What `text` means in `field`; None for an empty field. A text that was not changed is the value as it was.

    Raises ValueError, in the person's language, for what the field can't take.
    """
    if text == field.shown and field.value is not None:
        return field.value
    if field.kind == "text" and not text and field.value is not None:
        return ""
    if field.kind == "list":
        return [row for row in text.split("\n") if row]
    if not text.strip() and field.kind != "long":
        return None
    match field.kind:
        case "bool":
            return _yes_or_no(text)
        case "integer" | "number":
            return _number(field, text)
        case "choice":
            return _choice(field, text)
        case "choices":
            parts = text.split(",") if not text.startswith("[") else msgspec.json.decode(text, type=list[str])
            return [_choice(field, part) for part in parts if part.strip()]
        case "json":
            try:
                return msgspec.json.decode(text)
            except (msgspec.DecodeError, RecursionError) as error:
                raise ValueError(_("this is no JSON: {why}").format(why=one_line(str(error), 120))) from error
        case _:
            return text


def items(value: JSON) -> list[JSON]:
    """The entries of a list; of anything else, none."""
    return as_list(value) if isinstance(value, list) else []


def fill(fields: Sequence[Field], texts: Mapping[str, str]) -> tuple[dict[str, JSON], dict[str, str]]:
    """(values, what is wrong by field). A field that was left empty has no value."""
    values: dict[str, JSON] = {}
    wrong: dict[str, str] = {}
    for field in fields:
        try:
            value = read(field, texts.get(field.name, ""))
        except ValueError as error:
            wrong[field.name] = str(error)
            continue
        if value is not None:
            values[field.name] = value
        elif field.required:
            wrong[field.name] = _("this is needed")
    return values, wrong


def of_action(action: Action, names: Sequence[str]) -> tuple[Field, ...]:
    """The arguments `names` of an Action, as they are."""
    fields: list[Field] = []
    for argument in action.arguments:
        if argument.name not in names:
            continue
        value = argument.value
        kind = _kind_of(value, argument.kind)
        fields.append(Field(argument.name, f"{argument.name} ({argument.role})", kind, value))
    return tuple(fields)


def of_schema(schema: Mapping[str, JSON]) -> tuple[Field, ...]:
    """The fields of a flat JSON schema, as MCP's elicitation has them (texts, numbers, yes or no, choices).

    Anything else becomes a field of plain JSON; the answer is checked against the schema by who asked.
    """
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return ()
    needed = [str(name) for name in items(schema.get("required"))]
    named = cast("Mapping[str, JSON]", properties)
    return tuple(
        _of_property(name, cast("Mapping[str, JSON]", of) if isinstance(of, dict) else {}, name in needed)
        for name, of in list(named.items())[:MOST_FIELDS]
    )


def _of_property(name: str, of: Mapping[str, JSON], required: bool) -> Field:
    title = str(of.get("title") or name)
    choices = _choices(of)
    many = of.get("type") == "array"
    if many and not choices:
        inner = of.get("items")
        choices = _choices(cast("Mapping[str, JSON]", inner)) if isinstance(inner, dict) else ()
    kinds = {"string": "text", "integer": "integer", "number": "number", "boolean": "bool"}
    kind = "choices" if many and choices else "choice" if choices else kinds.get(str(of.get("type")), "json")
    hints = [str(of.get("description") or ""), _limits(of)]
    return Field(name, title, kind, of.get("default"), required, " · ".join(h for h in hints if h), choices)


def _choices(of: Mapping[str, JSON]) -> tuple[tuple[str, str], ...]:
    """`enum` with `enumNames`, or `oneOf`/`anyOf` of constants with titles (MCP 2025-11-25, elicitation)."""
    values = [v for v in items(of.get("enum")) if isinstance(v, str)]
    if values:
        names = [str(n) for n in items(of.get("enumNames"))]
        return tuple((v, names[i] if i < len(names) else v) for i, v in enumerate(values))[:MOST_CHOICES]
    found: list[tuple[str, str]] = []
    for option in items(of.get("oneOf")) or items(of.get("anyOf")):
        if isinstance(option, dict) and isinstance(value := cast("Mapping[str, Any]", option).get("const"), str):
            found.append((value, str(cast("Mapping[str, Any]", option).get("title") or value)))
    return tuple(found)[:MOST_CHOICES]


def _limits(of: Mapping[str, JSON]) -> str:
    words: list[str] = []
    for key, sign in (("minimum", "≥ {n}"), ("maximum", "≤ {n}")):
        if isinstance(of.get(key), (int, float)):
            words.append(sign.format(n=of[key]))
    if isinstance(of.get("format"), str):
        words.append(str(of["format"]))
    return ", ".join(words)


def _kind_of(value: JSON, kind: Kind) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, list):
        plain_rows = all(isinstance(r, str) and r and visible(r) == r and "\n" not in r for r in items(value))
        return "list" if plain_rows else "json"
    if isinstance(value, str):
        return "long" if kind in (Kind.COMMAND, Kind.TEXT) or "\n" in value else "text"
    return "json"


def _yes_or_no(text: str) -> bool:
    word = text.strip().lower()
    if word in ("yes", "y", "true", "1", "on", "是"):
        return True
    if word in ("no", "n", "false", "0", "off", "否"):
        return False
    raise ValueError(_("say yes or no"))


def _number(field: Field, text: str) -> JSON:
    try:
        number = int(text) if field.kind == "integer" else float(text)
    except ValueError:
        raise ValueError(_("`{text}` is no number").format(text=one_line(text, 40))) from None
    if not -1e300 < number < 1e300:  # NaN and infinity are no JSON
        raise ValueError(_("`{text}` is no number").format(text=one_line(text, 40)))
    return number


def _choice(field: Field, text: str) -> str:
    """By its value, its words, or its number in the list: in this order, since a value may look like a number."""
    wanted = text.strip()
    values = {value: value for value, _words in field.choices}
    by_words = {words: value for value, words in field.choices}
    by_number = {str(number): value for number, (value, _words) in enumerate(field.choices, 1)}
    for known in (values, by_words, by_number):
        if wanted in known:
            return known[wanted]
    raise ValueError(_("`{text}` is none of the choices").format(text=one_line(wanted, 40)))
