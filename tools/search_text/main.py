"""Searches the text of files: with ripgrep where the room has it, else by itself, with the same answer."""

from __future__ import annotations

import os
import stat

from hits import Hit, Query

from _kit.call import Call
from _kit.files import open_file, type_of
from _kit.names import locate, within
from _kit.page import Page
from _kit.problem import Problem, from_os_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SHOWN_CHARACTERS = 300


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    path = locate(args.get("path") or call.folder)
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise from_os_error(error, within(path, call.folder)) from error
    if stat.S_ISREG(mode):
        os.close(open_file(path)[0])
    elif not stat.S_ISDIR(mode):
        raise Problem("not_a_file", f"`{within(path, call.folder)}` is {type_of(mode)}, which can't be searched")
    query = Query(args, path)
    if "\n" in query.pattern:
        raise Problem("bad_pattern", "a pattern is matched line by line and can't hold a line feed")
    rg = next((p for d in os.environ.get("PATH", "").split(":") if d and os.access(p := f"{d}/rg", os.X_OK)), "")
    if rg:
        from ripgrep import search
    else:
        from plain import search
    hits, complete = search(query, rg)
    return _page(hits, complete, query, call, args.get("start", 1))


def _page(hits: list[Hit], complete: bool, query: Query, call: Call, start: int) -> dict[str, Any]:
    if not hits:
        return {"text": "[no match]" if complete else "[no match so far: too much to search; narrow `path` or `glob`]"}
    hits.sort(key=lambda h: (os.fsencode(h.path), h.line))
    page = Page(call.output_bytes, start)
    last = ("", 0)
    files: set[str] = set()
    matches = 0
    names: dict[str, str] = {}
    for hit in hits:
        if query.context and last != ("", 0) and (hit.path != last[0] or hit.line > last[1] + 1):
            page.add("--")
        if hit.path not in names:
            names[hit.path] = within(os.path.normpath(hit.path), call.folder)
        last = (hit.path, hit.line)
        matches += hit.matched
        files.add(hit.path)
        mark = ":" if hit.matched else "-"
        page.add(f"{names[hit.path]}{mark}{hit.line}{mark}{_shown(hit.text)}", names[hit.path], line=hit.line)
    notes = f"{matches} matching line{'s' if matches != 1 else ''} in {len(files)} file{'s' if len(files) != 1 else ''}"
    if not complete:
        notes += ", and more: narrow `path` or `glob`"
    return page.result("lines", notes=notes)


def _shown(line: bytes) -> str:
    """A line as it is shown: one line, never longer than a reader can use."""
    text = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace").replace("\r", "\\r")
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
