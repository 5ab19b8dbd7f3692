"""What stands in a part of an answer: lines that are broken where the screen ends, and tables. Knows no width."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from markdown_it.token import Token
from textual.content import Content, Span
from textual.style import Style

BULLETS = "•▪◦"
"""By depth."""
BAR = "▌ "
_TASK = re.compile(r"\[([ xX])\] ")
_SPACE = re.compile(r"\s+")
_INLINE = {"em": "italic", "strong": "bold", "s": "strike"}


class Line(msgspec.Struct):
    """A line of text. look: the component class that it is drawn in, or empty."""

    content: Content
    lead: Content = Content()
    """What stands before its first row."""
    hang: Content = Content()
    """What stands before the others, as wide."""
    look: str = ""
    gap: bool = False
    """Whether an empty row comes before."""
    above: Content = Content()
    """What stands in that one."""


class Rule(msgspec.Struct):
    """A line across."""

    lead: Content = Content()
    gap: bool = False
    above: Content = Content()


class Table(msgspec.Struct):
    """Cells, those of the head first. aligns: left, center or right for each column."""

    rows: list[list[Content]]
    aligns: list[str]
    lead: Content = Content()
    gap: bool = False
    above: Content = Content()


Block = Line | Rule | Table


class _Box:
    """A list item or a quote that blocks stand in. `sign` is shown before the first row in it and `rest` before the others.
    Whether an empty row stands before its first block tells `gap`, before the others `loose`."""

    def __init__(self, sign: str, rest: str, *, loose: bool, gap: bool = True, style: str = "") -> None:
        self.rest = Content.styled(rest, style) if style else Content(rest)
        self.sign: Content | None = Content.styled(sign, style) if style else Content(sign)
        self.loose, self.gap = loose, gap


class _List:
    """A list that is open: whether there are empty lines in it, the number of its next item, whether it has one already."""

    def __init__(self, loose: bool, number: int | None) -> None:
        self.loose, self.number, self.begun = loose, number, False


def blocks_of(tokens: Sequence[Token], number: int | None = None) -> list[Block]:
    """The blocks that `parser` has read. `number`: of the first item, where that is not the one written before it."""
    return _Reader(number).read(tokens)


def code_lines(text: str, language: str) -> list[Line]:
    """`text`, which is safe, as lines of code in its colours."""
    from textual.highlight import highlight  # loads Pygments

    coloured = highlight(text, language=language or "text", tab_size=4).split("\n", allow_blank=True)
    coloured += [Content()] * (text.count("\n") + 1 - len(coloured))  # it leaves out empty lines at the end
    return [Line(row, look="code_block") for row in coloured]


class _Reader:
    def __init__(self, number: int | None) -> None:
        self._number = number
        self._boxes: list[_Box] = []
        self._lists: list[_List] = []
        self._blocks: list[Block] = []

    def read(self, tokens: Sequence[Token]) -> list[Block]:
        look, at = "", 0
        while at < len(tokens):
            token = tokens[at]
            match token.type:
                case "heading_open":
                    look = "h1" if token.tag == "h1" else "heading"
                case "inline":
                    self._text(inline(token), look)
                    look = ""
                case "bullet_list_open" | "ordered_list_open":
                    self._lists.append(_List(_loose(tokens, at), self._first_number(token)))
                case "bullet_list_close" | "ordered_list_close":
                    self._lists.pop()
                case "list_item_open":
                    self._item()
                case "blockquote_open":
                    self._boxes.append(_Box(BAR, BAR, loose=True, style=".quote_bar"))
                case "list_item_close" | "blockquote_close":
                    self._close()
                case "fence" | "code_block":
                    for n, line in enumerate(code_lines(token.content.removesuffix("\n"), token.info)):
                        self._add(line, follows=n > 0)
                case "hr":
                    self._add(Rule())
                case "table_open":
                    at = self._table(tokens, at)
                case _:
                    pass
            at += 1
        return self._blocks

    def _first_number(self, token: Token) -> int | None:
        if token.tag != "ol":
            return None
        number, self._number = self._number, None
        return int(token.attrs.get("start", 1)) if number is None else number

    def _item(self) -> None:
        items = self._lists[-1]
        sign = f"{BULLETS[(len(self._lists) - 1) % len(BULLETS)]} "
        if items.number is not None:
            sign, items.number = f"{items.number}. ", items.number + 1
        # Before its first item stands what stands before any block there.
        gap = items.loose if items.begun else self._loose_here()
        items.begun = True
        self._boxes.append(_Box(sign, " " * len(sign), loose=items.loose, gap=gap))

    def _loose_here(self) -> bool:
        return not self._boxes or self._boxes[-1].loose

    def _close(self) -> None:
        if self._boxes[-1].sign is not None:  # an item with nothing in it
            self._add(Line(Content()))
        self._boxes.pop()

    def _text(self, content: Content, look: str) -> None:
        box = self._boxes[-1] if self._boxes else None
        if box is not None and box.sign is not None and (task := _TASK.match(content.plain)):
            box.sign, content = Content("☐ " if task[1] == " " else "☑ "), content[task.end() :]
        quoted = any(box.rest.plain == BAR for box in self._boxes)
        for n, line in enumerate(content.split("\n", allow_blank=True)):
            self._add(Line(line, look=look or ("quote" if quoted else "")), follows=n > 0)

    def _add(self, block: Block, *, follows: bool = False) -> None:
        """`follows`: it is the next line of the block before."""
        box = self._boxes[-1] if self._boxes else None
        gap = box.gap if box is not None and box.sign is not None else self._loose_here()
        block.gap = bool(self._blocks) and not follows and gap
        block.above = _joined([box.rest for box in self._boxes if box.sign is None or box.rest.plain == BAR])
        block.lead = _joined([box.rest if box.sign is None else box.sign for box in self._boxes])
        for box in self._boxes:
            box.sign = None
        if isinstance(block, Line):
            block.hang = _joined([box.rest for box in self._boxes])
        self._blocks.append(block)

    def _table(self, tokens: Sequence[Token], at: int) -> int:
        table = Table([], [])
        while tokens[at].type != "table_close":
            token = tokens[at]
            if token.type == "tr_open":
                table.rows.append([])
            elif token.type == "th_open":
                style = str(token.attrs.get("style", ""))
                table.aligns.append(style.removeprefix("text-align:") or "left")
            elif token.type == "inline":
                table.rows[-1].append(inline(token))
            at += 1
        self._add(table)
        return at


def _loose(tokens: Sequence[Token], at: int) -> bool:
    """Whether the list that begins at `at` has empty lines between or in its items."""
    level = tokens[at].level
    for token in tokens[at + 1 :]:
        if token.level == level:
            break
        if token.level == level + 2 and token.type == "paragraph_open" and not token.hidden:
            return True
    return False


def _joined(parts: list[Content]) -> Content:
    return Content().join(parts) if parts else Content()


def inline(token: Token) -> Content:
    """The words of a token, with their styles and with the actions of their links."""
    text: list[str] = []
    spans: list[Span] = []
    opened: list[tuple[Style | str, int]] = []
    length = 0

    def add(words: str) -> None:
        nonlocal length
        text.append(words)
        length += len(words)

    for child in token.children or ():
        kind = child.type
        if kind == "text":
            add(_SPACE.sub(" ", child.content))
        elif kind == "code_inline":
            spans.append(Span(length, length + len(child.content), ".code_inline"))
            add(child.content)
        elif kind in ("softbreak", "hardbreak"):
            add(" " if kind == "softbreak" else "\n")
        elif kind == "link_open":
            opened.append((Style.from_meta({"@click": f"link({child.attrs.get('href', '')!r})"}), length))
        elif kind.endswith("_open"):
            opened.append((_INLINE.get(kind.removesuffix("_open"), ""), length))
        elif kind.endswith("_close") and opened:
            style, start = opened.pop()
            if style and length > start:
                spans.append(Span(start, length, style))
                if kind == "link_close":
                    spans.append(Span(start, length, ".link"))
        else:
            add(child.content)
    return Content("".join(text), spans)
