"""Finds files by name, type, size and age; the largest or newest first where asked."""

from __future__ import annotations

import os
import stat
import time

from units import parse_moment, parse_size

from _kit.call import Call
from _kit.names import locate, matcher, within
from _kit.page import Page
from _kit.problem import Problem, from_os_error
from _kit.text import size
from _kit.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_IS = {"file": stat.S_ISREG, "folder": stat.S_ISDIR, "link": stat.S_ISLNK}


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    base = locate(args.get("path") or call.folder)
    glob: str = args.get("glob", "**/*")
    if glob.startswith(("/", "../")):
        raise Problem("invalid_arguments", "`glob` is relative; `path` says in which folder to look")
    fits = matcher(glob.removeprefix("./"))
    wants = _filter(args, time.time())
    walk = Walk(base, everything=bool(args.get("all")))
    rows: list[tuple[str, os.stat_result]] = []
    try:
        for found in walk:
            if fits(found.relative) is None:
                continue
            try:
                status = found.entry.stat(follow_symlinks=False)
            except OSError:  # it went away meanwhile
                continue
            if wants(status):
                rows.append((found.path, status))
    except NotADirectoryError:
        raise Problem("not_a_folder", f"`{within(base, call.folder)}` is no folder; give its name as `glob`") from None
    except OSError as error:
        raise from_os_error(error, within(base, call.folder)) from error
    order = args.get("sort", "name")
    if order == "size":
        rows.sort(key=lambda r: (-r[1].st_size, os.fsencode(r[0])))
    elif order == "time":
        rows.sort(key=lambda r: (-r[1].st_mtime_ns, os.fsencode(r[0])))
    return _page(rows, walk.notes(), args, call)


def _filter(args: dict[str, Any], now: float) -> Any:
    is_type = _IS.get(args.get("type", ""))
    larger, smaller = (parse_size(args[k]) if k in args else None for k in ("larger", "smaller"))
    newer, older = (parse_moment(args[k], now) if k in args else None for k in ("newer", "older"))
    if (larger is not None or smaller is not None or args.get("sort") == "size") and is_type is None:
        is_type = stat.S_ISREG

    def wants(status: os.stat_result) -> bool:
        return (
            (is_type is None or is_type(status.st_mode))
            and (larger is None or status.st_size > larger)
            and (smaller is None or status.st_size < smaller)
            and (newer is None or status.st_mtime > newer)
            and (older is None or status.st_mtime < older)
        )

    return wants


def _page(rows: list[tuple[str, os.stat_result]], notes: str, args: dict[str, Any], call: Call) -> dict[str, Any]:
    timed = args.get("sort") == "time" or "newer" in args or "older" in args
    page = Page(call.output_bytes, args.get("start", 1), limit=max(1, args["limit"]) if "limit" in args else 0)
    for path, status in rows:
        name = within(path, call.folder)
        folder = stat.S_ISDIR(status.st_mode)
        line = f"{name}/" if folder else f"{name} {size(status.st_size)}"
        moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(status.st_mtime))
        page.add(f"{line} {moment}" if timed else line, name, size=status.st_size)
    if not rows:
        return {"text": f"[nothing found{'; ' + notes if notes else ''}]"}
    total = sum(s.st_size for _, s in rows if stat.S_ISREG(s.st_mode))
    if not page.full:
        notes = "; ".join(filter(None, [f"{len(rows)} found, {size(total)}", notes]))
    return page.result("found", notes=notes)
