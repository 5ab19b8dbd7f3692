"""Run one task without a screen. The answer goes to stdout, everything else to stderr.

Never waits for a person: what would need a yes is refused and listed at the end (exit 3). Without --review or --apply, what
the autonomy level allows is applied and the rest stays on the stage.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.cli import budget_flags
from assistant.errors import UsageError
from assistant.streams import let_go
from assistant.types import Autonomy, Channel

if TYPE_CHECKING:
    from assistant.headless import Interruption


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `run`."""
    parser.add_argument("prompt", help="what to do; `-` reads it from standard input")
    parser.add_argument("--folder", default=".", help="the task's folder (default: here)")
    parser.add_argument("--broad", action="store_true", help="yes, the folder may be a whole home")
    parser.add_argument("--model", default="", help="provider/name, builtin/offline, or scripted:FILE")
    parser.add_argument("--kit", default="", help="starting set of tools")
    parser.add_argument("--tools", help="exactly these tools, comma-separated")
    parser.add_argument("--autonomy", choices=[str(a) for a in Autonomy], help="how much may be done alone")
    end = parser.add_mutually_exclusive_group()
    end.add_argument("--review", action="store_true", help="leave every change on the stage")
    end.add_argument("--apply", action="store_true", help="apply what is not held for review at the end")
    parser.add_argument("--resume", metavar="TASK", help="go on with an earlier task (id or beginning of one)")
    parser.add_argument("--json", action="store_true", help="events as JSON lines on stdout")
    budget_flags.add(parser)


def run(args: argparse.Namespace) -> int:
    """Run the task; returns the exit code."""
    prompt = _prompt(args.prompt)
    try:
        return asyncio.run(_run(args, prompt))
    except KeyboardInterrupt:
        return 130


def _prompt(given: str) -> str:
    text = given
    if given == "-":
        if sys.stdin is None or sys.stdin.closed:
            raise UsageError("standard input is closed, so there is no prompt to read")
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    if not text.strip():
        raise UsageError("the prompt is empty", hint='assistant run "list the largest files here"')
    return text


async def _run(args: argparse.Namespace, prompt: str) -> int:
    from assistant.headless import INTERRUPTED, Interruption, not_begun

    with Interruption() as interruption:
        try:
            return await _task(args, prompt, interruption)
        except asyncio.CancelledError:
            if not interruption.came:
                raise
            if not interruption.begun:
                not_begun(as_json=args.json)
            return INTERRUPTED
        except OSError as error:
            if error.errno != errno.EIO:  # the terminal was closed, and writing was the first to notice
                raise
            let_go()
            return INTERRUPTED


async def _task(args: argparse.Namespace, prompt: str, interruption: Interruption) -> int:
    from assistant.compose import build_desk
    from assistant.gateway.approver import Unattended
    from assistant.headless import finish, render

    budgets = budget_flags.chosen(args)
    desk = build_desk()
    try:
        if args.resume:
            session = await desk.resume_task(args.resume, approver=Unattended(), model=args.model)
            if budgets is not None:
                await session.set_budgets(budgets.over(session.task.budgets))
        else:
            session = await desk.open_task(
                Path(args.folder),
                model=args.model,
                kit=args.kit,
                tools=[t.strip() for t in args.tools.split(",") if t.strip()] if args.tools is not None else None,
                autonomy=Autonomy(args.autonomy) if args.autonomy else None,
                budgets=budgets,
                approver=Unattended(),
                broad_ok=args.broad,
            )
        session.warm_up()
        session.apply_at_end = not args.review
        interruption.during(session)
        ended = await render(session.run_turn(prompt), as_json=args.json)
        return await finish(session, ended, apply=args.apply, channel=Channel.COMMAND, as_json=args.json)
    finally:
        await desk.aclose()
