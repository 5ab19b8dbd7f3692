"""Writes steps into a folder: each file by a new file beside the old and one rename, durable before it is reported.

Whatever moment the machine stops at, a name shows the old file or the new one, never a part. The same writer applies
a stage and undoes what was applied: both say what is there now and what shall be.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable, Sequence

import msgspec

from assistant.sandbox.stage.seen import Seen, look, unquote
from assistant.sandbox.stage.tree import Tree, split

_MANY = 32
"""From this many files on, one syncfs(2) is cheaper than an fsync(2) each."""
_BATCH = 1000
_libc = ctypes.CDLL(None, use_errno=True)


class Step(msgspec.Struct):
    """What one path is now (as far as we know) and shall be. None is nothing."""

    path: str
    before: Seen | None
    after: Seen | None
    source: str = ""
    """Where the new content lies, for the maker."""
    link_to: str = ""
    """Make it a further name of this path instead."""


class Conflict(Exception):
    """The real file is not what the step expects."""


Maker = Callable[[Step, str, int], None]
"""(step, temporary name, folder descriptor): make the new file under that name, complete but for being durable."""
Keeper = Callable[[Step], None]
"""Keep what is there before it goes; raises OSError when it can't."""


class Writer:
    """One run of steps over one folder."""

    def __init__(self, real: Tree, make: Maker, keep: Keeper | None, *, force: bool = False) -> None:
        self._real = real
        self._make = make
        self._keep = keep
        self._force = force
        self._touched: dict[str, None] = {}
        self.done: list[Step] = []
        self.conflicts: list[Step] = []
        self.failed: list[tuple[Step, str]] = []

    def run(self, steps: Sequence[Step]) -> None:
        """Carry out every step that can be; `done`, `conflicts` and `failed` say which."""
        self._real.forget()
        swaps = [s for s in steps if _is_folder(s.before) != _is_folder(s.after) and s.before and s.after]
        removed = {id(s) for s in swaps}
        gone = [s for s in steps if s.after is None]
        # A folder that becomes a file (or the reverse) must go first, and what is in it before it; else new before old.
        tops = {s.path for s in swaps}
        first = [s for s in gone if _lies_below(s.path, tops)] if tops else []
        for step in sorted([*first, *swaps], key=lambda s: s.path, reverse=True):
            if not self._try(step, self._remove) and id(step) in removed:
                removed.discard(id(step))
        blocked = {id(s) for s in swaps} - removed
        self._create([s for s in steps if s.after is not None and id(s) not in blocked], removed)
        early = {id(s) for s in first}
        later = [s for s in gone if id(s) not in early]
        for step in sorted(later, key=lambda s: s.path, reverse=True):
            if self._try(step, self._remove):
                self.done.append(step)
        reported = {id(s) for s in self.conflicts} | {id(s) for s, _ in self.failed}
        self.done += [s for s in first if id(s) not in reported]
        self._sync_folders()

    def _try(self, step: Step, act: Callable[[Step], None]) -> bool:
        try:
            act(step)
        except Conflict:
            self.conflicts.append(step)
        except OSError as error:
            self.failed.append((step, why(error)))
        else:
            return True
        return False

    def _check(self, step: Step) -> Seen | None:
        """What is there now. Raises Conflict when that is not what the step knows."""
        found = self._real.lstat(step.path)
        if found is None:
            if step.before is not None and step.after is not None and not self._force:
                raise Conflict
            return None
        now = look(self._real, step.path, found, step.before, read=False)
        if self._force or (step.before is not None and step.before.same_stat(now)):
            return now
        if step.before is None and step.after is not None and now.type == step.after.type == "dir":
            return now
        now = look(self._real, step.path, found, step.before)
        expected = [seen for seen in (step.before, step.after) if seen is not None]
        if not any(seen.same_content(now) or _both_folders(seen, now) for seen in expected):
            raise Conflict
        return now

    def _remove(self, step: Step) -> None:
        now = self._check(step)
        if now is None:
            return
        if self._keep is not None:
            self._keep(step)
        if now.type == "dir":
            try:
                self._real.rmdir(step.path)
            except OSError as error:
                if error.errno == errno.ENOTEMPTY:
                    raise Conflict from error
                raise
        else:
            self._real.unlink(step.path)
        self._touched[split(step.path)[0]] = None

    def _create(self, steps: Sequence[Step], removed: set[int]) -> None:
        order = sorted(steps, key=lambda s: s.path)
        folders = [s for s in order if _is_folder(s.after)]
        for step in folders:
            if self._try(step, lambda s: self._make_folder(s, checked=id(s) in removed)):
                self.done.append(step)
        plain = [s for s in order if not _is_folder(s.after)]
        ready = [s for s in plain if not s.link_to]
        for at in range(0, len(ready), _BATCH):
            self._replace(ready[at : at + _BATCH], removed)
        self._replace([s for s in plain if s.link_to], removed)
        done = {id(s) for s in self.done}
        for step in reversed(folders):
            if step.after is not None and id(step) in done:
                self._try(step, lambda s: self._real.chmod(s.path, s.after.mode if s.after else 0o755))

    def _make_folder(self, step: Step, *, checked: bool) -> None:
        now = None if checked else self._check(step)
        if now is not None:
            if self._keep is not None:
                self._keep(step)
            return
        self._parents(step.path)
        self._real.mkdir(step.path, 0o700)
        self._touched[split(step.path)[0]] = None

    def _replace(self, steps: Sequence[Step], removed: set[int]) -> None:
        """Make all new files, make them durable together, then rename each into place."""
        made: list[tuple[Step, str]] = []
        for step in steps:
            temporary = f".{os.urandom(6).hex()}.assistant-new"

            def prepare(step: Step, name: str = temporary) -> None:
                if id(step) not in removed:
                    self._check(step)
                self._parents(step.path)
                self._make(step, name, self._real.folder(split(step.path)[0]))

            if self._try(step, prepare):
                made.append((step, temporary))
            else:
                self._discard(step, temporary)
        self._sync_files(made)
        for step, temporary in made:

            def swap(step: Step, name: str = temporary) -> None:
                parent, last = split(step.path)
                if id(step) not in removed and self._check(step) is not None and self._keep is not None:
                    self._keep(step)
                at = self._real.folder(parent)
                os.rename(name, last, src_dir_fd=at, dst_dir_fd=at)
                self._touched[parent] = None

            if self._try(step, swap):
                self.done.append(step)
            else:
                self._discard(step, temporary)

    def _discard(self, step: Step, temporary: str) -> None:
        try:
            os.unlink(temporary, dir_fd=self._real.folder(split(step.path)[0]))
        except OSError:
            pass

    def _parents(self, path: str) -> None:
        """Folders that a chosen file needs, although they were not chosen themselves."""
        parent, _ = split(path)
        if parent and self._real.lstat(parent) is None:
            self._parents(parent)
            self._real.mkdir(parent, 0o755)
            self._touched[split(parent)[0]] = None

    def _sync_files(self, made: Sequence[tuple[Step, str]]) -> None:
        files = [(s, name) for s, name in made if s.after is not None and s.after.type == "file"]
        if len(files) > _MANY and self._sync_file_system():
            return
        for step, name in files:
            fd = os.open(
                name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=self._real.folder(split(step.path)[0])
            )
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def _sync_file_system(self) -> bool:
        fd = os.open(self._real.top, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return _libc.syncfs(fd) == 0
        finally:
            os.close(fd)

    def _sync_folders(self) -> None:
        self._real.forget()
        if len(self._touched) > _MANY and self._sync_file_system():
            return
        for folder in self._touched:
            try:
                self._real.sync_folder(folder)
            except (FileNotFoundError, NotADirectoryError):  # gone by a later step
                continue


def _lies_below(path: str, folders: set[str]) -> bool:
    while "/" in path:
        path = path.rpartition("/")[0]
        if path in folders:
            return True
    return False


def _is_folder(seen: Seen | None) -> bool:
    return seen is not None and seen.type == "dir"


def _both_folders(one: Seen, other: Seen) -> bool:
    return one.type == other.type == "dir"


def why(error: OSError) -> str:
    """An error's reason in plain words."""
    return (error.strerror or str(error)).lower()


def settle_file(fd: int, after: Seen, old: os.stat_result | None, parent: os.stat_result) -> None:
    """Give a new file its mode, its times, and the owner and group that belong there."""
    owner, group = -1, -1
    if old is not None:
        owner, group = old.st_uid, old.st_gid
    elif parent.st_mode & 0o2000:
        group = parent.st_gid
    if (owner, group) != (-1, -1):
        try:
            os.fchown(fd, owner, group)
        except PermissionError:
            try:
                os.fchown(fd, -1, group)
            except PermissionError:
                pass
    os.fchmod(fd, after.mode)
    os.utime(fd, ns=(after.mtime_ns, after.mtime_ns))


def make_symlink(step: Step, name: str, folder: int) -> bool:
    """Make the new link when the step is one."""
    if step.after is None or step.after.type != "symlink":
        return False
    os.symlink(unquote(step.after.target), name, dir_fd=folder)
    return True
