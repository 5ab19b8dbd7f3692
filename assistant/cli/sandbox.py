"""Run one command in a sandbox, exactly as the shell tool does, on a stage over a folder.

  assistant sandbox exec --folder . -- make test            changes wait on the stage; its name is printed
  assistant sandbox exec --folder . --apply -- make fmt     changes are applied, except those that always need review
  assistant sandbox exec --folder . --allow-host pypi.org --allow-host files.pythonhosted.org -- pip install x

The exit status is the command's: 128 and the number for a signal, 124 when the time limit ended it, 6 when no sandbox
holds here. Signals sent to this command are passed on. A size is a number of bytes, or one with K, M, G or T.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import SandboxUnavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assistant.config import Paths
    from assistant.sandbox.channel import Channel
    from assistant.sandbox.once import Ended, OneCommand, Sink
    from assistant.sandbox.protocol import ApplyReport
    from assistant.sandbox.terminal import LentTerminal
    from assistant.types import Change

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_DEFAULT_WALL_S = 3600.0
_SHOWN = 20
_GARBAGE = 100_000
"""Objects made between two looks for garbage: Python's own 700 cost 6 ms of looking while modules are imported."""


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `sandbox`."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="exec")
    run = commands.add_parser(
        "exec", help="run one command", description=__doc__, formatter_class=parser.formatter_class
    )
    run.add_argument("--folder", default=".", help="the folder to stage (default: here)")
    end = run.add_mutually_exclusive_group()
    end.add_argument("--apply", action="store_true", help="apply the changes when it ends")
    end.add_argument("--drop", action="store_true", help="drop the changes when it ends")
    run.add_argument(
        "--allow-host", action="append", default=[], metavar="H[:PORT]", help="let it reach this host; may be repeated"
    )
    run.add_argument("--memory", type=size, metavar="SIZE", help="bound on its memory")
    run.add_argument("--pids", type=int, metavar="N", help="bound on its processes")
    run.add_argument("--disk", type=size, metavar="SIZE", help="bound on what it writes to the folder")
    run.add_argument("--timeout", type=seconds, metavar="TIME", help="seconds, or with m or h (default: 1h)")
    run.add_argument(
        "--env", action="append", default=[], metavar="NAME=VALUE", help="a variable for it; may be repeated"
    )
    run.add_argument("--read-only", action="append", default=[], metavar="PATH", help="show it this host folder too")
    run.add_argument("--pty", action="store_true", help="give it a terminal")
    run.add_argument("--json", action="store_true", help="output and result as JSON lines")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD …")


def size(text: str) -> int:
    """Bytes of `256M`, `1G`, `1GiB` or a plain number."""
    plain = text.strip().lower().removesuffix("ib").removesuffix("b")
    number, unit = (plain[:-1], plain[-1]) if plain and plain[-1] in _UNITS else (plain, "")
    try:
        value = int(float(number) * _UNITS[unit])
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"`{text}` is not a size; write 256M or 1G") from None
    if value <= 0:
        raise argparse.ArgumentTypeError(f"`{text}` is not a size above zero")
    return value


def seconds(text: str) -> float:
    """Seconds of `90`, `2.5`, `10m`, `1h`."""
    plain = text.strip().lower()
    number, unit = (plain[:-1], plain[-1]) if plain and plain[-1] in _SECONDS else (plain, "")
    try:
        value = float(number) * _SECONDS[unit]
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is not a time; write 30, 10m or 1h") from None
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"`{text}` is not a time above zero")
    return value


def run(args: argparse.Namespace) -> int:
    """Run it; the exit code is the command's. Does not return: Python's own way to its end takes 8 ms more."""
    gc.set_threshold(_GARBAGE)
    status = _run(args)
    for stream in (sys.stdout, sys.stderr):
        if stream:  # None when it was closed before we began
            stream.flush()
    os._exit(status)


def _run(args: argparse.Namespace) -> int:
    argv = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not argv:
        raise UsageError("no command was given", hint="write it after `--`")
    if sys.platform != "linux":
        raise SandboxUnavailable("`sandbox exec` needs Linux", hint="on macOS use `assistant run`")
    from assistant.sandbox.channel import Channel

    channel = Channel.start()  # before anything else: it starts up while we do
    try:
        return _run_in_room(args, argv, channel)
    finally:
        channel.close()


def _run_in_room(args: argparse.Namespace, argv: list[str], channel: Channel) -> int:
    from assistant.config import find_paths
    from assistant.sandbox.once import OneCommand, write_through
    from assistant.sandbox.protocol import Command
    from assistant.types import Limits

    limits = Limits(
        wall_s=args.timeout or _DEFAULT_WALL_S, memory_bytes=args.memory, processes=args.pids, disk_bytes=args.disk
    )
    command = Command(
        tuple(argv),
        env=_variables(args.env),
        limits=limits,
        hosts=tuple(args.allow_host),
        read_only=tuple(str(Path(p).resolve()) for p in args.read_only),
        pty=args.pty,
    )
    terminal = _terminal() if args.pty else None
    paths, sink = find_paths(), _json_sink if args.json else write_through
    if not args.json and not argv[0].isprintable():
        sink = _harmless(sink)
    one = OneCommand(paths, Path(args.folder), command, channel, terminal)
    try:
        ended = _run_one(one, sink, terminal)
    except SandboxUnavailable as error:
        one = _weaker(
            error, paths, lambda started: OneCommand(paths, Path(args.folder), command, started, terminal, loose=True)
        )
        ended = _run_one(one, sink, terminal)
    try:
        _settle(one, ended, args)
    finally:
        one.close()
    return ended.status


def _run_one(one: OneCommand, sink: Sink, terminal: LentTerminal | None) -> Ended:
    try:
        return one.run(sink, lambda text: _say(f"warning: {text}"))
    except BaseException:
        one.discard()
        raise
    finally:
        if terminal is not None:
            terminal.restore()


def _weaker(error: SandboxUnavailable, paths: Paths, make: Callable[[Channel], OneCommand]) -> OneCommand:
    """The same command by the engine that stands in for rooms where none can be made. Raises `error` when there is none."""
    from assistant.sandbox.channel import Channel
    from assistant.sandbox.engine import find_sandbox

    if find_sandbox(paths).name != "landlock":
        raise error
    return make(Channel.start())


def _variables(given: list[str]) -> dict[str, str]:
    for text in given:
        if "=" not in text or text.startswith("="):
            raise UsageError(f"`{text}` is not a variable", hint="write NAME=VALUE")
    return dict(text.split("=", 1) for text in given)


def _terminal() -> LentTerminal:
    from assistant.sandbox.terminal import LentTerminal

    return LentTerminal()


def _settle(one: OneCommand, ended: Ended, args: argparse.Namespace) -> None:
    """Apply, drop or keep what it changed, and say what a person must know."""
    changes = one.stage.changes()
    report: ApplyReport | None = None
    limits = {"memory", "processes", "disk", "wall", "output", "file"}
    if ended.limit_hit in limits and not args.json:
        _say(f"the command was ended by its limit: {_LIMIT_WORDS[ended.limit_hit]}")
    if args.apply and ended.limit_hit != "disk" and changes:
        report = _apply(one, changes)
        left = [*report.held, *report.conflicts]
    else:
        left = changes
    if args.drop or not changes:
        one.discard()
    else:
        _trim_old(one, empty=report is not None and not (left or report.failed))
    if args.json:
        _print_result(one, ended, changes, report)
    elif report is not None:
        _tell_apply(one.task, report)
    elif changes and not args.drop:
        _tell_staged(one.task, left)


def _apply(one: OneCommand, changes: list[Change]) -> ApplyReport:
    if all(change.held for change in changes):
        return one.stage.apply()  # applies nothing, and says why
    from assistant.gateway.single import apply_recorded

    return apply_recorded(one.paths, one.stage, one.task, changes, one.command.argv)


_LIMIT_WORDS = {
    "memory": "memory",
    "processes": "number of processes",
    "disk": "space on disk; its changes stay staged",
    "wall": "time",
    "output": "output",
    "file": "size of a file",
}


def _tell_apply(task: str, report: ApplyReport) -> None:
    from assistant.visible import one_line

    for change in report.held[:_SHOWN]:
        _say(f"held for review: {one_line(change.path)} ({change.held})")
    for change in report.conflicts[:_SHOWN]:
        _say(f"not applied, since the real file changed meanwhile: {one_line(change.path)}")
    for path, reason in report.failed[:_SHOWN]:
        _say(f"not applied: {one_line(path)}: {reason}")
    more = len(report.held) + len(report.conflicts) + len(report.failed)
    if more:
        _say(f"{more} changes stay staged as task {task}; see `assistant stage diff {task}`")


def _tell_staged(task: str, changes: list[Change]) -> None:
    from assistant.visible import one_line

    for change in changes[:_SHOWN]:
        _say(f"staged: {change.kind} {one_line(change.path)}{f' (held: {change.held})' if change.held else ''}")
    if len(changes) > _SHOWN:
        _say(f"… and {len(changes) - _SHOWN} more")
    _say(f"{len(changes)} changes are staged as task {task}; `assistant stage apply {task}` applies them")


def _say(text: str) -> None:
    if sys.stderr:
        sys.stderr.write(f"assistant: {text}\n")


def _harmless(sink: Sink) -> Sink:
    """For a program whose name could steer the terminal: `prlimit` or `setsid`, which start it, repeat it when there is no such
    program. What a program itself prints goes through untouched, as ever."""
    from codecs import getincrementaldecoder

    from assistant.visible import visible

    decoder = getincrementaldecoder("utf-8")("backslashreplace")
    told: list[bool] = []

    def pass_on(stream: int, data: bytes) -> None:
        if data and not told:
            told.append(data.startswith((b"prlimit: ", b"setsid: ", b"failed to execute ")))
        if told == [True]:
            data = "\r\n".join(map(visible, decoder.decode(data).split("\r\n"))).encode()  # a terminal needs both
        sink(stream, data)

    return pass_on


def _json_sink(stream: int, data: bytes) -> None:
    import json

    name = "stdout" if stream == 1 else "stderr"
    try:
        line = json.dumps({"stream": name, "text": data.decode("utf-8")})
    except UnicodeDecodeError:
        import base64

        line = json.dumps({"stream": name, "base64": base64.b64encode(data).decode()})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _print_result(one: OneCommand, ended: Ended, changes: list[Change], report: ApplyReport | None) -> None:
    import json

    from assistant.types import plain

    result = {
        "task": one.task if changes else "",
        "status": ended.status,
        "signal": ended.signal,
        "limit_hit": ended.limit_hit,
        "wall_ms": ended.wall_ms,
        "hosts": [plain(h) for h in ended.hosts],
        "changes": [_readable(c) for c in changes],
    }
    if report is not None:
        result["applied"] = [_readable(c)["path"] for c in report.applied]
        result["held"] = [_readable(c)["path"] for c in report.held]
        result["conflicts"] = [_readable(c)["path"] for c in report.conflicts]
        result["failed"] = [list(item) for item in report.failed]
        result["undo_id"] = report.undo_id
    sys.stdout.write(json.dumps(result, ensure_ascii=True, default=str) + "\n")


def _readable(change: Change) -> dict[str, object]:
    from assistant.types import plain

    body: dict[str, object] = plain(change)
    for key in ("path", "old_path"):
        if key in body:
            body[key] = os.fsencode(str(body[key])).decode("utf-8", "backslashreplace")
    return body


def _trim_old(one: OneCommand, *, empty: bool) -> None:
    """Stages of earlier commands that hold nothing but what could be undone are kept for a while, then removed."""
    from assistant.sandbox.leftover import mark_empty, trim_command_stages

    if empty:
        mark_empty(one.stages / one.task)
    trim_command_stages(one.stages, keep=one.task)
