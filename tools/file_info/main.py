"""Says what a file is without showing what is in it."""

from __future__ import annotations

import os
import stat
import time

from _kit.files import open_file, sha256, type_of
from _kit.names import locate, show, within
from _kit.page import Page
from _kit.problem import Problem, from_os_error
from _kit.text import kind_of, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from _kit.call import Call


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    page = Page(call.output_bytes)
    for given in args["paths"]:
        path = locate(given)
        name = within(path, call.folder)
        try:
            status = os.lstat(path)
            words, digest = _describe(path, status)
        except OSError as error:
            problem = from_os_error(error, name)
            if len(args["paths"]) == 1:
                raise problem from error
            page.add(problem.text)
            continue
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(status.st_mtime))
        line = f"{name}: {words}, mode {stat.S_IMODE(status.st_mode):04o}, changed {moment}"
        page.add(line + (f", sha256 {digest}" if digest else ""), name, size=status.st_size, changed=moment)
    return page.result("files")


def _describe(path: str, status: os.stat_result) -> tuple[str, str]:
    """(what it is, SHA-256 or empty)."""
    if stat.S_ISLNK(status.st_mode):
        return f"a link to {show(os.readlink(path))}", ""
    if stat.S_ISDIR(status.st_mode):
        return f"a folder of {len(os.listdir(path))} entries", ""
    if not stat.S_ISREG(status.st_mode):
        return type_of(status.st_mode), ""
    try:
        fd, _, _ = open_file(path)
    except Problem as problem:
        return f"a file, {size(status.st_size)} ({problem.text})", ""
    try:
        kind = kind_of(path, os.pread(fd, 8192, 0))
        return f"{kind}, {size(status.st_size)} ({status.st_size} bytes)", sha256(fd)
    finally:
        os.close(fd)
