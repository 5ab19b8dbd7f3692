"""What is searched for, and what was found: the same for both engines."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


CONTEXT_LINES = 20
LINE_BYTES = 4096
"""Lines are kept up to here; what lies beyond is searched but not shown."""
HELD_BYTES = 8 << 20
"""Most bytes of hits that are gathered before they are sorted; beyond it the search is called incomplete."""


class Query:
    """What is searched for."""

    def __init__(self, args: dict[str, Any], path: str) -> None:
        self.pattern: str = args["pattern"]
        self.path = path
        self.glob: str = args.get("glob", "")
        self.literal: bool = args.get("literal", False)
        self.ignore_case: bool = args.get("ignore_case", False)
        self.context: int = min(max(0, args.get("context", 0)), CONTEXT_LINES)
        self.everything: bool = args.get("all", False)


class Hit:
    """One line: a match, or a line near one. `text` is raw and may be cut at LINE_BYTES."""

    __slots__ = ("line", "matched", "path", "text")

    def __init__(self, path: str, line: int, text: bytes, matched: bool) -> None:
        self.path = path
        self.line = line
        self.text = text
        self.matched = matched
