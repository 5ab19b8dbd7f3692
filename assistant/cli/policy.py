"""Check, test and explain policies; grants, and what waits for a yes.

check                 parse and validate every policy file that holds here (and FILE, if given)
test                  run the examples that each policy file ships with
explain ACTION.json   the verdict on an action, the policies that made it, and what would change it (`-` reads it from
                      standard input); the file holds {"action": {...}} and, if wanted, said, owner, observed, grants,
                      autonomy, packs
grants                standing permissions: list, revoke, add, dry-run
waiting [TASK]        what was refused since nobody was there; --yes DIGEST agrees to one
judge                 answer JSON lines on standard input: start, call, result
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from assistant.cli import standing
from assistant.config import find_paths
from assistant.errors import UsageError
from assistant.gateway.policies import Policies
from assistant.shipped import shipped


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `assistant policy`."""
    commands = parser.add_subparsers(dest="what", required=True, metavar="{check,test,explain,grants,waiting,judge}")
    standing.add_grants(commands.add_parser("grants"))
    standing.add_waiting(waiting := commands.add_parser("waiting"))
    waiting.add_argument("--json", action="store_true", help="JSON lines instead of text")
    for name in ("check", "test", "explain", "judge"):
        command = commands.add_parser(name)
        command.add_argument("--folder", default="", help="also read the policies of this task folder")
        if name == "check":
            command.add_argument("file", nargs="?", help="a policy file to check as if it were the person's own")
        if name == "explain":
            command.add_argument("action", help="a JSON file, or - for standard input")
        if name != "judge":
            command.add_argument("--json", action="store_true", help="JSON lines instead of text")


def run(args: argparse.Namespace) -> int:
    """Run one of the commands; the exit code is 0, or 2 when something is wrong with a policy or an example."""
    if args.what == "grants":
        return standing.run_grants(args)
    if args.what == "waiting":
        return standing.run_waiting(args)
    folder = str(Path(args.folder).expanduser().absolute()) if args.folder else ""
    policies = Policies(find_paths(), folder)
    return {"check": _check, "test": _test, "explain": _explain, "judge": _judge}[args.what](args, policies)


def _emit(record: dict[str, Any]) -> None:
    import orjson

    print(orjson.dumps(record).decode())


def _check(args: argparse.Namespace, policies: Policies) -> int:
    from assistant.policy.engine import Engine
    from assistant.policy.files import Layer, PolicyFile

    engine = policies.engine()
    problems = list(engine.problems)
    if args.file:
        path = Path(args.file)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"`{path}` can't be read: {error}") from error
        root = shipped("policies")
        files = [
            PolicyFile(Layer.SHIPPED, p.relative_to(root).as_posix(), p.read_text(encoding="utf-8"))
            for p in sorted(root.rglob("*.cedar*"))
        ]
        problems += Engine.build([*files, PolicyFile(Layer.USER, path.name, text)]).problems
    for problem in problems:
        if args.json:
            _emit({"file": problem.file, "line": problem.line, "message": problem.message, "hint": problem.hint})
        else:
            print(problem, file=sys.stderr)
    if not problems and not args.json:
        known = len(engine.common) + sum(map(len, engine.levels.values())) + sum(map(len, engine.packs.values()))
        print(f"{known} policies, packs: {', '.join(sorted(engine.packs))}; on: {', '.join(engine.enabled) or 'none'}")
    return 2 if problems else 0


def _test(args: argparse.Namespace, policies: Policies) -> int:
    from assistant.policy import examples

    engine = policies.engine()
    root = shipped("policies")
    folders = [root, Path(find_paths().config) / "policies"]
    count, failures = 0, list[examples.Failure]()
    for folder in folders:
        for path in sorted(folder.rglob("*.examples.toml")):
            name = path.relative_to(folder).as_posix()
            found = examples.read(path.read_text(encoding="utf-8"), name)
            count += len(found)
            failures += examples.check(engine, name, found)
    for failure in failures:
        if args.json:
            _emit({"file": failure.file, "example": failure.example, "message": failure.message})
        else:
            print(f"{failure.file}: {failure.example}: {failure.message}", file=sys.stderr)
    if args.json:
        _emit({"examples": count, "failed": len(failures)})
    else:
        print(f"{count} examples, {len(failures)} failed")
    return 2 if failures else 0


def _explain(args: argparse.Namespace, policies: Policies) -> int:
    import msgspec

    from assistant.policy.explain import Situation, explain

    try:
        raw = sys.stdin.buffer.read() if args.action == "-" else Path(args.action).read_bytes()
        tree = msgspec.json.decode(raw)
        situation = msgspec.convert(tree if "action" in tree else {"action": tree}, Situation)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError, TypeError) as error:
        raise UsageError(f"`{args.action}` can't be read: {error}", hint="it holds one action as JSON") from error
    found = explain(policies.engine(), situation)
    if args.json:
        _emit(msgspec.to_builtins(found))
        return 0
    from assistant.visible import one_line

    print(f"{found.verdict.decision}: {one_line(found.verdict.reason, 500)}")
    for source in found.sources:
        print(f"  {source.id}  ({source.place})" + (f"  {one_line(source.reason)}" if source.reason else ""))
    for sign in found.signs:
        print(f"  warning sign: {sign}")
    for trace in found.verdict.traces:
        print(f"  {one_line(trace.argument)}: {one_line(trace.note)}")
    for change in found.changes:
        print(f"  would change it: {one_line(change, 400)}")
    return 0


def _judge(args: argparse.Namespace, policies: Policies) -> int:
    import json

    import orjson

    from assistant.policy.judge import Judge

    judge = Judge(policies.engine())
    write, flush = sys.stdout.buffer.write, sys.stdout.buffer.flush
    for line in sys.stdin.buffer:
        try:
            message = json.loads(line)  # takes lone surrogates, which orjson refuses
        except (ValueError, RecursionError) as error:
            answer: dict[str, Any] = {"decision": "deny", "reason": f"the line is not JSON: {error}"}
        else:
            answer = judge.answer(message)
        try:
            raw = orjson.dumps(answer)
        except (orjson.JSONEncodeError, TypeError):  # a lone surrogate in a reason
            raw = orjson.dumps({"decision": answer.get("decision", "deny"), "reason": "the reason can't be written"})
        write(raw + b"\n")
        flush()
    return 0
