"""Calls a person who looks elsewhere: the terminal's bell, and a notification of the desktop or of the terminal.

What stands in it is ours, and made harmless: a control sequence is built here and nowhere else.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping

from assistant.visible import one_line

MAX_CHARS = 120
TITLE = "assistant"
SEND_S = 5.0
"""How long the desktop's notifier may take."""

_OSC_9 = ("iTerm.app", "WezTerm", "ghostty")
"""`TERM_PROGRAM` of terminals whose manuals document OSC 9 as a notification (iTerm2 "Proprietary Escape Codes",
WezTerm "Escape Sequences", Ghostty "VT reference")."""
_OSC_777 = ("foot", "rxvt-unicode")
"""Beginnings of `TERM` of terminals that document OSC 777 (foot-ctlseqs(7), urxvt-notify)."""


def terminal_sequence(text: str, environ: Mapping[str, str]) -> str:
    """What makes this terminal show `text`, or nothing where it is not known to: another one would print it, or misread it."""
    words = one_line(text, MAX_CHARS)
    if environ.get("TMUX") or environ.get("STY"):  # a multiplexer passes none of these on, unless it was told to
        return ""
    term = environ.get("TERM", "")
    if term == "xterm-kitty" or environ.get("KITTY_WINDOW_ID"):
        return f"\x1b]99;;{TITLE}: {words}\x1b\\"  # kitty, "Desktop notifications"
    if environ.get("TERM_PROGRAM", "") in _OSC_9:
        return f"\x1b]9;{TITLE}: {words}\x1b\\"
    if term.startswith(_OSC_777):
        return f"\x1b]777;notify;{TITLE};{words.replace(';', ',')}\x1b\\"
    return ""


def desktop_command(text: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The program that shows `text` on this desktop, or nothing: over SSH the desktop is another machine's."""
    if environ.get("SSH_CONNECTION") or not environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return ()
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return ()
    program = shutil.which("notify-send", path=environ.get("PATH", ""))
    return (program, f"--app-name={TITLE}", "--", TITLE, one_line(text, MAX_CHARS)) if program else ()


async def show_on_desktop(text: str, environ: Mapping[str, str] | None = None) -> bool:
    """Whether the desktop took it. Never raises, never waits longer than SEND_S."""
    env = os.environ if environ is None else environ
    command = desktop_command(text, env)
    if not command:
        return False
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(env),
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(SEND_S):
            return await process.wait() == 0
    except TimeoutError:
        process.kill()
        await process.wait()
        return False
