"""Play a recorded task again with another model, and show both side by side.

Calls get the results that the log has; nothing is run, nothing real is touched. The replay is a task of its own in the log.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from typing import TYPE_CHECKING

from assistant.types import plain
from assistant.visible import one_line, visible

if TYPE_CHECKING:
    from assistant.agent.replaying import Replayed
    from assistant.models.budgets import Spent

NARROWEST = 80
"""Columns below which two texts side by side can't be read."""


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `replay`."""
    parser.add_argument("task", help="the recorded task: its id, or the beginning of one")
    parser.add_argument("--model", required=True, help="provider/name, builtin/offline, or scripted:FILE")
    parser.add_argument("--json", action="store_true", help="JSON lines on stdout: each pair, then the sums")


def run(args: argparse.Namespace) -> int:
    """Replay; returns the exit code: 4 when the model failed in places, 5 when a budget ended it."""
    try:
        return asyncio.run(_run(args))
    except KeyboardInterrupt:
        return 130


async def _run(args: argparse.Namespace) -> int:
    from assistant.compose import build_desk
    from assistant.gateway.approver import Unattended

    desk = build_desk()
    try:
        done = await desk.replay(args.task, args.model, approver=Unattended())
    finally:
        await desk.aclose()
    if args.json:
        _print_json(done)
    else:
        _print_table(done, max(NARROWEST, shutil.get_terminal_size((NARROWEST, 24)).columns))
    for failure in done.failures:
        print(f"the model failed: {visible(failure)}", file=sys.stderr)
    if done.ended:
        print(visible(done.ended), file=sys.stderr)
    return done.exit_code


def _print_json(done: Replayed) -> None:
    for pair in done.pairs:
        print(json.dumps({"type": "pair", **plain(pair)}, ensure_ascii=False))
    rest = {name: value for name, value in plain(done).items() if name != "pairs"}
    print(json.dumps({"type": "replayed", **rest}, ensure_ascii=False))


def _print_table(done: Replayed, width: int) -> None:
    from rich.console import Console  # 60 ms, and this command alone draws a table without the screen
    from rich.table import Table
    from rich.text import Text

    def cell(text: str) -> Text:
        return Text(visible(text).replace("\t", "    "), overflow="fold")

    console = Console(file=sys.stdout, width=width, color_system=None, highlight=False, legacy_windows=False)
    side = (width - 9) // 2
    turn = 0
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=True, header_style="", pad_edge=False)
    table.add_column(Text("turn"), width=4, justify="right")
    table.add_column(cell(f"recorded: {one_line(done.then_model, 80)}"), width=side)
    table.add_column(Text(""), width=1)
    table.add_column(cell(f"replayed: {one_line(done.now_model, 80)}"), width=side)
    for pair in done.pairs:
        if pair.turn != turn:
            turn = pair.turn
            prompt = done.prompts[turn - 1] if turn <= len(done.prompts) else ""
            table.add_row("", "", "", "")
            table.add_row(str(turn), cell(f"> {prompt}"), "", "")
        table.add_row("", cell(pair.then or "-"), "=" if pair.same else "≠", cell(pair.now or "-"))
    table.add_row("", "", "", "")
    table.add_row("", cell(_sums(done.then)), "", cell(_sums(done.now)))
    console.print(table)
    same = sum(p.same for p in done.pairs)
    unknown = f", {done.not_recorded} calls not on record" if done.not_recorded else ""
    print(f"{same} of {len(done.pairs)} answers the same{unknown}; task {done.task}")


def _sums(spent: Spent) -> str:
    unpriced = f" + {spent.unpriced_calls} calls of unknown price" if spent.unpriced_calls else ""
    return f"{spent.calls} calls, {spent.tokens} tokens, ${spent.cost_uusd / 1e6:.4f}{unpriced}"
