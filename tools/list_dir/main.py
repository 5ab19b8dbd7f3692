"""Lists a folder, or a tree of a few levels, one entry a line, sorted by name."""

from __future__ import annotations

import os
import stat

from _kit.call import Call
from _kit.files import type_of
from _kit.names import locate, show, within
from _kit.page import Page
from _kit.problem import Problem, from_os_error
from _kit.text import size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

DEPTH = 8
NOT_OPENED = {".git", "node_modules", "__pycache__", ".venv"}
"""Shown, but not entered by `depth`: thousands of entries that nobody asked for. Listing one by its path works."""


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    path = locate(args.get("path") or call.folder)
    page = Page(call.output_bytes, args.get("start", 1))
    try:
        for line, name in _entries(path, "", min(max(1, args.get("depth", 1)), DEPTH)):
            page.add(line, name)
    except NotADirectoryError:
        raise Problem("not_a_folder", f"`{within(path, call.folder)}` is a file; read_file shows it") from None
    except OSError as error:
        raise from_os_error(error, within(path, call.folder)) from error
    if not page.count:
        return {"text": f"[{within(path, call.folder)} is empty]"}
    return page.result("entries")


def _entries(path: str, prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    """(line, name) of everything below, in order. Raises OSError only for the first folder."""
    with os.scandir(path) as found:
        entries = sorted(found, key=lambda e: os.fsencode(e.name))
    for entry in entries:
        name = prefix + show(entry.name)
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:  # it went away meanwhile
            continue
        if stat.S_ISDIR(status.st_mode):
            yield f"{name}/", name
            if depth > 1 and entry.name not in NOT_OPENED:
                try:
                    yield from _entries(entry.path, f"{name}/", depth - 1)
                except OSError as error:
                    yield f"{name}/ [{error.strerror}]", name
        elif stat.S_ISLNK(status.st_mode):
            try:
                yield f"{name} -> {show(os.readlink(entry.path))}", name
            except OSError:
                continue
        elif stat.S_ISREG(status.st_mode):
            yield f"{name} {size(status.st_size)}", name
        else:
            yield f"{name} [{type_of(status.st_mode)[2:]}]", name
