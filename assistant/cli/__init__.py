"""The command line: parse, call the core, render. One module a command; it owns the exit codes.

A command module has `add(parser)` (its options) and `run(args) -> int` (the exit code). Only the module of the command
that was asked for is imported, so each command costs just its own imports. argparse rather than a richer library: it
imports in 8 ms, others take 100, and `sandbox exec` must cost little more than the command it runs.

Exit codes: 0 done · 2 usage · 3 refused or needs a person · 4 model failed · 5 budget spent · 6 sandbox unavailable ·
7 log damaged · 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING

from assistant.errors import AssistantError
from assistant.visible import visible

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

COMMANDS = {
    "run": "one task without a screen",
    "serve": "open the chat in a browser, on this machine only",
    "sandbox": "run one command exactly as the shell tool does",
    "stage": "review, apply, drop and undo staged changes",
    "policy": "check, test and explain policies",
    "log": "read, search, verify and export the action log",
    "models": "list models, keep keys, ask one",
    "tools": "list, show, write and check tools",
    "servers": "set up MCP servers, whose tools run in rooms of their own",
    "tasks": "list tasks",
    "memory": "see, edit and forget what is remembered",
    "replay": "play a recorded task again with another model",
    "stop": "end every process of a task",
    "config": "show settings and where each comes from",
    "doctor": "try what holds on this machine",
}


class _Help(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal. Its parent asks shutil for that, an import of 2 ms that every command would pay."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


class _Parser(argparse.ArgumentParser):
    """Its messages repeat what was typed, which may come from anywhere."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        super()._print_message(visible(message), file)


def _columns() -> int:
    """As shutil.get_terminal_size(): the variable, the terminal, else 80."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


def main(argv: list[str]) -> int:
    """Run one command line and return its exit code. Not called `run`: that is a command, and its module would take the name."""
    try:
        return _dispatch(argv)
    except AssistantError as error:
        print(visible(f"assistant: {error}"), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader went away: nothing left to say, and nobody to say it to
        sys.stderr.close()
        return 0


def _dispatch(argv: list[str]) -> int:
    if argv and argv[0] in COMMANDS:
        module = importlib.import_module(f"assistant.cli.{argv[0]}")
        parser = _Parser(
            prog=f"assistant {argv[0]}",
            description=module.__doc__,
            formatter_class=_Help,
        )
        module.add(parser)
        return module.run(parser.parse_args(argv[1:]))
    parser = _Parser(
        prog="assistant",
        description="Without a command: open the chat.",
        epilog="commands:\n" + "\n".join(f"  {n:<9} {text}" for n, text in COMMANDS.items()),
        formatter_class=_Help,
    )
    from assistant.cli import chat

    chat.add(parser)
    parser.add_argument("-V", "--version", action="store_true", help="print the version")
    return chat.run(parser.parse_args(argv))
