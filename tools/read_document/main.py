"""Turns a document into Markdown, part by part: pages, slides, sheets, chapters."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from parts import Part, Wanted

from _kit.call import Call
from _kit.files import open_file
from _kit.names import within
from _kit.page import Page
from _kit.problem import Problem
from _kit.text import kind_of, media_type, size

FILE_BYTES = 500_000_000
UNPACKED_BYTES = 1_000_000_000
UNPACKED_RATIO = 300

_BY_SUFFIX = {
    ".pdf": "pdf",
    ".docx": "word",
    ".docm": "word",
    ".xlsx": "sheets",
    ".xlsm": "sheets",
    ".xlsb": "sheets",
    ".xls": "sheets",
    ".ods": "sheets",
    ".pptx": "slides",
    ".pptm": "slides",
    ".odt": "opendocument",
    ".odp": "opendocument",
    ".epub": "book",
    ".html": "page",
    ".htm": "page",
    ".xhtml": "page",
    ".mhtml": "mail",
    ".eml": "mail",
}
_ZIPPED = {"word", "sheets", "slides", "opendocument", "book"}


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    fd, status, path = open_file(args["path"])
    head = os.pread(fd, 8192, 0)
    os.close(fd)
    name = within(path, call.folder)
    if status.st_size > FILE_BYTES:
        raise Problem("too_big", f"`{name}` has {size(status.st_size)}; documents up to {size(FILE_BYTES)} are read")
    reader = _reader(path, head, name)
    if reader in _ZIPPED and head.startswith(b"PK"):
        _check_bomb(path, name)
    wanted = Wanted(args.get("pages", ""))
    read: Callable[[str, Wanted], Iterator[Part]] = import_module(reader).read
    return _page(read(path, wanted), wanted, name, args, call)


def _reader(path: str, head: bytes, name: str) -> str:
    """The module for a file: by its first bytes where they are plain, else by its name."""
    suffix = os.path.splitext(path)[1].lower()
    media = media_type(head)
    if media == "application/pdf":
        return "pdf"
    if media.startswith("image/"):
        return "picture"
    known = _BY_SUFFIX.get(suffix, "")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:20].lower()
    if not known and start.startswith((b"<!doctype html", b"<html")):
        known = "page"
    if known == "pdf" or (known in _ZIPPED and not head.startswith((b"PK", b"\xd0\xcf\x11\xe0"))):
        raise Problem("bad_document", f"`{name}` is not what its name says: it is {kind_of(path, head)}")
    if not known:
        raise Problem(
            "bad_document", f"`{name}` is no document that can be read: {kind_of(path, head)}; read_file reads text"
        )
    return known


def _check_bomb(path: str, name: str) -> None:
    """Office files are zip archives; `zipfile` never unpacks more of a member than its header says, so headers bind."""
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Problem("bad_document", f"`{name}` is damaged: {error}") from error
    packed = max(1, os.path.getsize(path))
    if total > UNPACKED_BYTES or (total > 50_000_000 and total > UNPACKED_RATIO * packed):
        raise Problem("too_big", f"`{name}` would unpack to {size(total)}: it looks like an archive bomb")


def _page(parts: Iterator[Part], wanted: Wanted, name: str, args: dict[str, Any], call: Call) -> dict[str, Any]:
    page = Page(call.output_bytes - 200, args.get("start", 1))
    fields: list[dict[str, Any]] = []
    empty: list[str] = []
    count = 0
    try:
        for part in parts:
            count += 1
            if not part.text.strip():
                empty.append(part.title)
                continue
            if page.count:
                page.add("")
            for line in part.text.strip("\n").split("\n"):
                # Very long lines (a paragraph is one line) are folded, so that paging can go on inside them.
                for start in range(0, max(1, len(line)), 4000):
                    page.add(line[start : start + 4000])
            fields += part.fields
    except Problem:
        raise
    except (MemoryError, RecursionError):
        raise
    except (
        Exception
    ) as error:  # readers of foreign formats raise anything; the file is to blame, and the model must know
        if not page.count:
            reason = f"{type(error).__name__}: {error}"[:300]
            raise Problem("bad_document", f"`{name}` can't be read: {reason}") from error
        page.add(f"[damaged from here on: {type(error).__name__}]")
    if not count and wanted.given:
        raise Problem("out_of_range", f"`{name}` has no {wanted.given}; it has {wanted.total or 'fewer'}")
    notes = f"no text in {', '.join(empty[:8])}{' ...' if len(empty) > 8 else ''}" if empty else ""
    result = page.result("lines", notes=notes)
    return {
        **result,
        "text": result["text"] or f"[{name} holds no text]",
        "fields": fields[:1000],
        "data": {"path": name, "parts": wanted.total},
    }
