"""`assistant policy grants ...` and `assistant policy waiting ...`: what stands beyond one turn."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from assistant.errors import UsageError
from assistant.types import Effect, Grant, Resource, plain
from assistant.visible import one_line, visible

if TYPE_CHECKING:
    from assistant.agent.local import LocalDesk
    from assistant.agent.standing import Waiting

_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
WEEK = 7


def add_grants(parser: argparse.ArgumentParser) -> None:
    """Options of `policy grants`."""
    parser.description = (
        "Standing permissions: list them, end one, give one, or ask what one would have allowed of what was asked and "
        "refused in the past. A resource is TYPE:NAME, for example host:example.org, account:ann@example.org, "
        "'command:git push', folder:/home/me/data, service:mail."
    )
    commands = parser.add_subparsers(dest="how", metavar="{list,revoke,add,dry-run}")
    listing = commands.add_parser("list", help="all that were not revoked")
    listing.add_argument("--task", default="", help="only those that hold for this task")
    revoke = commands.add_parser("revoke", help="end one")
    revoke.add_argument("id")
    for name, words in (("add", "give one"), ("dry-run", "what would it have allowed?")):
        command = commands.add_parser(name, help=words)
        command.add_argument("effect", choices=[str(e) for e in Effect])
        command.add_argument("resource", help="TYPE:NAME")
        command.add_argument("--tool", default="", help="only for this tool")
        command.add_argument("--task", default="", help="only in this task (default: in every task)")
        if name == "add":
            command.add_argument("--for", dest="lasting", default="", metavar="30m|2h|3d", help="ends after this time")
            command.add_argument("--uses", type=int, help="ends after so many uses")
            command.add_argument("--reason", default="", help="why, for the list")
        else:
            command.add_argument("--days", type=int, default=WEEK, help=f"how far back (default: {WEEK})")
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="JSON lines instead of text")


def add_waiting(parser: argparse.ArgumentParser) -> None:
    """Options of `policy waiting`."""
    parser.description = (
        "What was refused since nobody was there to be asked, each with the beginning of its digest. Saying yes lets the "
        "very same action run once when its task goes on: `assistant run --resume TASK PROMPT`, or in the chat."
    )
    parser.add_argument("task", nargs="?", default="", help="only of this task")
    parser.add_argument("--yes", metavar="DIGEST", help="agree to one, by the first eight signs of its digest or more")
    parser.add_argument("--days", type=int, default=30, help="how far back (default: 30)")


def run_grants(args: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    if args.how is None:
        args.how, args.task, args.json = "list", "", False
    return _with_desk(lambda desk: _grants(desk, args))


def run_waiting(args: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    return _with_desk(lambda desk: _waiting(desk, args))


def _with_desk(act: Callable[[LocalDesk], int]) -> int:
    import asyncio

    from assistant.compose import build_desk

    desk = build_desk()
    try:
        return act(desk)
    finally:
        asyncio.run(desk.aclose())


# ---------------------------------------------------------------- grants


def _grants(desk: LocalDesk, args: argparse.Namespace) -> int:
    match args.how:
        case "list":
            for grant, left in desk.standing.grants(_task_id(desk, args.task)):
                _show_grant(grant, left, as_json=args.json)
        case "revoke":
            _show_grant(desk.standing.revoke(args.id), None, as_json=args.json, verb="revoked ")
        case "add":
            made = desk.standing.add(_grant(desk, args))
            _show_grant(made, made.uses, as_json=args.json, verb="granted ")
        case _:
            _dry_run(desk, args)
    return 0


def _grant(desk: LocalDesk, args: argparse.Namespace) -> Grant:
    from assistant.policy.request import CEDAR_TYPES

    kind, colon, name = args.resource.partition(":")
    if not colon or not name or kind not in CEDAR_TYPES:
        raise UsageError(
            f"`{one_line(args.resource, 60)}` names no resource",
            hint=f"TYPE:NAME, with TYPE one of {', '.join(CEDAR_TYPES)}",
        )
    uses = getattr(args, "uses", None)
    if uses is not None and uses < 1:
        raise UsageError("a grant for less than one use grants nothing", hint="--uses 1 or more")
    return Grant(
        id="",
        effect=Effect(args.effect),
        resource=Resource(kind, name),
        tool=args.tool,
        task=_task_id(desk, args.task),
        reason=getattr(args, "reason", ""),
        expires_ms=_end_ms(getattr(args, "lasting", "")),
        uses=uses,
    )


def _end_ms(lasting: str) -> int | None:
    if not lasting:
        return None
    found = re.fullmatch(r"(\d{1,6})([mhd])", lasting)
    if not found:
        raise UsageError(f"`{one_line(lasting, 20)}` is no length of time", hint="30m, 2h or 3d")
    return time.time_ns() // 1_000_000 + int(found[1]) * _UNITS_MS[found[2]]


def _task_id(desk: LocalDesk, beginning: str) -> str:
    return desk.task_id(beginning) if beginning else ""


def _show_grant(grant: Grant, left: int | None, *, as_json: bool, verb: str = "") -> None:
    if as_json:
        _emit({**plain(grant), **({} if left is None else {"uses_left": left})})
        return
    from assistant.policy.grants import sentence

    ends = f", until {_when(grant.expires_ms)}" if grant.expires_ms is not None else ""
    uses = f", {left} uses left" if left is not None else ""
    why = f"  ({one_line(grant.reason, 80)})" if grant.reason else ""
    words = sentence(grant).split(", until")[0].split(", ")[0]
    print(f"{verb}{grant.id}  {one_line(words, 200)}{uses}{ends}{why}")


def _dry_run(desk: LocalDesk, args: argparse.Namespace) -> None:
    since_ms = time.time_ns() // 1_000_000 - args.days * _UNITS_MS["d"]
    found = desk.standing.dry_run(_grant(desk, args), since_ms)
    if args.json:
        _show_all(found.allowed, as_json=True)
        _emit({"allowed": len(found.allowed), "unchanged": found.unchanged, "days": args.days})
        return
    print(
        f"in the last {args.days} days it would have allowed {len(found.allowed)} of the "
        f"{len(found.allowed) + found.unchanged} actions that were asked or refused"
    )
    _show_all(found.allowed, as_json=False)


# ---------------------------------------------------------------- what waits


def _waiting(desk: LocalDesk, args: argparse.Namespace) -> int:
    task = _task_id(desk, args.task)
    if args.yes is not None:
        agreed = desk.standing.agree(args.yes.lower(), task)
        _show_all([agreed], as_json=args.json)
        if not args.json:
            print(
                f"agreed; it runs once, exactly so, when the task goes on: assistant run --resume {agreed.task} 'go on'"
            )
        return 0
    since_ms = time.time_ns() // 1_000_000 - args.days * _UNITS_MS["d"]
    found = desk.standing.waiting(task, since_ms)
    _show_all(found, as_json=args.json)
    if not found and not args.json:
        print("nothing waits")
    return 0


def _show_all(found: Iterable[Waiting], *, as_json: bool) -> None:
    for item in found:
        if as_json:
            _emit(plain(item))
            continue
        print(f"{item.digest[:12]}  {item.task}  {_when(item.time_ms)}  {item.sentence}")
        for argument in item.action.arguments if item.action else ():
            print(f"    {one_line(argument.name, 40)}: {visible(str(argument.value))[:2000]}")
        if item.reason:
            print(f"    {one_line(item.reason, 300)}  ({', '.join(one_line(p, 60) for p in item.policies)})")


def _when(time_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(time_ms / 1000))


def _emit(record: dict[str, Any]) -> None:
    import orjson

    print(orjson.dumps(record).decode())
