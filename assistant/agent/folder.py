"""Whether a folder can be a task's folder."""

from __future__ import annotations

import os
from pathlib import Path

from assistant.errors import FolderError, NeedsPerson
from assistant.sandbox.stage.place import refuse_system
from assistant.visible import one_line


def check_folder(folder: Path, *, broad_ok: bool = False) -> Path:
    """The real path of `folder`.

    Raises FolderError when it is missing, no folder, can't be read, or is `/`, which no yes would make a task's folder;
    NeedsPerson when it is the person's home (or holds it) and `broad_ok` is not set: a person says yes first.
    """
    shown = one_line(str(folder), 200)
    try:
        real = folder.expanduser().resolve(strict=True)
    except FileNotFoundError as error:
        raise FolderError(f"`{shown}` does not exist", hint="name a folder that is there: --folder D") from error
    except (OSError, RuntimeError) as error:
        raise FolderError(f"`{shown}` can't be opened: {error}") from error
    if not real.is_dir():
        raise FolderError(f"`{shown}` is not a folder", hint="name the folder it lies in")
    if not os.access(real, os.R_OK | os.X_OK):
        raise FolderError(f"`{shown}` can't be read", hint="ask its owner for read permission, or choose another")
    refuse_system(real)
    if not broad_ok and is_broad(real):
        raise NeedsPerson(
            f"`{shown}` is your whole home: a task there could read all of it",
            hint="choose a smaller folder with --folder D, or say --broad if you mean it",
        )
    return real


def is_broad(real: Path) -> bool:
    """Whether it is the home, or a folder that the home lies in."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  # does not raise without HOME
    try:
        home = home.resolve()
    except (OSError, RuntimeError):
        pass
    return real == home or real in home.parents
