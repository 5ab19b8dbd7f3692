"""Where a task's stage lies on disk, and what must not be seen of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from assistant.errors import FolderError, StageError
from assistant.sandbox.stage.tree import Tree

_ELSEWHERE = "/var/tmp"  # noqa: S108 - the standard's place for what must survive a reboot; ours is 0700 below it
_FORBIDDEN = ("/proc", "/sys", "/dev")


class Place(msgspec.Struct, frozen=True):
    """`base` keeps our records, `layer` the staged files. They are apart when `base` lies inside the task's folder.

    An overlay whose upper layer lies in its lower one is refused by the kernel, and would show the task its own stage.
    """

    task: str
    folder: str
    base: str
    layer: str
    copied: bool = False
    """Whether the stage is a copy, since no overlay can be mounted there."""

    @property
    def upper(self) -> Path:
        """The overlay's upper layer."""
        return Path(self.layer) / "upper"

    @property
    def work(self) -> Path:
        """The overlay's work folder."""
        return Path(self.layer) / "work"

    @property
    def copy(self) -> Path:
        """The copied stage, where no overlay can be mounted."""
        return Path(self.layer) / "copy"


class _Record(msgspec.Struct):
    folder: str
    layer: str
    copied: bool = False


def real_folder(folder: Path) -> Path:
    """The task's folder without links. Raises FolderError when it can't be a task's folder."""
    try:
        real = folder.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise FolderError(f"`{folder}` can't be opened: {error}", hint="name a folder that exists") from error
    if not real.is_dir():
        raise FolderError(f"`{folder}` is not a folder", hint="name the folder that it lies in")
    if not os.access(real, os.R_OK | os.X_OK):
        raise FolderError(f"`{folder}` can't be read by you", hint="name a folder of yours")
    refuse_system(real)
    return real


def refuse_system(real: Path) -> None:
    """Raises FolderError for `/` and for folders that are no files of anybody's, with or without a person's yes."""
    if str(real) == "/":
        raise FolderError("`/` can't be staged: it holds the system itself", hint="name a folder below it")
    for top in _FORBIDDEN:
        if str(real) == top or str(real).startswith(top + "/"):
            raise FolderError(f"`{real}` can't be staged: it is the kernel's", hint="name a folder of yours")


def mounts_below(folder: str) -> tuple[str, ...]:
    """Other file systems that are mounted inside `folder`, as paths relative to it. An overlay does not show them."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return ()  # not Linux
    top = os.fsencode(folder.rstrip("/")) + b"/"
    found = {_unescaped(line.split(b" ")[4]) for line in lines}
    return tuple(sorted(os.fsdecode(path[len(top) :]) for path in found if path.startswith(top)))


class Unseen:
    """Paths in a folder whose real files lie in a file system of their own, so that no program of the task has seen them."""

    def __init__(self, folder: str) -> None:
        self.mounts = frozenset(mounts_below(folder))

    def __contains__(self, path: str) -> bool:
        return any(path == mount or path.startswith(mount + "/") for mount in self.mounts)


def _unescaped(field: bytes) -> bytes:
    """mountinfo writes space, tab, newline and backslash as three octal digits (proc(5))."""
    if b"\\" not in field:
        return field
    parts = field.split(b"\\")
    return parts[0] + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in parts[1:])


def find_place(
    task: str, folder: Path, stages: Path, must_copy: Callable[[Place], bool] = lambda place: False
) -> Place:
    """The place of a task's stage, made when it is missing. Raises FolderError, StageError.

    `must_copy` is asked once, when the stage is new, whether it can't be an overlay.
    """
    if not task or "/" in task or task.startswith("."):
        raise StageError(f"`{task}` can't name a stage")
    real = real_folder(folder)
    base = stages.absolute() / task
    try:
        base.mkdir(parents=True, mode=0o700, exist_ok=True)
        base = base.resolve()
        record_file = base / "stage.json"
        if record_file.exists():
            record = msgspec.json.decode(record_file.read_bytes(), type=_Record)
            if record.folder != os.fsencode(real).decode("latin-1"):
                known = os.fsdecode(record.folder.encode("latin-1"))
                raise StageError(f"task `{task}` works on `{known}`", hint="use that folder, or another task")
            return Place(task, str(real), str(base), record.layer, record.copied)
        layer = _layer_for(base, real)
        place = Place(task, str(real), str(base), layer)
        record = _Record(os.fsencode(real).decode("latin-1"), layer, must_copy(place))
        new = record_file.with_name(f"stage.json.{os.urandom(4).hex()}")  # two openers at once each have their own
        new.write_bytes(msgspec.json.encode(record))
        new.replace(record_file)
    except (OSError, msgspec.MsgspecError) as error:
        raise StageError(f"the stage of task `{task}` can't be opened: {error}") from error
    return msgspec.structs.replace(place, copied=record.copied)


def recorded_place(base: Path) -> Place | None:
    """The stage that lies at `base`, also when its folder is gone; None when there is none."""
    try:
        record = msgspec.json.decode((base / "stage.json").read_bytes(), type=_Record)
    except (OSError, msgspec.MsgspecError):
        return None
    folder = os.fsdecode(record.folder.encode("latin-1"))
    return Place(base.name, folder, str(base), record.layer, record.copied)


def recorded_folder(base: Path) -> Path | None:
    """Which folder a stage lies over, or None when `base` is no stage."""
    place = recorded_place(base)
    return Path(place.folder) if place is not None else None


def _layer_for(base: Path, real: Path) -> str:
    if not base.is_relative_to(real):
        return str(base)
    own = Path(_ELSEWHERE) / f"assistant-{os.geteuid()}"
    if own.is_relative_to(real):
        raise FolderError(f"`{real}` holds every place that a stage could lie in", hint="name a folder below it")
    own.mkdir(mode=0o700, exist_ok=True)
    found = own.lstat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise StageError(f"`{own}` belongs to somebody else", hint="remove it, or ask who made it")
    import hashlib

    name = hashlib.sha256(os.fsencode(base)).hexdigest()[:24]
    (own / name).mkdir(mode=0o700, exist_ok=True)
    return str(own / name)


def remove_place(place: Place) -> None:
    """Remove a stage for good, with all that it holds."""
    for top in {place.layer, place.base}:
        parent, name = os.path.split(top)
        try:
            with Tree(parent) as tree:
                tree.remove(name)
        except FileNotFoundError:
            pass


def unlock(folder: Path) -> None:
    """Make a folder of mode 000 removable (an overlay leaves one in its work folder)."""
    try:
        folder.chmod(0o700)
    except OSError:
        pass
