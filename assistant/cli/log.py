"""Read, search, prove, export and verify the action log.

assistant log list --task 3f --kind outcome --since 2d
assistant log search "quarterly report"
assistant log show 120
assistant log verify
assistant log report --out report.html
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import AssistantError, LogDamaged, LogError, UsageError
from assistant.translation import LANGUAGES

if TYPE_CHECKING:
    from assistant.audit.entry import Entry
    from assistant.audit.log import Log
    from assistant.audit.page import Filter


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `assistant log`."""
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, words: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words.capitalize() + ".")
        sub.set_defaults(answer=run)
        sub.add_argument("--db", type=Path, metavar="FILE", help="another log's database (read only)")
        return sub

    _add_reading(command)
    _add_proving(command)
    _add_passing_on(command)
    _add_keeping(command)


def _add_reading(command: Callable[..., argparse.ArgumentParser]) -> None:
    sub = command("list", "list entries, newest last", _list)
    _add_filters(sub)
    sub = command("search", "find entries by the words in them and in their contents", _search)
    sub.add_argument("words", nargs="+", metavar="WORD")
    _add_filters(sub)
    sub = command("show", "show one entry with its contents, and what led to it", _show)
    sub.add_argument("seq", type=int, metavar="SEQ")
    sub.add_argument("--json", action="store_true", help="one JSON object")


def _add_filters(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--task", default="", help="of this task (the beginning of its id is enough)")
    sub.add_argument("--kind", action="append", default=[], metavar="KIND", help="of this kind; may be given again")
    sub.add_argument("--tool", default="", help="all entries of this tool's calls")
    sub.add_argument("--verdict", default="", choices=["", "allow", "ask", "deny"], help="decisions with this verdict")
    sub.add_argument("--model", default="", help="naming this model: openai/gpt-x, gpt-x, or all of openai")
    sub.add_argument("--host", default="", help="reaching this host or one below it")
    sub.add_argument("--path", default="", help="about a path that contains this")
    sub.add_argument("--since", default="", metavar="WHEN", help="2026-11-24, 2026-11-24T13:00, or 90m, 5h, 2d ago")
    sub.add_argument("--until", default="", metavar="WHEN", help="as --since")
    sub.add_argument("--before", type=int, metavar="SEQ", help="only entries before this one: the next page")
    sub.add_argument("--limit", type=int, default=200, metavar="N", help="the newest N (default 200; 0: all)")
    sub.add_argument("--json", action="store_true", help="JSON lines")


def _add_proving(command: Callable[..., argparse.ArgumentParser]) -> None:
    sub = command("verify", "verify every entry, checkpoint and content; exit code 7 when something is wrong", _verify)
    sub.add_argument(
        "--trust", type=Path, metavar="DIR", help="the trust folder to verify against (default: this person's)"
    )
    sub.add_argument(
        "--vkey", action="append", default=[], metavar="KEY", help="a public key that may vouch for the log"
    )
    sub.add_argument(
        "--witness", action="append", default=[], type=Path, metavar="FILE", help="a checkpoint kept elsewhere"
    )
    sub.add_argument("--ask", action="store_true", help="ask the witnesses over the network for what they keep")
    sub.add_argument(
        "--processes", type=int, default=0, metavar="N", help="read with N processes (default: 2 where there are)"
    )
    sub.add_argument("--json", action="store_true", help="one JSON object")
    sub.add_argument("--progress", action="store_true", help="JSON lines {done, total} on standard error")
    sub = command("checkpoint", "print the last checkpoint, a signed note", _checkpoint)
    sub.add_argument("--size", type=int, metavar="N", help="the one over the first N entries")
    sub.add_argument("--vkey", action="store_true", help="print the public key instead")
    sub.add_argument("--accept-tail", action="store_true", help="sign entries at the end that no checkpoint covers")
    sub = command("prove", "print the proof that an entry is in the log, as JSON", _prove)
    sub.add_argument("seq", type=int, metavar="SEQ")
    sub.add_argument("--size", type=int, metavar="N", help="in the log of N entries (default: all)")
    sub = command(
        "consistency", "print the proof that an older log is the beginning of this one, as JSON", _consistency
    )
    sub.add_argument("old", metavar="OLD", help="a number of entries, or a file with a checkpoint")


def _add_passing_on(command: Callable[..., argparse.ArgumentParser]) -> None:
    sub = command("export", "write entries with proofs as JSON lines, or send them as OpenTelemetry", _export)
    sub.add_argument("--task", default="", help="only of this task")
    sub.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    sub.add_argument("--contents", action="store_true", help="with the contents that lie apart")
    sub.add_argument(
        "--otlp", default="", metavar="URL", help="send GenAI spans to a collector, such as http://127.0.0.1:4318"
    )
    sub = command("report", "write one self-contained HTML page about the log or a task", _report)
    sub.add_argument("--task", default="", help="only this task")
    sub.add_argument(
        "--out", type=Path, default=Path("log-report.html"), metavar="FILE", help="default: log-report.html"
    )
    sub.add_argument("--limit", type=int, default=5000, metavar="N", help="the newest N entries (default 5000; 0: all)")
    sub.add_argument("--lang", default="", choices=list(LANGUAGES), help="its language (default: as in the settings)")


def _add_keeping(command: Callable[..., argparse.ArgumentParser]) -> None:
    sub = command("erase", "erase a content for good; the log still verifies and shows that it was erased", _erase)
    sub.add_argument("what", nargs="?", metavar="SHA256|SEQ", help="a content's hash, or an entry: all its contents")
    sub.add_argument("--task", default="", help="all contents of this task, its title and folder too")
    sub.add_argument("--reason", default="", help="kept in the log")
    sub = command("rotate-key", "sign with a new key from now on", _rotate)
    sub.add_argument("--lost", action="store_true", help="the old key is gone: the log will tell that it did not agree")
    sub = command("witness", "keep checkpoints in a second place: a file, a git remote, another machine", _witness)
    sub.add_argument("action", choices=["add", "list", "remove", "send", "serve"])
    sub.add_argument(
        "place", nargs="?", default="", help="add/remove: file:PATH, git:REMOTE or http://HOST:PORT; serve: a folder"
    )
    sub.add_argument(
        "--vkey", default="", metavar="KEY", help="add: the witness's public key; serve: a log's key to accept"
    )
    sub.add_argument("--listen", default="127.0.0.1:8344", metavar="HOST:PORT", help="serve: default 127.0.0.1:8344")
    sub.add_argument("--name", default="", help="serve: the witness's name")


def run(args: argparse.Namespace) -> int:
    """Run one `log` command. Raises LogDamaged, too, for values that no writer of ours has put into the database."""
    try:
        return args.answer(args)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        if args.answer is _witness:
            raise
        raise LogDamaged(
            f"the log holds values that were never written there: {error!r}", hint="see `assistant log verify`"
        ) from error
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise LogError(f"the log can't be read: {error}", hint="may you read it, and its folder?") from error


# ---------------------------------------------------------------- reading


def _open(args: argparse.Namespace, *, write: bool = False) -> Log:
    from assistant.audit.log import Log
    from assistant.config import find_paths

    if write and args.db is not None:
        raise UsageError("another log's database is only read", hint="leave out --db")
    paths = find_paths()
    if not write and args.db is None and not paths.log_db.exists() and not Path(paths.trust).exists():
        raise UsageError("there is no log yet", hint="it begins with the first task")
    return Log.open(paths, read_only=not write, database=args.db)


def _speak(wanted: str = "") -> None:
    """Tell entries in the language that is `wanted`, else in the person's, as the screen does. A setting that can't be read is
    said where it matters."""
    from assistant.audit import tongue
    from assistant.config import find_paths, load_settings
    from assistant.translation import choose

    try:
        wanted = wanted or load_settings(find_paths()).look.language
    except AssistantError:
        wanted = "auto"
    tongue.speak(choose(wanted))


def _filter(args: argparse.Namespace, log: Log) -> Filter:
    from assistant.audit.page import Filter

    return Filter(
        task=_task(log, args.task),
        kinds=tuple(args.kind),
        tool=args.tool,
        verdict=args.verdict,
        model=args.model,
        host=args.host,
        path=args.path,
        from_ms=_when(args.since),
        to_ms=_when(args.until),
    )


def _task(log: Log, prefix: str) -> str:
    from assistant.audit.views import Views

    if not prefix:
        return ""
    views = Views(log)
    try:
        found = views.find_task(prefix, opened=False)
    finally:
        views.close()
    if not found:
        raise UsageError(f"the log has no task `{prefix}`", hint="`assistant tasks` lists them")
    if len(found) > 1 and prefix not in found:
        raise UsageError(
            f"`{prefix}` begins {len(found)} tasks: {', '.join(sorted(found)[:5])}", hint="give more of the id"
        )
    return prefix if prefix in found else found[0]


def _when(text: str) -> int | None:
    from assistant.audit.query import when

    return when(text) if text else None


def _list(args: argparse.Namespace) -> int:
    return _print_page(args, "")


def _search(args: argparse.Namespace) -> int:
    return _print_page(args, " ".join(args.words))


def _print_page(args: argparse.Namespace, query: str) -> int:
    from assistant.audit.search import search_entries
    from assistant.audit.views import Views

    _speak()
    log = _open(args)
    views = Views(log)
    try:
        limit = args.limit or sys.maxsize
        found = search_entries(views, query, _filter(args, log), before_seq=args.before, limit=limit, patient=True)
        _print_entries(log, reversed(found.entries), args.json)
    finally:
        views.close()
        log.close()
    return 0


def _print_entries(log: Log, entries: Iterable[Entry], as_json: bool) -> None:
    from assistant.audit.summary import preview
    from assistant.visible import visible

    for entry in entries:
        if as_json:
            print(json_text(_entry_fields(entry)))
        else:
            kind, task = visible(entry.kind), visible(entry.task)
            print(f"{entry.seq:>7}  {_clock(entry.time_ms)}  {kind:<15} {task[:8]:<8} {preview(log, entry)}")


def _entry_fields(entry: Entry) -> dict[str, Any]:
    return {"seq": entry.seq, "time_ms": entry.time_ms, "kind": entry.kind, "task": entry.task, "body": entry.body}


def _show(args: argparse.Namespace) -> int:
    from assistant.audit.views import Views, row_of

    _speak()
    log = _open(args)
    views = Views(log)
    try:
        chain = views.chain(args.seq)
        contents = {name: log.blob(sha256) for name, sha256 in zip(chain.at.blobs, chain.at.blob_hashes(), strict=True)}
        if args.json:
            texts = {name: None if data is None else data.decode(errors="replace") for name, data in contents.items()}
            print(json_text({**_entry_fields(chain.at), "contents": texts, "chain": [e.seq for e in chain.entries()]}))
            return 0
        row = row_of(chain.at, log)
        print(
            f"entry {row.seq} · {_clock(row.time_ms)} · {row.kind} · task {row.task or 'none'}\n{row.summary}\n\n{row.detail}"
        )
        for name, data in contents.items():
            print(f"\n{name}:\n{_content(data)}")
        print("\nwhat led to what:")
        _print_entries(log, chain.entries(), as_json=False)
    finally:
        views.close()
        log.close()
    return 0


def _content(data: bytes | None) -> str:
    from assistant.visible import visible

    return "  (erased)" if data is None else visible(data[:100_000].decode(errors="replace"))


def _clock(time_ms: int) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(time_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def json_text(value: Any) -> str:
    """`value` as one line of JSON, safe on a terminal."""
    import orjson

    from assistant.visible import visible_json

    return visible_json(orjson.dumps(value).decode())


# ---------------------------------------------------------------- proving


def _verify(args: argparse.Namespace) -> int:
    from assistant.cli.log_verify import run

    return run(args)


def read_text(file: Path) -> str:
    """The text of a file that the person named. Raises UsageError when it can't be read."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"`{file}` can't be read: {error}") from error


def _checkpoint(args: argparse.Namespace) -> int:
    log = _open(args, write=args.accept_tail)
    try:
        if args.accept_tail:
            from assistant.audit.upkeep import accept_tail

            print(f"{accept_tail(log)} entries are signed now, and the log tells so", file=sys.stderr)
        if args.vkey:
            for key in log.trust.pinned():
                print(key)
            return 0
        found = log.head() if args.size is None else log.checkpoint_at(args.size)
        if found is None:
            raise UsageError("there is no such checkpoint", hint="every commit has one: see `assistant log list`")
        sys.stdout.write(found[1])
    finally:
        log.close()
    return 0


def _prove(args: argparse.Namespace) -> int:
    from assistant.audit.proofs import inclusion

    log = _open(args)
    try:
        print(json_text(inclusion(log, args.seq, args.size)))
    finally:
        log.close()
    return 0


def _consistency(args: argparse.Namespace) -> int:
    from assistant.audit.checkpoint import read_checkpoint
    from assistant.audit.note import NoteError
    from assistant.audit.proofs import consistency

    root = None
    if args.old.isdigit():
        first = int(args.old)
    else:
        try:
            head = read_checkpoint(read_text(Path(args.old)))
        except NoteError as error:
            raise UsageError(f"`{args.old}` is neither a number nor a checkpoint: {error}") from error
        first, root = head.size, head.root
    log = _open(args)
    try:
        print(json_text(consistency(log, first, root)))
    finally:
        log.close()
    return 0


# ---------------------------------------------------------------- passing on


def _export(args: argparse.Namespace) -> int:
    from assistant.audit.export import export_lines
    from assistant.audit.otel import send

    log = _open(args)
    try:
        task = _task(log, args.task)
        if args.otlp:
            print(f"{send(log, args.otlp, task)} spans sent to {args.otlp}", file=sys.stderr)
            return 0
        with args.out.open("w", encoding="utf-8") if args.out else _stdout() as stream:
            for line in export_lines(log, task, contents=args.contents):
                stream.write(line + "\n")
    except OSError as error:
        raise UsageError(f"the export can't be written: {error}") from error
    finally:
        log.close()
    return 0


def _stdout() -> Any:
    from contextlib import nullcontext

    return nullcontext(sys.stdout)


def _report(args: argparse.Namespace) -> int:
    from assistant.audit.report import write_report

    _speak(args.lang)
    log = _open(args)
    try:
        write_report(log, args.out, _task(log, args.task), limit=args.limit or sys.maxsize)
        print(f"written: {args.out}")
    except OSError as error:
        raise UsageError(f"the report can't be written: {error}") from error
    finally:
        log.close()
    return 0


# ---------------------------------------------------------------- keeping


def _erase(args: argparse.Namespace) -> int:
    from assistant.audit.upkeep import erase, erase_entry, erase_task

    if bool(args.what) == bool(args.task):
        raise UsageError("say what to erase", hint="a content's hash or an entry's number, or --task and the task's id")
    log = _open(args, write=True)
    try:
        if args.task:
            done = erase_task(log, _task(log, args.task), args.reason)
        elif args.what.isdecimal():
            done = erase_entry(log, int(args.what), args.reason)
        else:
            done = erase(log, [args.what], args.reason)
        print(f"erased {done} contents")
    finally:
        log.close()
    return 0


def _rotate(args: argparse.Namespace) -> int:
    from assistant.audit.upkeep import rotate_key

    log = _open(args, write=True)
    try:
        print(rotate_key(log, lost=args.lost))
    finally:
        log.close()
    return 0


def _witness(args: argparse.Namespace) -> int:
    from assistant.audit import witness

    if args.action == "serve":
        from assistant.audit.witness_server import serve

        return serve(Path(args.place or "witness"), args.listen, args.name, args.vkey)
    log = _open(args, write=args.action != "list")
    try:
        if args.action == "add":
            witness.add(log, args.place, args.vkey)
        elif args.action == "remove":
            witness.remove(log, args.place)
        elif args.action == "send":
            for line in witness.send_all(log):
                print(line)
            return 0
        for place in witness.places(log.trust.folder):
            print(place)
    finally:
        log.close()
    return 0
