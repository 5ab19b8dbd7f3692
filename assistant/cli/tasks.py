"""List tasks, newest first."""

from __future__ import annotations

import argparse
import asyncio
import json

from assistant.types import plain
from assistant.visible import one_line


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `tasks`."""
    parser.add_argument("search", nargs="?", default="", help="words to look for in everything that was said")
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--archived", action="store_true", help="also those that were put away")
    parser.add_argument("--all", action="store_true", help="also those, and replays and comparisons")
    parser.add_argument("--json", action="store_true", help="JSON lines on stdout")


def run(args: argparse.Namespace) -> int:
    """Print them."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from assistant.compose import build_desk

    desk = build_desk()
    try:
        for row in await desk.tasks(args.search, args.limit, archived=args.archived or args.all, replays=args.all):
            if args.json:
                print(json.dumps(plain(row)))
            else:
                task = row.task
                kind = "replay" if task.is_replay else "branch" if task.branched_at else "part"
                mark = f" ({kind} of {task.parent})" if task.parent else ""
                mark += " (archived)" if task.archived else ""
                mark += " (interrupted)" if row.interrupted else ""
                print(f"{row.task.id}  {row.turns:>3} turns  {one_line(row.task.folder, 50)}  {row.task.title}{mark}")
    finally:
        await desk.aclose()
    return 0
