"""First step of a call: is it well formed? Everything a model writes is untrusted, its JSON too."""

from __future__ import annotations

import json
from typing import Any

from assistant.errors import nearest
from assistant.types import JSON, ToolSpec
from assistant.visible import one_line

MAX_ARGUMENT_BYTES = 1024 * 1024
"""More than any provider lets a model write in one answer today (128k tokens are about 500 kB)."""
_MAX_DEPTH = 64


class InvalidCallError(Exception):
    """The call can't be made into an action. The message goes to the model, so that it can mend the call."""


class Validator:
    """Checks arguments against the schemas of tools. Compiled once a tool."""

    def __init__(self) -> None:
        self._compiled: dict[str, tuple[object, Any]] = {}

    def check(self, spec: ToolSpec, arguments: str) -> dict[str, JSON]:
        """The arguments as an object.

        Raises InvalidCallError for text that is too long, is not one JSON object, names a key twice or an unknown key, or
        does not fit the tool's schema.
        """
        found = parse_object(arguments)
        self._known_keys(spec, found)
        for error in self._validator(spec).iter_errors(found):
            where = ".".join(str(p) for p in error.instance_path) or "the arguments"
            raise InvalidCallError(f"`{one_line(where, 80)}`: {one_line(error.message, 300)}")
        return found

    def _validator(self, spec: ToolSpec) -> Any:
        known = self._compiled.get(spec.name)
        if known is None or known[0] is not spec.parameters:  # a server that is trusted anew may bring another schema
            import jsonschema_rs  # 20 ms: not before the first call

            try:
                known = (spec.parameters, jsonschema_rs.validator_for(dict(spec.parameters)))
                self._compiled[spec.name] = known
            except (ValueError, jsonschema_rs.ValidationError) as error:  # a server's schema is its own making
                raise InvalidCallError(f"{spec.name} can't be called: its schema is no JSON schema") from error
        return known[1]

    @staticmethod
    def _known_keys(spec: ToolSpec, found: dict[str, JSON]) -> None:
        known = list(spec.parameters.get("properties", {}))
        for key in found:
            if key not in known:
                raise InvalidCallError(
                    f"`{one_line(key, 80)}` is not an argument of {spec.name}; {nearest(key, known)}"
                )


def parse_object(text: str) -> dict[str, JSON]:
    """Strictly read one JSON object; no text at all counts as `{}`. Raises InvalidCallError."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_ARGUMENT_BYTES:
        raise InvalidCallError(f"the arguments are too long: {size} bytes, at most {MAX_ARGUMENT_BYTES} are taken")
    if not text.strip():
        return {}
    if text.count("[") + text.count("{") > _MAX_DEPTH and _too_deep(text):
        raise InvalidCallError(f"the arguments are nested deeper than {_MAX_DEPTH} levels")
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        text.encode("utf-8")
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except InvalidCallError:
        raise
    except UnicodeEncodeError as error:
        raise InvalidCallError("the arguments hold half of a surrogate pair, which is no text") from error
    except (ValueError, RecursionError) as error:
        raise InvalidCallError(f"the arguments are not valid JSON: {one_line(str(error), 200)}") from error
    if not isinstance(value, dict):
        raise InvalidCallError("the arguments must be one JSON object")
    return value  # pyright: ignore[reportUnknownVariableType]  # JSON


def _too_deep(text: str) -> bool:
    depth = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            in_string, escaped = (char != '"' or escaped), (char == "\\" and not escaped)
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > _MAX_DEPTH:
                return True
        elif char in "]}":
            depth -= 1
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in pairs:
        if key in out:
            raise InvalidCallError(f"the key `{one_line(key, 80)}` stands twice in the arguments")
        out[key] = value
    return out


def _no_constant(name: str) -> Any:
    raise InvalidCallError(f"`{name}` is not valid JSON")
