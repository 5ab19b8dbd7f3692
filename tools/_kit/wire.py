"""JSON as the launcher speaks it, without the cost of importing the `json` package.

`json` imports `re` and `enum`, about 5 ms that every call would pay. CPython's accelerator needs neither, so it is used
directly where it has the form that we know; elsewhere the package itself does the work.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class _Scan:
    """What the accelerator reads its options from (the attributes of `json.JSONDecoder`)."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: ClassVar[dict[str, str]] = {}


def loads(text: str) -> Any:
    """The value of a JSON text. Raises ValueError when it is none."""
    text = text.strip(" \t\r\n")
    try:
        from _json import make_scanner
    except ImportError:
        import json

        return json.loads(text)
    try:
        scan: Any = make_scanner
        value, end = scan(_Scan)(text, 0)
    except StopIteration as error:
        raise ValueError(f"not JSON at character {error.value}") from error
    if end != len(text):
        raise ValueError(f"more than one JSON value, at character {end}")
    return value


def dumps(value: Any) -> str:
    """The JSON text of a value, on one line, non-ASCII kept as it is. A lone surrogate becomes `?`."""
    try:
        from _json import encode_basestring, make_encoder

        encode = make_encoder(None, _refuse, encode_basestring, None, ":", ",", False, False, False)
        return "".join(encode(value, 0))
    except (ImportError, TypeError):
        import json

        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _refuse(value: object) -> Any:
    raise TypeError(f"a {type(value).__name__} has no JSON form")
