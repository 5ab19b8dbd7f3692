"""The search by Python alone, for rooms without ripgrep. Same files, same lines, same order; slower."""

from __future__ import annotations

import os
import re
import stat

from hits import HELD_BYTES, LINE_BYTES, Hit, Query

from _kit.names import matcher
from _kit.problem import Problem
from _kit.text import bom_encoding
from _kit.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE_BYTES = 1 << 30
WIDE_BYTES = 64 << 20
CHUNK = 1 << 20
LONG_LINE = 8 << 20
"""A line is searched up to here; a longer one is taken as several."""


def search(query: Query, _rg: str = "") -> tuple[list[Hit], bool]:
    """(hits, whether that is all). Raises Problem(bad_pattern)."""
    try:
        source = re.escape(query.pattern) if query.literal else query.pattern
        regex = re.compile(source, re.IGNORECASE if query.ignore_case else 0)
    except re.error as error:
        raise Problem(
            "bad_pattern",
            f"the pattern `{query.pattern[:100]}` can't be understood: {error}; literal=true takes it as plain text",
        ) from error
    hits: list[Hit] = []
    held = 0
    for path in _files(query):
        for hit in _file(path, regex, query.context):
            hits.append(hit)
            held += len(hit.text) + len(path)
        if held > HELD_BYTES:
            return hits, False
    return hits, True


def _files(query: Query) -> Iterator[str]:
    if not os.path.isdir(query.path):
        yield query.path
        return
    fits: Callable[[str], object] = matcher(query.glob or "**")
    for found in Walk(query.path, everything=query.everything):
        if not found.is_folder and ".git" not in found.relative.split("/") and fits(found.relative) is not None:
            yield found.path


def _file(path: str, regex: re.Pattern[str], context: int) -> Iterator[Hit]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return
        yield from _lines(path, fd, regex, context)
    except OSError:
        return
    finally:
        os.close(fd)


def _lines(path: str, fd: int, regex: re.Pattern[str], context: int) -> Iterator[Hit]:
    before: list[tuple[int, bytes]] = []
    after = 0
    for number, line in enumerate(_split(fd), 1):
        if regex.search(line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")):
            yield from (Hit(path, n, text, False) for n, text in before)
            before, after = [], context
            yield Hit(path, number, line[:LINE_BYTES], True)
        elif after:
            after -= 1
            yield Hit(path, number, line[:LINE_BYTES], False)
        elif context:
            before = (
                [*before[-context + 1 :], (number, line[:LINE_BYTES])] if context > 1 else [(number, line[:LINE_BYTES])]
            )


def _split(fd: int) -> Iterator[bytes]:
    """The lines of a file, up to the first NUL: from there on it is no text."""
    head = os.pread(fd, CHUNK, 0)
    encoding, mark = bom_encoding(head)
    if encoding.startswith(("utf-16", "utf-32")):
        text = os.pread(fd, WIDE_BYTES, mark).decode(encoding, "replace")
        yield from text.encode().split(b"\n")
        return
    if b"\0" in head:
        return
    position, rest = mark, b""
    while position < FILE_BYTES and (chunk := os.pread(fd, CHUNK, position)):
        position += len(chunk)
        binary = chunk.find(b"\0")
        lines = (rest + (chunk if binary < 0 else chunk[:binary])).split(b"\n")
        if binary >= 0:
            yield from lines[:-1]
            return
        rest = lines.pop()
        yield from lines
        if len(rest) > LONG_LINE:
            yield rest
            rest = b""
    if rest:
        yield rest
