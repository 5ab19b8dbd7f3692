"""markdown-it, with its tokens made safe: what a model writes arrives as signs, and a link shows where it leads."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Any, cast

from markdown_it import MarkdownIt
from markdown_it.token import Token

from assistant.visible import one_line, prose, visible

DEEPEST = 60
"""What lies deeper isn't shown, since each level takes some frames of Python's stack. A list in a list is two levels; this
parser's own limit, 20, leaves out what some models write."""


class SafeParser:
    """Reads Markdown. Making one costs a millisecond; parsing keeps nothing but the addresses of its references."""

    def __init__(self) -> None:
        options = {"html": False, "linkify": True, "typographer": False, "maxNesting": DEEPEST}
        self._parser = MarkdownIt("gfm-like", options)
        # Only what names its scheme is an address: `README.md` is a file, although .md is a country's domain too.
        cast(Any, self._parser.linkify).set({"fuzzy_link": False, "fuzzy_email": False})

    def parse(self, source: str, references: dict[str, Any] | None = None) -> list[Token]:
        """Tokens of `source` whose text holds no control characters and whose links show their target; entities like
        `&#x202e;` become characters only here. Code and links are shown more strictly than sentences. `references`: what
        `[name]: address` has said, found here and added to.
        """
        tokens = self._parser.parse(prose(source), references)
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


PARSER = SafeParser()
