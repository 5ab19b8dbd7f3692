"""Review, apply, drop and undo staged changes.

  assistant stage list                     every task with staged changes
  assistant stage diff  [TASK] [PATH...]   what would change
  assistant stage apply [TASK] [PATH...]   move it to the real folder
  assistant stage drop  [TASK] [PATH...]   forget it
  assistant stage undo  [TASK]             take back what was applied last

`diff` numbers the hunks of a changed text file; `apply` and `drop` take some of one file with --hunk N (more than once).

Without TASK: the latest task of the current folder that has something staged (or applied, for undo). TASK may be the
beginning of an id.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import UsageError
from assistant.types import Change, Channel, plain
from assistant.visible import one_line, visible

if TYPE_CHECKING:
    from assistant.agent.local import LocalDesk
    from assistant.agent.parts import StagedTask
    from assistant.sandbox.protocol import ApplyReport

_SIGNS = {"created": "+", "changed": "~", "deleted": "-", "renamed": ">", "mode": "m", "link": "l"}


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `stage`."""
    parser.add_argument("what", choices=["list", "diff", "apply", "drop", "undo"])
    parser.add_argument(
        "names", nargs="*", metavar="TASK|PATH", help="a task (id or its beginning), then paths in its folder"
    )
    parser.add_argument(
        "--held", action="store_true", help="apply held changes too (they may run code later on this machine)"
    )
    parser.add_argument("--force", action="store_true", help="apply or undo over files that changed meanwhile")
    parser.add_argument("--id", default="", help="undo this applied set instead of the latest")
    parser.add_argument(
        "--hunk",
        type=int,
        action="append",
        default=[],
        metavar="N",
        help="apply or drop this hunk of one PATH, as `diff` numbers it",
    )
    parser.add_argument("--json", action="store_true", help="JSON lines on stdout")


def run(args: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from assistant.compose import build_desk

    desk = build_desk()
    try:
        if args.what == "list":
            return _list(await desk.staged_tasks(), as_json=args.json)
        staged, paths = await _choose(desk, args.names, undo=args.what == "undo")
        if args.hunk:
            return await _hunks(args, staged, paths)
        match args.what:
            case "diff":
                return await _diff(staged, paths, as_json=args.json)
            case "apply":
                report = await staged.settlement.by_person(
                    staged.stage, paths, Channel.COMMAND, allow_held=args.held, overwrite_conflicts=args.force
                )
                return _report("applied", report, as_json=args.json)
            case "drop":
                dropped = await staged.settlement.drop(staged.stage, paths)
                for change in dropped:
                    _show("dropped", change, as_json=args.json)
                return 0
            case _:
                report = await staged.settlement.undo(staged.stage, args.id, overwrite_later=args.force)
                return _report("undone", report, as_json=args.json)
    finally:
        await desk.aclose()


async def _choose(desk: LocalDesk, names: Sequence[str], *, undo: bool) -> tuple[StagedTask, list[str] | None]:
    """The task meant, and paths relative to its folder (None for all)."""
    rest = list(names)
    staged: StagedTask | None = None
    if rest:
        staged = await desk.staged_task(rest[0])
        if staged is not None:
            rest.pop(0)
    if undo and rest:
        raise UsageError(f"no task with a stage begins with `{one_line(rest[0], 60)}`", hint="see `assistant tasks`")
    if staged is None:
        here = Path.cwd().resolve()
        candidates = [
            s for s in await desk.staged_tasks(applied_too=undo) if here == s.folder or s.folder in here.parents
        ]
        if not candidates:
            what = "applied" if undo else "staged"
            raise UsageError(f"nothing is {what} for `{one_line(str(here), 200)}`", hint="see `assistant stage list`")
        staged = candidates[0]
    return staged, [_relative(p, staged.folder) for p in rest] or None


async def _hunks(args: argparse.Namespace, staged: StagedTask, paths: Sequence[str] | None) -> int:
    from assistant.sandbox.protocol import Hunks

    if args.what not in ("apply", "drop") or paths is None or len(paths) != 1:
        raise UsageError(
            "--hunk belongs to `apply` or `drop` of one PATH", hint="`assistant stage diff` numbers the hunks"
        )
    change = next((c for c in staged.stage.changes() if c.path == paths[0]), None)
    if change is None:
        raise UsageError(f"`{one_line(paths[0], 200)}` is not changed", hint="see `assistant stage diff`")
    chosen = Hunks(change.path, tuple(sorted(set(args.hunk))), change.before_sha256, change.after_sha256)
    if args.what == "drop":
        _show("dropped", await staged.settlement.drop_hunks(staged.stage, chosen), as_json=args.json)
        return 0
    report = await staged.settlement.hunks_by_person(staged.stage, chosen, Channel.COMMAND, allow_held=args.held)
    return _report("applied", report, as_json=args.json)


def _numbered(diff: str) -> str:
    """The diff with its hunks counted, behind the line numbers, where the format has room for words."""
    numbers = itertools.count(1)
    lines = diff.split("\n")
    return "\n".join(f"{line} hunk {next(numbers)}" if line.startswith("@@ -") else line for line in lines)


def _relative(path: str, folder: Path) -> str:
    full = Path(path) if Path(path).is_absolute() else None
    if full is None:
        return path.removeprefix("./").rstrip("/") or "."
    try:
        return str(full.relative_to(folder))
    except ValueError as error:
        raise UsageError(f"`{one_line(path, 200)}` is not in the task's folder `{folder}`") from error


def _list(tasks: Sequence[StagedTask], *, as_json: bool) -> int:
    for staged in tasks:
        changes = staged.stage.changes()
        if as_json:
            print(json.dumps({"task": staged.task.id, "folder": str(staged.folder), "changes": len(changes)}))
        else:
            print(f"{staged.task.id}  {len(changes):>5}  {one_line(str(staged.folder), 80)}  {staged.task.title}")
    if not tasks:
        print("nothing is staged", file=sys.stderr)
    return 0


async def _diff(staged: StagedTask, paths: Sequence[str] | None, *, as_json: bool) -> int:
    found = False
    for change, diff in staged.stage.diffs(None if paths is None or "." in paths else paths):
        found = True
        if as_json:
            print(json.dumps({**plain(change), "path": visible(change.path), "diff": diff}))
            continue
        _show("", change, as_json=False)
        print(visible(_numbered(diff)).rstrip("\n"))
    if not found:
        print("no staged change there", file=sys.stderr)
    return 0


def _report(word: str, report: ApplyReport, *, as_json: bool) -> int:
    for change in report.applied:
        _show(word, change, as_json=as_json)
    for change in report.conflicts:
        _show("conflict", change, as_json=as_json)
    for change in report.held:
        _show("held", change, as_json=as_json)
    for path, why in report.failed:
        print(f"assistant: `{visible(path)}` failed: {why}", file=sys.stderr)
    if report.conflicts:
        print("assistant: the real files changed meanwhile; look with `stage diff`, then use --force", file=sys.stderr)
    if report.held:
        print("assistant: held changes could run code later on this machine; --held applies them too", file=sys.stderr)
    if report.note:
        print(f"assistant: {report.note}", file=sys.stderr)
    if not (report.applied or report.conflicts or report.held or report.failed):
        print("nothing to do", file=sys.stderr)
    return 3 if report.conflicts or report.held or report.failed else 0


def _show(word: str, change: Change, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"event": word or "change", **plain(change), "path": visible(change.path)}))
        return
    held = f"  [held: {change.held}]" if change.held else ""
    old = f"{one_line(change.old_path)} → " if change.old_path else ""
    print(f"{word + ' ' if word else ''}{_SIGNS.get(change.kind, '?')} {old}{one_line(change.path)}{held}")
