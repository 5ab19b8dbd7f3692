"""Paths that a call must not see: covered by something empty that nobody in the room can open.

A mount covers what lies there whichever way it is reached: a glob, a link, `find`, a script's own words. Covered paths can't be
renamed or removed by the call either, since they are mount points.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator

from assistant.errors import SandboxError
from assistant.sandbox.plan import RoomPlan, is_below

UNHIDDEN = "a path may not be read here, and this machine has no way to hide it from programs"
HIDE_HINT = "lift that boundary, or work where `assistant doctor` shows a room of bubblewrap"
_EMPTY = "/dev/null"
"""Bound without devices allowed, it can't even be opened."""
_OPAQUE = ("user.overlay.opaque", "trusted.overlay.opaque")


def hiding(plan: RoomPlan, paths: Iterable[str]) -> list[str]:
    """Options of bubblewrap that cover `paths` in the room of `plan`; those outside its folder can't be seen anyway.

    Raises SandboxError when the stage is a copy in which one was moved: then nobody knows where its content lies.
    """
    words: list[str] = []
    for path in paths:
        wanted = plan.folder if is_below(plan.folder, path) else path
        if not is_below(wanted, plan.folder):
            continue
        for place in _places(plan, wanted):
            if place.endswith("/"):
                mode = "0555" if place == plan.folder + "/" else "0000"  # programs start in the task's folder
                words += ["--perms", mode, "--tmpfs", place.rstrip("/"), "--remount-ro", place.rstrip("/")]
            else:
                words += ["--ro-bind", _EMPTY, place]
    return words


def _places(plan: RoomPlan, path: str) -> Iterator[str]:
    """Where the path lies in the room: itself, and what it points to when it is a link. Folders end with `/`."""
    for _ in range(8):
        seen = _look(plan, path)
        if seen is None:
            if plan.source and os.path.lexists(path):
                raise SandboxError(
                    f"`{path}` may not be read and was moved or deleted on the stage, so it can't be hidden",
                    hint="drop that change with `assistant stage drop`",
                )
            return
        if not stat.S_ISLNK(seen[1]):
            yield path + "/" if stat.S_ISDIR(seen[1]) else path
            return
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(seen[0])))
        if not is_below(path, plan.folder):
            return  # it points to what the room does not show


def _look(plan: RoomPlan, path: str) -> tuple[str, int] | None:
    """The file on the host that the room shows at `path`, and its mode; None when there is nothing."""
    relative = os.path.relpath(path, plan.folder)
    if plan.source or not plan.upper:
        return _stat(os.path.normpath(os.path.join(plan.source or plan.folder, relative)))
    upper, parts = plan.upper, [] if relative == "." else relative.split("/")
    for count, part in enumerate(parts, 1):
        upper = f"{upper}/{part}"
        seen = _stat(upper)
        if seen is None:
            return _stat(path)  # nothing was staged from here on: the real one shows
        if stat.S_ISCHR(seen[1]):
            return None  # a whiteout: deleted on the stage
        if not stat.S_ISDIR(seen[1]) or count == len(parts):
            return seen if count == len(parts) else None
        if _is_opaque(upper):
            return _stat(f"{upper}/{'/'.join(parts[count:])}")
    return _stat(path)


def _stat(path: str) -> tuple[str, int] | None:
    try:
        return path, os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_opaque(folder: str) -> bool:
    for name in _OPAQUE:
        try:
            if os.getxattr(folder, name, follow_symlinks=False) == b"y":
                return True
        except OSError:
            continue
    return False
