"""Show every setting with its value and where it comes from, or change one.

assistant config show                          every setting
assistant config set autonomy approver         checked, logged, written to config.toml; comments stay
assistant config set me ada@example.com, ada@work.example
assistant config unset autonomy                its default again
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from assistant.config import explain_settings, find_paths, parse_setting
from assistant.errors import UsageError


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `config`."""
    parser.add_argument("what", choices=["show", "path", "set", "unset"], nargs="?", default="show")
    parser.add_argument("name", nargs="?", default="", help="the setting, as `show` names it")
    parser.add_argument("value", nargs="*", help="what it is to be")
    parser.add_argument("--json", action="store_true", help="JSON lines on stdout")


def run(args: argparse.Namespace) -> int:
    """Print or change them."""
    if args.what in ("set", "unset"):
        return _change(args)
    if args.name:
        raise UsageError(f"`config {args.what}` takes no further words", hint="to change one: assistant config set")
    paths = find_paths()
    if args.what == "path":
        print(f"{paths.config}/config.toml")
        return 0
    for name, value, origin in explain_settings(paths):
        _print(name, value, origin, as_json=args.json)
    return 0


def _change(args: argparse.Namespace) -> int:
    text = " ".join(args.value)
    if not args.name or (args.what == "set") != bool(text.strip()):
        raise UsageError("name one setting and what it is to be", hint="assistant config set autonomy approver")
    value = parse_setting(args.name, text)
    from assistant.compose import build_desk

    async def change() -> None:
        desk = build_desk()
        try:
            await desk.arrangements.change_setting(args.name, value)
        finally:
            await desk.aclose()

    asyncio.run(change())
    for name, now, origin in explain_settings(find_paths()):
        if name == args.name or name.startswith(f"{args.name}."):
            _print(name, now, origin, as_json=args.json)
            if origin.startswith("ASSISTANT_"):
                print(f"assistant: {origin} is set and wins over the file until it is unset", file=sys.stderr)
    return 0


def _print(name: str, value: object, origin: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"name": name, "value": value, "origin": origin}))
    else:
        print(f"{name} = {json.dumps(value)}    # {origin}")
