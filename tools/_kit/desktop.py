"""The person's desktop, by the programs that desktops come with. Clear words where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess

from _kit.problem import Problem

DEADLINE_S = 10.0


def run(choices: list[tuple[str, list[str]]], what: str, *, stdin: bytes = b"", stays: bool = False) -> bytes:
    """Run the first program that is there, and give what it prints. A choice is (variable that must be set, command).

    `stays`: it leaves a process behind (a clipboard's owner), which would hold a pipe open, so nothing is read from it.

    Raises Problem(no_desktop) when there is no desktop, or no program for it, saying which to install.
    """
    if not any(os.environ.get(variable) for variable, _ in choices):
        raise Problem(
            "no_desktop", f"there is no desktop here, so {what} is not possible; tell the person in words instead"
        )
    usable = [command for variable, command in choices if os.environ.get(variable)]
    command = next((c for c in usable if shutil.which(c[0])), None)
    if command is None:
        names = " or ".join(f"`{c[0]}`" for c in usable)
        raise Problem("no_desktop", f"{what} needs the program {names}, which is not installed")
    try:
        done = subprocess.run(
            command,
            input=stdin,
            stdout=subprocess.DEVNULL if stays else subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Problem("no_desktop", f"the desktop does not answer, so {what} is not possible") from None
    if done.returncode != 0:
        raise Problem("failed", f"{what} failed: `{command[0]}` ended with status {done.returncode}")
    return done.stdout or b""
