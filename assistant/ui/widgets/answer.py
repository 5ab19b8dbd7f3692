"""A model's answer: Markdown that grows while it is written.

Imported only when the first answer is shown: Markdown and its highlighter take a third of the time to the first frame.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableSequence
from typing import Any, cast

from markdown_it import MarkdownIt
from markdown_it.token import Token
from textual.app import App
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Markdown
from textual.widgets._markdown import MarkdownParagraph

from assistant.ui import collecting
from assistant.ui.conversation import Answer, Update
from assistant.ui.language import _
from assistant.ui.widgets.ground import Ground
from assistant.visible import one_line, prose, visible

FLUSH_S = 0.04
"""Pause between two drawings of new words: 25 a second is smooth, and several tokens share one layout."""
SHARE = 6
"""Words that were on the screen t seconds after their drawing began are followed by a pause of at least SHARE × t: a fast
answer, or a screenful of blocks, leaves six sevenths of the time to the keys."""
LONGEST_S = 0.2
"""But never by a longer one: what took longer was a module loaded for the first drawing, or another program's turn."""

AFTER_S = 0.02
"""How long after a drawing is a good moment to collect: keys that waited for it are answered by then."""


class Paragraph(MarkdownParagraph):
    """A paragraph that grows. While it stays as high as it is, nothing around it moves: only it is drawn."""

    def set_content(self, content: Content) -> None:
        """More words."""
        self._content = content
        width, height = self.size
        same = bool(width) and content.get_height(cast(Any, self.styles), width) == height
        self.update(content, layout=not same)


class AnswerView(Ground, Markdown):
    """An answer. Links show their target and are copied, never opened."""

    # Every block brings the empty line above it. `:first-child` and `:last-child` would read better, but Textual then
    # restyles all children whenever one is mounted: twice the cost of a long answer.
    DEFAULT_CSS = """
    AnswerView {
        margin: 0; padding: 0 2; height: auto; background: transparent;
        &.-found { background: $panel; }
        MarkdownH1, MarkdownH2, MarkdownH3, MarkdownH4, MarkdownH5, MarkdownH6 {
            margin: 1 0 0 0 !important; padding: 0; content-align: left middle; width: 1fr;
            color: $primary; background: transparent; border: none; text-style: bold;
        }
        MarkdownH1 { text-style: bold underline; }
        & > MarkdownParagraph { margin: 1 0 0 0 !important; }
        MarkdownFence { margin: 1 0 0 0 !important; background: $surface; color: $foreground; & > Label { padding: 0 2; } }
        MarkdownBlockQuote { margin: 1 0 0 0 !important; background: transparent; border-left: outer $border-blurred; color: $secondary; }
        & > MarkdownBulletList, & > MarkdownOrderedList { margin: 1 0 0 0 !important; padding: 0; }
        MarkdownOrderedList Horizontal, MarkdownBulletList Horizontal { margin: 0 !important; }
        MarkdownTable { margin: 1 0 0 0 !important; }
        MarkdownHorizontalRule { margin: 1 0 0 0 !important; }
    }
    """

    BLOCKS = {**Markdown.BLOCKS, "paragraph_open": Paragraph}
    app: App[Any]  # pyright: ignore[reportIncompatibleMethodOverride]  # the same, its type spelled out

    def __init__(self, item: Answer) -> None:
        # A text that still grows starts empty and is only ever appended to: Textual takes an update for whole blocks, so
        # a list that goes on after one would lose its first items.
        super().__init__(item.text if item.done else "", parser_factory=safe_parser, open_links=False)
        self.item = item
        self._written = len(item.text) if item.done else 0
        self._timer: Timer | None = None
        self._showing = False
        """Whether words are on their way to the screen."""

    def on_mount(self) -> None:
        """What has come before the widget did: at once, so that who calls after this mount finds it drawn. Where nothing
        has, one empty line: the first words then change what is on the screen and move nothing."""
        if self.item.text:
            if self._written < len(self.item.text):
                self.call_next(self._flush)
        elif not self.item.done:
            self.call_next(self.mount, Paragraph(self, Token("paragraph_open", "p", 1)))

    def take(self, item: Answer) -> None:
        """This was the place for an answer, and `item` is the answer."""
        self.item = item
        self.call_next(self._flush)

    @property
    def drawing(self) -> bool:
        """Whether there are words that haven't been drawn yet."""
        return self._timer is not None or self._showing or self._written < len(self.item.text)

    def show_update(self, update: Update) -> None:
        """More words: drawn within FLUSH_S, together with what comes meanwhile."""
        if update.what == "state":
            self._flush_soon(0)
        elif self._timer is None and not self._showing:
            self._flush_soon(FLUSH_S)

    def _flush_soon(self, delay_s: float) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(max(delay_s, 0.001), self._flush)

    async def _flush(self) -> None:
        new = self.item.text[self._written :]
        if not new:
            self._timer = None
            return
        self._written += len(new)
        started = time.monotonic()
        self._timer, self._showing = None, True
        await self.append(new)
        self.call_after_refresh(self._shown, started)

    def _shown(self, started: float) -> None:
        self._showing = False
        took = time.monotonic() - started
        asyncio.get_running_loop().call_later(AFTER_S, collecting.good_moment)
        if self._timer is None and (self._written < len(self.item.text) or not self.item.done):
            self._flush_soon(min(max(FLUSH_S, took * SHARE), LONGEST_S))

    def on_markdown_link_clicked(self, event: Markdown.LinkClicked) -> None:
        """A link is copied, never opened: where it leads is for the person to decide."""
        event.stop()
        event.prevent_default()
        self.app.copy_to_clipboard(visible(event.href))
        self.app.notify(one_line(event.href), title=_("link copied, not opened"), markup=False)


class _SafeParser:
    """markdown-it, with its tokens made safe after parsing (entities like `&#x202e;` become characters only there)."""

    def __init__(self) -> None:
        self._parser = MarkdownIt("gfm-like", {"html": False, "linkify": True, "typographer": False})
        # Only what names its scheme is an address: `README.md` is a file, although .md is a country's domain too.
        cast(Any, self._parser.linkify).set({"fuzzy_link": False, "fuzzy_email": False})

    def parse(self, source: str) -> list[Token]:
        """Tokens of `source` whose text holds no control characters and whose links show their target. Code and links are
        shown more strictly than sentences."""
        tokens = self._parser.parse(prose(source))
        for token in tokens:
            token.content = prose(token.content) if token.type == "inline" else visible(token.content)
            token.info = visible(token.info).split(" ")[0][:40] if token.type == "fence" else token.info
            if token.children:
                token.children = list(_inline(token.children))
        return tokens


def _inline(tokens: MutableSequence[Token]) -> list[Token]:
    out: list[Token] = []
    shown, target = "", None
    for token in tokens:
        token.content = prose(token.content) if token.type == "text" and target is None else visible(token.content)
        if token.type == "link_open":
            shown, target = "", str(token.attrs.get("href", ""))
        elif token.type == "image":
            out.append(_image(token))
            continue
        elif token.type == "link_close" and target is not None:
            if not _same(shown, target):
                out.append(Token("text", "", 0, content=f" ‹{one_line(target, 2_000)}›"))
            target = None
        elif target is not None:
            shown += token.content
        out.append(token)
    return out


def _image(token: Token) -> Token:
    alt = token.content or "".join(child.content for child in token.children or [])
    return Token("text", "", 0, content=f"[{one_line(alt)}] ‹{one_line(str(token.attrs.get('src', '')), 2_000)}›")


def _same(shown: str, target: str) -> bool:
    """Whether the words of a link already are its target, so that nothing is hidden."""
    return shown.strip() in (
        target,
        target.removeprefix("mailto:"),
        target.removeprefix("http://"),
        target.removeprefix("https://"),
    )


_parser = cast(Any, _SafeParser())


def safe_parser() -> MarkdownIt:
    """The one parser for all answers (making one costs a millisecond; parsing keeps no state)."""
    return _parser
