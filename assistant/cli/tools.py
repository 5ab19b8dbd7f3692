"""List, show, write and check tools.

  assistant tools list                       all tools: what each can do, and how the person's own differ
  assistant tools show read_file             one tool: can, cannot, effect, arguments, limits, example
  assistant tools new count_words            a working tool of your own, to change as you like
  assistant tools check [NAME]               the conformance run of one tool (default: your own), in a real sandbox

Your own tools lie in the configuration folder and run under the same rules as all others. `check` exits with 2 when a check
fails and with 6 where no sandbox holds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.config import find_paths
from assistant.errors import ToolError, UsageError
from assistant.shipped import shipped
from assistant.types import plain
from assistant.visible import one_line, visible

if TYPE_CHECKING:
    from assistant.gateway.registry import Registry
    from assistant.types import ToolSpec


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `tools`."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="list | show | new | check")
    for name, words in (
        ("list", "all tools"),
        ("show", "one tool in full"),
        ("new", "write a tool of your own that works"),
        ("check", "the conformance run of a tool"),
    ):
        command = commands.add_parser(name, help=words)
        if name in ("show", "new"):
            command.add_argument("name")
        if name == "check":
            command.add_argument("name", nargs="?", default="", help="default: all of your own")
        command.add_argument("--json", action="store_true", help="JSON lines on stdout")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    own = Path(find_paths().config) / "tools"
    if args.action == "new":
        return _new(own, args.name, args.json)
    from assistant.gateway.registry import Registry

    registry = Registry.load([shipped("tools"), own])
    if args.action == "list":
        return _list(registry, args.json)
    if args.action == "show":
        return _show(registry, args.name, args.json)
    return asyncio.run(_check(registry, args.name, args.json))


def _list(registry: Registry, as_json: bool) -> int:
    for spec in registry.all():
        if as_json:
            print(
                json.dumps({"name": spec.name, "effect": spec.effect, "origin": spec.origin, "summary": spec.summary})
            )
        else:
            mark = " (yours)" if spec.origin != "shipped" else ""
            print(f"{spec.name:<16} {spec.effect:<8} {one_line(spec.can, 100)}{mark}")
    return 0


def _show(registry: Registry, name: str, as_json: bool) -> int:
    spec = registry.get(name)
    if as_json:
        print(json.dumps(plain(spec)))
        return 0
    print(visible("\n".join(_lines(spec))))
    return 0


def _lines(spec: ToolSpec) -> list[str]:
    lines = [
        f"{spec.name}: {spec.summary}",
        f"can       {spec.can}",
        f"cannot    {spec.cannot}",
        f"effect    {spec.effect}",
        f"output    {spec.output.integrity}, {spec.output.confidentiality}",
        f"network   {', '.join(spec.hosts) or 'the addresses it is asked for, each judged' if spec.effect == 'fetch' else 'none'}",
    ]
    required: list[str] = spec.parameters.get("required", [])
    for name, schema in spec.parameters.get("properties", {}).items():
        meaning = spec.args[name]
        kind = schema.get("type") or ", ".join(map(str, schema.get("enum", [])))
        words = f"{kind}; {meaning.role}, {meaning.kind}{'' if name in required else '; optional'}"
        lines.append(f"argument  {name}: {words}{'; ' + schema['description'] if 'description' in schema else ''}")
    limits = {k: v for k, v in plain(spec.limits).items() if v is not None}
    lines.append(f"limits    {', '.join(f'{k} {v}' for k, v in limits.items()) or 'the sandbox engine`s own'}")
    lines.append(f"example   {json.dumps(dict(spec.example), ensure_ascii=False)}")
    lines.append(f"from      {spec.folder} ({'yours' if spec.origin != 'shipped' else 'shipped'})")
    return lines


def _new(own: Path, name: str, as_json: bool) -> int:
    from assistant.gateway.registry import MANIFEST, NAME, read_manifest

    if not NAME.match(name):
        raise UsageError(
            f"`{one_line(name, 60)}` can't name a tool", hint="2 to 48 small letters, digits and _: count_words"
        )
    if (shipped("tools") / name).exists():
        raise UsageError(f"`{name}` is the name of a shipped tool", hint="choose another")
    folder = own / name
    try:
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        raise UsageError(f"`{folder}` exists already", hint=f"assistant tools check {name}") from None
    except OSError as error:
        raise UsageError(f"`{folder}` can't be made: {error.strerror}") from error
    (folder / MANIFEST).write_text(_MANIFEST.replace("NAME", name), encoding="utf-8")
    (folder / "main.py").write_text(_PROGRAM, encoding="utf-8")
    read_manifest(folder / MANIFEST, "own")
    if as_json:
        print(json.dumps({"name": name, "folder": str(folder)}))
    else:
        print(f"{folder}\n  change tool.toml and main.py, then: assistant tools check {name}")
    return 0


async def _check(registry: Registry, name: str, as_json: bool) -> int:
    import tempfile

    from assistant.gateway.conformance import check_tool
    from assistant.sandbox.engine import find_sandbox

    specs = [registry.get(name)] if name else [s for s in registry.all() if s.origin != "shipped"]
    if not specs:
        raise ToolError(
            "there are no tools of your own to check", hint="assistant tools check NAME, or assistant tools new NAME"
        )
    sandbox = find_sandbox(find_paths())
    failed = 0
    for spec in specs:
        with tempfile.TemporaryDirectory(prefix="assistant-check-") as scratch:
            async for check in check_tool(spec, registry.cases(spec.name), sandbox, Path(scratch).resolve()):
                failed += not check.ok
                line: dict[str, Any] = {"tool": spec.name, "check": check.name, "ok": check.ok, "detail": check.detail}
                words = f"{spec.name}: {check.name}"
                print(
                    json.dumps(line)
                    if as_json
                    else f"{'ok  ' if check.ok else 'FAIL'} {visible(words)}{': ' + visible(check.detail) if check.detail else ''}"
                )
    if failed and not as_json:
        print(f"{failed} check{'s' if failed > 1 else ''} failed")
    return 2 if failed else 0


_MANIFEST = """name = "NAME"
summary = "Count the words of a text file."     # for the model: short
can = "Read a text file of this task's folder and count its words."
cannot = "Change anything."
effect = "read"                                 # read write delete execute fetch send act
program = ["main.py"]

[parameters]                                    # JSON schema
type = "object"
required = ["path"]

[parameters.properties.path]
type = "string"

[args.path]                                     # what each argument means
role = "target"                                 # target dest payload param secret
kind = "path"                                   # path glob command url host address text number flag value

[output]
integrity = "untrusted"                         # what comes from files may lie
confidentiality = "private"

[limits]
wall_s = 20
output_bytes = 10000

[example]
path = "notes.txt"

[[tests]]
args = { path = "a.txt" }
files = { "a.txt" = "one two three" }
expects = "3 words"

[[tests]]
args = { path = "none.txt" }
error = "not_found"
"""

_PROGRAM = '''"""Counts the words of a text file."""

import os

from _kit.files import open_file
from _kit.names import within


def run(args, call):
    """`args` are the checked arguments, paths absolute. Return a text, or raise `_kit.problem.Problem(code, text)`."""
    fd, status, path = open_file(args["path"])  # refuses folders, pipes and devices in words
    with os.fdopen(fd, "rb") as file:
        count = sum(len(line.split()) for line in file)
    return f"{within(path, call.folder)}: {count} words"
'''
