"""Makes the new files that the writer renames into place: from the stage when applying, from the undo store when undoing."""

from __future__ import annotations

import errno
import os
import stat

from assistant.sandbox.stage.seen import kind_of
from assistant.sandbox.stage.tree import Tree, copy_content, split
from assistant.sandbox.stage.undo import UndoStore
from assistant.sandbox.stage.writer import Maker, Step, make_symlink, settle_file

_NOT_OURS = "user.overlay."
_ACL = "system.posix_acl_access"
_SUFFIX = ".assistant-new"


def stage_maker(content: Tree, real: Tree) -> Maker:
    """Copies what the stage holds; refuses a file that changed since it was reviewed."""

    def make(step: Step, name: str, folder: int) -> None:
        if make_symlink(step, name, folder) or step.after is None:
            return
        if step.link_to:
            parent, last = split(step.link_to)
            os.link(last, name, src_dir_fd=real.folder(parent), dst_dir_fd=folder, follow_symlinks=False)
            return
        source = content.open(step.path)
        try:
            found = os.fstat(source)
            if kind_of(found.st_mode) != "file" or (found.st_mtime_ns, found.st_size, found.st_ino) != (
                step.after.mtime_ns,
                step.after.size,
                step.after.inode,
            ):
                raise OSError(errno.EBUSY, "it is being written right now; review it again")
            target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
            try:
                copy_content(source, target, found.st_size)
                if os.fstat(source).st_mtime_ns != found.st_mtime_ns:
                    raise OSError(errno.EBUSY, "it is being written right now; review it again")
                copy_attributes(source, target, real, step.path)
                settle_file(target, step.after, real.lstat(step.path), os.fstat(folder))
            finally:
                os.close(target)
        finally:
            os.close(source)

    return make


def restore_maker(step: Step, name: str, folder: int) -> None:
    """Puts back the kept file: the very same one where a hard link could keep it, with its owner, times and other names."""
    if make_symlink(step, name, folder) or step.after is None:
        return
    try:
        os.link(step.source, name, dst_dir_fd=folder, follow_symlinks=False)
        return
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
            raise
    source = os.open(step.source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            copy_content(source, target, os.fstat(source).st_size)
            settle_file(target, step.after, None, os.fstat(folder))
        finally:
            os.close(target)
    finally:
        os.close(source)


def copy_attributes(source: int, target: int, real: Tree, path: str) -> None:
    """The person's own attributes of the staged file, and the access list that the real file has."""
    try:
        for name in os.listxattr(source):
            if name.startswith("user.") and not name.startswith(_NOT_OURS):
                os.setxattr(target, name, os.getxattr(source, name))
    except OSError:
        pass  # a file system without them
    try:
        old = real.open(path)
    except OSError:
        return
    try:
        os.setxattr(target, _ACL, os.getxattr(old, _ACL))
    except OSError:
        pass
    finally:
        os.close(old)


def clean_leftovers(real: Tree, store: UndoStore) -> None:
    """Remove the temporary files of an apply that was killed: only below folders that it names, only regular files of ours."""
    newest = store.latest()
    if not newest or store.finished(newest):
        return
    for parent in {split(step.path)[0] for step in store.steps(newest)}:
        try:
            names = real.names(parent)
        except OSError:
            continue
        for name in names:
            if not (name.startswith(".") and name.endswith(_SUFFIX)):
                continue
            path = f"{parent}/{name}" if parent else name
            found = real.lstat(path)
            if (
                found is not None
                and (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode))
                and found.st_uid == os.geteuid()
            ):
                real.unlink(path)
    store.mark_finished(newest)
