"""Lines whose rest, when they are wrapped, stands below their beginning and not at the edge: a list stays a list."""

from __future__ import annotations

import re

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual

_LEAD = re.compile(r" *(?:[\[(].[\])] )?")
"""What the rest of a line is moved in by: its spaces, and a box or a button, `[x] ` or `(•) `."""

LEAST = 12
"""Columns that the words need: where there are fewer, nothing is moved in."""


class Hanging(Visual):
    """`content`, line by line."""

    def __init__(self, content: Content) -> None:
        self.plain = content.plain
        self._lines: list[tuple[Content, Content]] = []
        for line in content.split("\n", allow_blank=True):
            found = _LEAD.match(line.plain)
            lead = found.end() if found else 0
            self._lines.append((line[:lead], line[lead:]))

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """Columns of the longest line."""
        return max((lead + body).get_optimal_width(rules, container_width) for lead, body in self._lines)

    def get_height(self, rules: RulesMap, width: int) -> int:
        """Rows in `width` columns."""
        return sum(max(1, body.get_height(rules, inner)) for _lead, body, inner in self._placed(width))

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        """Each line, what is wrapped of it below its words."""
        strips: list[Strip] = []
        for lead, body, inner in self._placed(width):
            first, blank = lead.render_strips(max(1, width - inner), 1, style, options), width - inner
            for number, strip in enumerate(body.render_strips(inner, None, style, options) or [Strip.blank(inner)]):
                before = first if number == 0 and blank else [Strip.blank(blank, style.rich_style)] if blank else []
                strips.append(Strip.join([*before, strip]).adjust_cell_length(width, style.rich_style))
        return strips[:height]

    def _placed(self, width: int) -> list[tuple[Content, Content, int]]:
        """Each line's beginning, its words, and the columns that these have."""
        placed: list[tuple[Content, Content, int]] = []
        for lead, body in self._lines:
            inner = width - len(lead.plain)
            placed.append((lead, body, inner) if inner >= LEAST else (Content(""), lead + body, width))
        return placed
