"""Reads policy files from disk, layer by layer, and keeps the parsed engine until a file changes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from assistant.config import Paths
from assistant.policy.engine import Engine
from assistant.policy.files import Layer, PolicyFile
from assistant.shipped import shipped

ORGANISATION = Path("/etc/assistant/policies")
MAX_FILE_BYTES = 1_000_000
"""Of one policy file; a longer one counts as unreadable. Chosen."""
MAX_FILES = 500
"""Of one folder; more close the door. Chosen."""
_UNREADABLE = "forbid(unreadable);"
"""Does not parse on purpose: a file that can't be read closes the door like one that is wrong."""


class Policies:
    """The policies of an installation and one task's folder. `engine()` is cheap while nothing on disk changed.

    Raises PolicyError when the shipped files are wrong. Files of other layers that are wrong or can't be read close the
    door, and `engine().problems` says why.
    """

    def __init__(self, paths: Paths, folder: str = "", *, organisation: Path = ORGANISATION) -> None:
        self._folders = [
            (Layer.SHIPPED, shipped("policies")),
            (Layer.ORGANISATION, organisation),
            (Layer.USER, Path(paths.config) / "policies"),
        ]
        if folder:
            self._folders.append((Layer.PROJECT, Path(folder) / ".assistant" / "policies"))
        self._state: tuple[tuple[str, int, int, int], ...] = ()
        self._engine: Engine | None = None

    def changed(self) -> bool:
        """Whether any file was added, removed or written since the last `engine()`. Only looks at names and times."""
        return self._engine is None or self._stamp() != self._state

    def engine(self) -> Engine:
        """The engine for the files as they are now. The same object as before while nothing changed."""
        state = self._stamp()
        if self._engine is None or state != self._state:
            files = self._files()
            built = _ENGINES.get(key := _key(files)) or Engine.build(files)
            if len(_ENGINES) > 16:
                _ENGINES.clear()
            _ENGINES[key] = self._engine = built
            self._state = state
        return self._engine

    def _stamp(self) -> tuple[tuple[str, int, int, int], ...]:
        found: list[tuple[str, int, int, int]] = []
        for _, folder in self._folders:
            for path in _walk(folder):
                try:
                    seen = path.stat()
                except OSError:
                    found.append((str(path), -1, -1, -1))
                else:
                    found.append((str(path), seen.st_mtime_ns, seen.st_size, seen.st_ino))
        return tuple(found)

    def _files(self) -> list[PolicyFile]:
        files: list[PolicyFile] = []
        for layer, folder in self._folders:
            for path in _walk(folder):
                name = path.relative_to(folder).as_posix()
                there = path if os.path.lexists(path) else path.parent
                if layer is Layer.ORGANISATION and not _owned_by_root(there, folder):
                    continue  # anyone could have put it there; it says nothing for the organisation
                files.append(PolicyFile(layer, name, _read(path)))
        return files


_ENGINES: dict[str, Engine] = {}


def _key(files: list[PolicyFile]) -> str:
    from assistant.policy.files import sha256

    return sha256(files)


def _walk(folder: Path) -> Iterator[Path]:
    """Policy files below `folder` in a fixed order, links not followed. The examples of packs are no policies.

    Where some would be left out, a path that is not there says why: it can't be read, and that closes the door.
    """
    unlisted: list[Path] = []

    def failed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            unlisted.append(Path(str(error.filename)) / "(a folder that can't be listed).cedar")

    count = 0
    for root, folders, names in os.walk(folder, onerror=failed, followlinks=False):
        folders.sort()
        for name in sorted(names):
            if name == "packs" or name.endswith((".cedar", ".cedarschema")):
                count += 1
                if count > MAX_FILES:
                    yield folder / f"(more than {MAX_FILES} files).cedar"
                    return
                yield Path(root) / name
    yield from unlisted


def _read(path: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return _UNREADABLE
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError:
        return _UNREADABLE
    try:
        return _UNREADABLE if len(raw) > MAX_FILE_BYTES else raw.decode("utf-8")
    except UnicodeDecodeError:
        return _UNREADABLE


def _owned_by_root(path: Path, top: Path) -> bool:
    """The file and every folder up to `top` belong to root and nobody else may write there."""
    for place in (path, *(p for p in path.parents if p == top or top in p.parents)):
        try:
            seen = place.lstat()
        except OSError:
            return False
        if seen.st_uid != 0 or seen.st_mode & 0o022 or stat.S_ISLNK(seen.st_mode):
            return False
    return True
