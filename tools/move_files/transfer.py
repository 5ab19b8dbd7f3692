"""Moves one thing, also where the system can't rename it in place."""

from __future__ import annotations

import errno
import os
import stat


def move(source: str, target: str) -> None:
    """Rename; a folder of the real disk seen through a stage is copied and removed instead, since it can't be renamed."""
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        import shutil  # only where renaming does not work

        if stat.S_ISDIR(os.lstat(source).st_mode):
            shutil.copytree(source, target, symlinks=True)
            shutil.rmtree(source)
        else:
            shutil.copy2(source, target, follow_symlinks=False)
            os.unlink(source)
