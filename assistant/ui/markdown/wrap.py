"""Where a line of text is broken so that it fits into a width, in Latin and in East Asian writing. Pure.

Textual breaks between words only, which leaves the half of a row empty where a Chinese sentence follows a Latin word. Here a
row may also end between two ideographs, not before closing punctuation and not after an opening bracket (W3C, Requirements
for Chinese Text Layout, 3.1.4; JIS X 4051). Korean is broken between words, as Koreans do.
"""

from __future__ import annotations

import re

from rich.cells import cell_len, chop_cells

_WIDE = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3041-\u3096\u309d-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_OPENING = "（「『【《〈〔［｛“‘"
_CLOSING = "、。，．：；？！）」』】》〉〕］｝”’…—·々ー〜～％"
_WORD = re.compile(rf"\s*[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}{_OPENING}{_CLOSING}]+)?[{_CLOSING}]*\s*")


def breaks(text: str, width: int) -> list[int]:
    """Indexes of the characters that begin the second and every further row, in a text without line ends. A word wider than
    a row is cut. `width` in cells, 2 at least."""
    if len(text) <= width and text.isascii():
        return []
    found: list[int] = []
    column, at = 0, 0
    for word in _WORD.findall(text):
        if not word:
            break
        cells = cell_len(word.rstrip())
        if column and column + cells > width:
            found.append(at)
            column = 0
        if cells > width:
            parts = chop_cells(word.rstrip(), width)
            for part in parts[:-1]:
                at += len(part)
                found.append(at)
            column = cell_len(parts[-1]) + cell_len(word) - cells
            at += len(word) - sum(map(len, parts[:-1]))
        else:
            column += cell_len(word)
            at += len(word)
    return found
