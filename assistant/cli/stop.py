"""End every process of a task at once, from any terminal.

  assistant stop TASK       the task's programs, whichever window runs them
  assistant stop --all      everything that runs in any room of yours

Staged changes stay. Exit code 0 when all ended or nothing ran, 1 when something would not end.
"""

from __future__ import annotations

import argparse
import sys

from assistant.errors import UsageError


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `stop`."""
    parser.add_argument("task", nargs="?", help="the task, as `assistant tasks` names it")
    parser.add_argument("--all", action="store_true", help="every task of yours")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """Stop; returns the exit code."""
    if bool(args.task) == args.all:
        raise UsageError("say which task to stop", hint="`assistant stop TASK`, or `assistant stop --all`")
    from assistant.config import find_paths
    from assistant.sandbox.running import stop_rooms

    ended, left = stop_rooms(find_paths(), None if args.all else args.task)
    if args.json:
        import json

        print(json.dumps({"stopped": [r.task for r in ended], "left": [r.task for r in left]}))
    else:
        for room in ended:
            print(f"stopped {room.task}")
        for room in left:
            print(f"assistant: {room.task} did not end in time (process {room.pid})", file=sys.stderr)
        if not ended and not left:
            print("assistant: nothing was running", file=sys.stderr)
    return 1 if left else 0
