"""Open the chat."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from assistant.errors import NeedsPerson, UsageError
from assistant.types import Autonomy


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the chat."""
    parser.add_argument("--folder", default=".", help="the task's folder (default: here)")
    parser.add_argument("--broad", action="store_true", help="yes, the folder may be a whole home or /")
    parser.add_argument("--model", default="", help="provider/name, or builtin/offline")
    parser.add_argument("--kit", default="", help="starting set of tools")
    parser.add_argument("--autonomy", choices=[str(a) for a in Autonomy], help="how much may be done alone")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="",
        default=None,
        metavar="TASK",
        help="go on with an earlier task (default: the latest)",
    )


def run(args: argparse.Namespace) -> int:
    """Check what can be checked without a screen, then open it."""
    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stdout)):
        raise UsageError(
            "the chat needs a terminal for input and output", hint='without one: assistant run "what to do"'
        )
    folder = _confirmed(Path(args.folder), args.broad) if args.resume is None else Path(args.folder)
    from assistant.compose import build_desk
    from assistant.ui import run_app

    return run_app(
        build_desk,
        folder,
        resume=args.resume,
        model=args.model,
        kit=args.kit,
        autonomy=Autonomy(args.autonomy) if args.autonomy else None,
    )


def _is_terminal(stream: object) -> bool:
    try:
        return stream is not None and os.isatty(stream.fileno())  # type: ignore[attr-defined]
    except (OSError, ValueError, AttributeError):
        return False


def _confirmed(folder: Path, broad: bool) -> Path:
    """The real folder. One that is a whole home is asked about here, on the terminal, before anything is opened."""
    from assistant.agent.folder import check_folder

    try:
        return check_folder(folder, broad_ok=broad)
    except NeedsPerson as error:
        print(f"{error.message}.", file=sys.stderr)
        try:
            answer = input("Open it anyway? Type yes: ")
        except EOFError:
            answer = ""
        if answer.strip().lower() not in ("yes", "是"):
            raise
        return check_folder(folder, broad_ok=True)
