"""Adds up sizes by folder, the largest first. A file with several names counts once."""

from __future__ import annotations

import os
import stat

from _kit.names import locate, within
from _kit.page import Page
from _kit.problem import from_os_error
from _kit.text import size
from _kit.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from _kit.call import Call


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    base = locate(args.get("path") or call.folder)
    depth: int = args.get("depth", 1)
    walk = Walk(base, everything=True, enter_git=True)
    sums: dict[str, int] = {}
    folders: set[str] = set()
    seen: set[tuple[int, int]] = set()
    total = disk = files = 0
    try:
        for found in walk:
            parts = found.relative.split("/")
            if found.is_folder:
                if len(parts) <= depth:
                    folders.add(found.relative)
                    sums.setdefault(found.relative, 0)
                continue
            try:
                status = found.entry.stat(follow_symlinks=False)
            except OSError:  # it went away meanwhile
                continue
            if status.st_nlink > 1:
                if (status.st_dev, status.st_ino) in seen:
                    continue
                seen.add((status.st_dev, status.st_ino))
            files += 1
            total += status.st_size
            disk += status.st_blocks * 512 if stat.S_ISREG(status.st_mode) else 0
            for level in range(1, min(depth, len(parts)) + 1):
                name = "/".join(parts[:level])
                sums[name] = sums.get(name, 0) + status.st_size
    except OSError as error:
        raise from_os_error(error, within(base, call.folder)) from error
    page = Page(call.output_bytes, args.get("start", 1))
    for name, held in sorted(sums.items(), key=lambda item: (-item[1], os.fsencode(item[0]))):
        shown = within(os.path.join(base, name), call.folder)
        page.add(f"{size(held)} {shown}{'/' if name in folders else ''}", shown, size=held)
    notes = f"{size(total)} in {files} files; {size(disk)} on disk"
    return page.result("entries", notes="; ".join(filter(None, [notes, walk.notes()])))
