"""Opens a text in the person's own editor, on a copy in a private folder: never in the task's folder, never on the stage.

The screen steps aside meanwhile; a turn that runs goes on.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from textual.app import SuspendNotSupported

from assistant.errors import UsageError
from assistant.ui.language import _

if TYPE_CHECKING:
    from assistant.ui.app import AssistantApp

USUAL = ("nano", "vim", "vi", "micro")
"""Tried in this order where neither VISUAL nor EDITOR is set."""


class Edited(msgspec.Struct, frozen=True):
    """What the person left, and the file it still lies in."""

    data: bytes
    file: Path

    def forget(self) -> None:
        """The text is safe elsewhere: remove the copy."""
        shutil.rmtree(self.file.parent, ignore_errors=True)


def command() -> list[str]:
    """The person's editor: VISUAL, EDITOR, or one of the usual ones. Raises UsageError when there is none."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(os.environ.get(name, ""))
        except ValueError as error:
            raise UsageError(f"{name} can't be read as a command: {error}") from error
        if words:
            if shutil.which(words[0]) is None:
                raise UsageError(f"{name} names `{words[0]}`, which is not installed", hint="set EDITOR to another one")
            return _careful(words)
    for name in USUAL:
        if shutil.which(name):
            return _careful([name])
    raise UsageError("no editor is known", hint="set EDITOR, for instance `export EDITOR=nano`")


async def edit(app: AssistantApp, data: bytes, name: str) -> Edited | None:
    """The text as the person left it, or None when they changed nothing or their editor failed. Call from a worker.

    Raises UsageError when there is no editor, or no terminal to open it in.
    """
    argv = command()
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="assistant-edit-"))
    file = folder / safe_name(name)
    await asyncio.to_thread(file.write_bytes, data)
    try:
        # No frame may be drawn over the editor: what changes meanwhile is drawn when it is gone.
        with app.batch_update(), app.suspend():
            status = await asyncio.to_thread(lambda: subprocess.run([*argv, str(file)], check=False).returncode)
        edited = Edited(await asyncio.to_thread(file.read_bytes), file)
    except SuspendNotSupported as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise UsageError(
            _("an editor needs a terminal of its own"), hint=_("open the task in a terminal instead of a browser")
        ) from error
    except OSError as error:
        raise UsageError(f"`{argv[0]}`: {error}", hint="set EDITOR to another one") from error
    if status == 0 and edited.data != data:
        return edited
    edited.forget()
    if status:
        app.notify(_("the editor ended with {status}: nothing is taken over").format(status=status), markup=False)
    else:
        app.notify(_("nothing was changed"), markup=False)
    return None


def safe_name(path: str) -> str:
    """A name for the copy with the same ending, so that an editor knows the language; nothing an editor or shell obeys."""
    name = re.sub(r"[^\w.+-]", "_", path.rpartition("/")[2]).lstrip(".-") or "text"
    return name[-80:]


def _careful(words: list[str]) -> list[str]:
    """Without settings from inside the text, which a model wrote: vim obeys such lines by default."""
    if Path(words[0]).name in ("vi", "vim", "nvim", "gvim", "view"):
        return [words[0], "--cmd", "set nomodeline", *words[1:]]
    return words
