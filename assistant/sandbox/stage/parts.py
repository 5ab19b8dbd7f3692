"""Work on parts of one staged text file: some of its hunks, the person's own edit, the merge of a conflict."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time

from assistant.errors import StageError
from assistant.sandbox.protocol import Hunks, Sides
from assistant.sandbox.stage import hunks
from assistant.sandbox.stage.changes import changes_of
from assistant.sandbox.stage.index import Known
from assistant.sandbox.stage.replace import copy_attributes
from assistant.sandbox.stage.seen import Seen, look
from assistant.sandbox.stage.textdiff import MAX_BYTES, read_small, unified
from assistant.sandbox.stage.tree import Tree, split
from assistant.sandbox.stage.view import View
from assistant.sandbox.stage.writer import Maker, Step, settle_file
from assistant.types import Change

_LOOK_AGAIN = "it has changed since you looked; look at it again"


class Part:
    """Some hunks of one change, worked out: what the real file would hold."""

    def __init__(self, view: View, chosen: Hunks) -> None:
        change = find(view, chosen.path)
        self.path = change.path
        self.known = view.index.paths[change.path]
        before, after = self.known.before, self.known.after
        if change.kind != "changed" or before is None or after is None or before.type != "file" or after.type != "file":
            raise StageError(
                f"`{change.path}` has no parts: it is {change.kind} as a whole", hint="apply or drop it whole"
            )
        if (before.sha256, after.sha256) != (chosen.before_sha256, chosen.after_sha256):
            raise StageError(f"`{change.path}`: {_LOOK_AGAIN}")
        self.whole = change
        self._mode = before.mode
        self._staged = _text(view.layer.content, change.path)
        # Against what the task found, not what is there now: a real file that differs from it is a conflict.
        found = view.bases.get(before.sha256)
        self._base = _decoded(found, change.path) if found is not None else _text(view.real, change.path)
        if _hash(self._base) != before.sha256 or _hash(self._staged) != after.sha256:
            raise StageError(f"`{change.path}`: {_LOOK_AGAIN}")
        try:
            self.text = hunks.take(self._base, self._staged, chosen.numbers)
            self.rest = hunks.leave_out(self._base, self._staged, chosen.numbers)
        except ValueError as error:
            raise StageError(f"`{change.path}`: {error}", hint="`assistant stage diff` numbers them") from error
        self.data = self.text.encode()

    def seen(self) -> Seen:
        """How the written file will look: its mode as it was, since a mode belongs to no hunk."""
        return Seen(
            "file", self._mode, len(self.data), 0, time.time_ns(), 0, sha256=hashlib.sha256(self.data).hexdigest()
        )

    def change(self, view: View) -> Change:
        """What applying it would change. Held when the whole is, or when this part by itself would be."""
        known = Known(self.known.before, self.seen())
        held = self.whole.held or view.held(self.path, known, self.data)
        return changes_of({self.path: known}, lambda path, known: held)[0]

    def diff(self) -> str:
        """Its unified diff."""
        return unified(self.path, self._base, self.text, self.whole)

    def maker(self, view: View) -> Maker:
        """Writes it under a new name, with the attributes of the real file and the staged one."""

        def make(step: Step, name: str, folder: int) -> None:
            target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
            try:
                _write_all(target, self.data)
                source = view.layer.content.open(step.path)
                try:
                    copy_attributes(source, target, view.real, step.path)
                finally:
                    os.close(source)
                if step.after is not None:
                    settle_file(target, step.after, view.real.lstat(step.path), os.fstat(folder))
            finally:
                os.close(target)

        return make


def find(view: View, path: str) -> Change:
    """The change of `path`, after a scan. Raises StageError when there is none."""
    for change in view.changes():
        if change.path == path.rstrip("/"):
            return change
    raise StageError(f"`{path}` is not changed", hint="`assistant stage list` shows what is")


def sides_of(view: View, path: str) -> Sides:
    """See protocol.Stage.sides."""
    change = find(view, path)
    known = view.index.paths[change.path]
    if known.after is None or known.after.type != "file":
        raise StageError(f"`{change.path}` is staged as {change.kind}: there is no text to edit or merge")
    staged = _small(view.layer.content, change.path)
    found = view.real.lstat(change.path)
    mine: bytes | None = None
    if found is not None:
        if look(view.real, change.path, found, read=False).type != "file":
            raise StageError(
                f"`{change.path}` is no ordinary file any more in the real folder", hint="apply or drop it"
            )
        mine = _small(view.real, change.path)
    base = view.bases.get(known.before.sha256) if known.before is not None and not known.unsure else None
    return Sides(change.path, base, mine, staged)


def write_staged(view: View, seen: Sides, data: bytes, *, merged: bool) -> None:
    """Put `data` in place of the staged file, if both sides still are as the person saw them. The layer must be quiet.

    `merged`: what the real file holds now was taken into account, so it is no conflict any more.
    """
    now = sides_of(view, seen.path)
    if now.staged != seen.staged or (merged and now.mine != seen.mine):
        raise StageError(f"`{seen.path}`: {_LOOK_AGAIN}")
    known = view.index.paths[seen.path]
    _replace(view.layer.content, seen.path, data)
    if merged:
        found = view.real.lstat(seen.path)
        before = look(view.real, seen.path, found) if found is not None else None
        if (before.sha256 if before is not None else None) != (
            _hash_bytes(seen.mine) if seen.mine is not None else None
        ):
            raise StageError(f"`{seen.path}`: {_LOOK_AGAIN}")
        view.index.paths[seen.path] = Known(before, known.after)
        view.index.save()
    view.scan()
    view.layer.prune(view.index)
    view.index.save()


def _replace(tree: Tree, path: str, data: bytes) -> None:
    """A new file with the old one's owner and mode, and one rename: a program that has the old one open keeps that."""
    parent, name = split(path)
    folder = tree.folder(parent)
    old = os.stat(name, dir_fd=folder, follow_symlinks=False)
    temporary = f".{os.urandom(6).hex()}.assistant-new"
    target = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        _write_all(target, data)
        try:
            os.fchown(target, old.st_uid, old.st_gid)
        except PermissionError:
            pass  # it is then ours, as a file that a room's program made is
        os.fchmod(target, stat.S_IMODE(old.st_mode))
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        os.unlink(temporary, dir_fd=folder)
        raise
    finally:
        os.close(target)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _small(tree: Tree, path: str) -> bytes:
    try:
        data = read_small(tree, path)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            raise StageError(f"`{path}` can't be read by you") from error
        raise
    if data is None:
        raise StageError(f"`{path}` is larger than the {MAX_BYTES >> 20} MiB that can be edited or split here")
    return data


def _text(tree: Tree, path: str) -> str:
    return _decoded(_small(tree, path), path)


def _decoded(data: bytes, path: str) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise StageError(f"`{path}` is binary and has no parts", hint="apply or drop it whole")
    return text


def _hash(text: str) -> str:
    return _hash_bytes(text.encode())


def _hash_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
