"""Deletes what is named, after everything named was found."""

from __future__ import annotations

import os
import stat

from _kit.call import Call
from _kit.names import within
from _kit.page import Page
from _kit.problem import from_os_error
from _kit.select import select
from _kit.text import size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    paths = select(args["paths"], call.folder)
    page = Page(call.output_bytes)
    files = total = 0
    for path in paths:
        name = within(path, call.folder)
        count, held, folder = _delete(path, name)
        files, total = files + count, total + held
        page.add(f"{name}/ ({count} files, {size(held)})" if folder else f"{name} {size(held)}", name)
    result = page.result("deleted")
    head = f"deleted {files} file{'s' if files != 1 else ''}, {size(total)}:"
    return {
        **result,
        "text": f"{head}\n{result['text']}",
        "data": {"deleted": len(paths), "files": files, "bytes": total},
    }


def _delete(path: str, name: str) -> tuple[int, int, bool]:
    """(files, bytes, whether it was a folder)."""
    try:
        status = os.lstat(path)
        if not stat.S_ISDIR(status.st_mode):
            os.unlink(path)
            return 1, status.st_size, False
        count = held = 0
        for root, folders, files, root_fd in os.fwalk(path, topdown=False, follow_symlinks=False):
            del root
            for file in files:
                held += os.lstat(file, dir_fd=root_fd).st_size
                os.unlink(file, dir_fd=root_fd)
                count += 1
            for folder in folders:
                if stat.S_ISLNK(os.lstat(folder, dir_fd=root_fd).st_mode):
                    os.unlink(folder, dir_fd=root_fd)
                else:
                    os.rmdir(folder, dir_fd=root_fd)
        os.rmdir(path)
    except OSError as error:
        raise from_os_error(error, name) from error
    return count, held, True
