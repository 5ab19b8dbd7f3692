"""What a room of the bubblewrap engine is made from, without an event loop: its stage, its plan, its program."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.config import Paths
from assistant.errors import SandboxUnavailable
from assistant.sandbox.plan import RoomPlan, home_folder, is_below, room_ids
from assistant.sandbox.stage.place import Place, mounts_below, unlock

if TYPE_CHECKING:
    from assistant.sandbox.stage.stage import DiskStage, Layer
    from assistant.sandbox.stage.tree import Tree

_LOOKED_AT = 2000


def make_folders(place: Place) -> None:
    """Make what a room needs of the stage's folders, where they are missing."""
    (Path(place.base) / "room").mkdir(mode=0o700, exist_ok=True)
    if place.copied:
        return
    found = Path(place.folder).stat()
    try:
        place.upper.mkdir(mode=0o700)
    except FileExistsError:
        pass  # made earlier, or at this moment by whoever opens the room while the screen asks what is staged
    else:
        if os.geteuid() == 0:
            os.chown(place.upper, found.st_uid, found.st_gid)
        place.upper.chmod(found.st_mode & 0o7777)
    place.work.mkdir(mode=0o700, exist_ok=True)


def _open_overlay(place: Place, real: Tree) -> Layer:
    from assistant.sandbox.stage.overlay import OverlayLayer

    return OverlayLayer(real, place.upper)


def task_stage(place: Place) -> DiskStage:
    """The stage as it was begun: an overlay or a copy."""
    from assistant.sandbox.stage.stage import DiskStage  # 8 ms, which `sandbox exec` spends while its room is made

    make_folders(place)
    if not place.copied:
        return DiskStage(place, _open_overlay)
    from assistant.sandbox.stage.copied import COPY_WARNING, copied_stage  # only where no overlay can be mounted

    return copied_stage(place, mounts_warning(place.folder) or COPY_WARNING)


def mounts_warning(folder: str) -> str:
    """What to say of file systems that are mounted inside the folder; empty when there is none."""
    found = mounts_below(folder)
    if not found:
        return ""
    from assistant.visible import one_line

    names = ", ".join(one_line(path, 80) for path in found[:5]) + (
        f" and {len(found) - 5} more" if len(found) > 5 else ""
    )
    return f"other file systems are mounted in this folder: programs see them empty, and work on a copy of the rest: {names}"


def must_copy(place: Place) -> bool:
    """Whether an overlay can't be mounted at this place: tried once for each file system and kernel, then remembered."""
    if os.geteuid() != 0 and _has_foreign_ids(place.folder):
        return True
    if mounts_below(place.folder):  # the kernel refuses: an overlay would show what such a file system covers
        return True
    known = Path(place.base).parent / ".overlay"
    key = f"{os.stat(place.layer).st_dev} {os.stat(place.folder).st_dev} {os.uname().release}"
    try:
        lines = known.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith(key):
            return line.endswith(" no")
    works = _overlay_mounts(place) or _overlay_mounts(place)  # a busy machine may fail once, and a no is remembered
    try:
        known.write_text("\n".join([*lines[-20:], f"{key} {'yes' if works else 'no'}"]) + "\n")
    except OSError:
        pass
    return not works


def _has_foreign_ids(folder: str) -> bool:
    """Whether files that this person may write belong to an owner or group that an ordinary user can't map into a room.

    An overlay can't copy such a file up (EOVERFLOW): a folder that a team shares by its group. Looked for in the upper two
    levels and a bounded number of entries, so that it costs the same for every folder; a single file further down stays
    read-only for the room.
    """
    uid, gid, left = os.geteuid(), os.getegid(), _LOOKED_AT
    waiting = [(folder, 2)]
    while waiting and left > 0:
        at, depth = waiting.pop(0)
        try:
            found = [(at, os.stat(at)), *((e.path, e.stat(follow_symlinks=False)) for e in os.scandir(at))]
        except OSError:
            continue
        for path, one in found:
            left -= 1
            if (one.st_uid, one.st_gid) != (uid, gid) and not stat.S_ISLNK(one.st_mode) and os.access(path, os.W_OK):
                return True
            if depth > 1 and path != at and stat.S_ISDIR(one.st_mode):
                waiting.append((path, depth - 1))
    return False


def _overlay_mounts(place: Place) -> bool:
    from assistant.sandbox.channel import Channel

    make_folders(place)
    uid, gid = room_ids()
    plan = RoomPlan(
        where=f"{place.base}/room", home=home_folder(), uid=uid, gid=gid, folder=place.folder,
        upper=str(place.upper), work=str(place.work), groups=False,
    )  # fmt: skip
    channel = Channel.open(plan)
    try:
        channel.wait_ready()
    except SandboxUnavailable as error:
        return "overlay" not in error.message
    else:
        return True
    finally:
        channel.close()
        unlock(place.work / "work")


def find_bwrap() -> str:
    """The program. Raises SandboxUnavailable when it is missing."""
    for folder in f"{os.environ.get('PATH', '')}:/usr/bin:/bin".split(":"):
        program = f"{folder}/bwrap"
        if folder.startswith("/") and os.access(program, os.X_OK):
            return os.path.realpath(program)
    raise SandboxUnavailable(
        "bubblewrap is not installed, and without it no tool can be contained",
        hint="install the package `bubblewrap` of your system (`apt install bubblewrap`)",
    )


def hidden_paths(paths: Paths, place: Place, stages: Path) -> tuple[str, ...]:
    """Folders of the assistant itself that lie below the task's folder: its log, keys, settings and stages."""
    own = [paths.config, paths.data, paths.trust, paths.cache, paths.runtime, str(stages), place.base, place.layer]
    real = {os.path.realpath(p) for p in own}
    return tuple(sorted(p for p in real if is_below(p, place.folder) and p != place.folder))


def plan_room(paths: Paths, place: Place, stages: Path, leave_no: tuple[str, ...]) -> RoomPlan:
    """The plan of a task's room."""
    uid, gid = room_ids()
    if not place.copied:
        unlock(place.work / "work")
    return RoomPlan(
        where=f"{place.base}/room",
        home=home_folder(),
        uid=uid,
        gid=gid,
        folder=place.folder,
        upper="" if place.copied else str(place.upper),
        work="" if place.copied else str(place.work),
        source=str(place.copy) if place.copied else "",
        hidden=hidden_paths(paths, place, stages),
        leave_no=leave_no,
    )
