"""Which models there are, what they cost, and the keys to them.

assistant models list              what can be used now, and why the rest can't
assistant models show MODEL        one model
assistant models keys              where each provider's key comes from (never the key)
assistant models keys set NAME     keep a key in the system's keyring; it is read from the terminal or standard input
assistant models keys forget NAME
assistant models costs             what they have used day by day: tokens, caches, money, energy
assistant models complete          ask one model once: JSON on standard input, JSON on standard output
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from assistant.config import find_paths, load_settings
from assistant.errors import UsageError
from assistant.models import keys
from assistant.models.catalogue import OFFLINE, Access, Catalogue
from assistant.models.local_servers import Found
from assistant.models.providers import PROVIDERS
from assistant.types import ModelInfo
from assistant.visible import one_line


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `assistant models`."""
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="what can be used now, and why the rest can't")
    listing.add_argument("--all", action="store_true", help="models of providers without a key too")
    listing.add_argument("--json", action="store_true", help="one JSON object a model")
    show = commands.add_parser("show", help="one model")
    show.add_argument("model", help="as provider/name")
    show.add_argument("--json", action="store_true")
    ring = commands.add_parser("keys", help="where keys come from; keep or forget one")
    ring.add_argument("action", nargs="?", choices=["list", "set", "forget"], default="list")
    ring.add_argument("provider", nargs="?", default="")
    ring.add_argument("--json", action="store_true")
    fetch = commands.add_parser("fetch", help="fetch a model file for the embedded engine")
    fetch.add_argument("name", help="OWNER/REPOSITORY/FILE.gguf on Hugging Face")
    costs = commands.add_parser("costs", help="what models have used, day by day: tokens, caches, money, energy")
    costs.add_argument("--days", type=int, default=14, help="how many days back (default: 14)")
    costs.add_argument("--json", action="store_true", help="one JSON object for each day and model")
    complete = commands.add_parser("complete", help="ask one model once, JSON in and out")
    complete.add_argument("--lines", action="store_true", help="one JSON object a line, one process for all")


def run(args: argparse.Namespace) -> int:
    """Run one of them. Raises UsageError."""
    if args.command == "complete":
        from assistant.models.complete import run_complete  # the other commands do without the wire protocols

        return run_complete(lines=args.lines)
    if args.command == "costs":
        from assistant.cli.costs import run_costs  # the other commands do without the log

        return run_costs(args)
    paths = find_paths()
    if args.command == "fetch":
        return _fetch(args.name, paths.models)
    catalogue = Catalogue(load_settings(paths).model, models_folder=paths.models)
    if args.command == "show":
        return _show(catalogue, args.model, args.json)
    if args.command == "keys":
        return _keys(catalogue, args)
    return asyncio.run(_list(catalogue, args))


async def _list(catalogue: Catalogue, args: argparse.Namespace) -> int:
    infos, default = await catalogue.models(), await catalogue.default()
    if args.json:
        for info in infos:
            if info.usable or args.all:
                _print_json({**msgspec.to_builtins(info), "usable": info.usable, "default": info.id == default})
        return 0
    accesses, found = await asyncio.gather(catalogue.providers(), catalogue.local())
    for info in infos:
        if info.usable or args.all:
            mark = "*" if info.id == default else " " if info.usable else "-"
            print(f"{mark} {_line(info)}")
    print(f"\nA new task gets {default}. Any other name of a usable provider may be given too.", file=sys.stderr)
    for sentence in _why_not(accesses, found):
        print(sentence, file=sys.stderr)
    return 0


def _why_not(accesses: list[Access], found: list[Found]) -> list[str]:
    rows = [f"  {a.provider:<14} {a.why_not}" for a in accesses if a.connection is None]
    rows += [f"  {f.server.provider:<14} {f.problem}" for f in found if f.problem]
    return ["Not usable now (`assistant models keys set NAME` keeps a key):", *rows] if rows else []


def _show(catalogue: Catalogue, model: str, as_json: bool) -> int:
    info = catalogue.info(model)
    try:
        if info.provider != OFFLINE.provider:
            info, _ = asyncio.run(catalogue.open(model))
    except UsageError as error:
        info = msgspec.structs.replace(info, usable=False, why_not=error.message.partition(": ")[2])
    if as_json:
        _print_json({**msgspec.to_builtins(info), "usable": info.usable})
        return 0
    print(info.id)
    print(f"  usable now     {'yes' if info.usable else 'no: ' + info.why_not}")
    print(f"  runs           {'on this machine' if info.local else 'at the provider'}")
    print(f"  reads at most  {_tokens(info.context_tokens)}")
    print(f"  writes at most {_tokens(info.max_output_tokens)}")
    print(f"  sees images    {'yes' if info.sees_images else 'not known to'}")
    print(f"  calls tools    {'yes' if info.calls_tools else 'no'}")
    print(f"  price          {_price(info)}")
    if info.cache_read_uusd_per_mtok is not None and not info.local:
        print(f"  cached input   {_usd(info.cache_read_uusd_per_mtok)} a million tokens")
    return 0


def _keys(catalogue: Catalogue, args: argparse.Namespace) -> int:
    if args.action != "list":
        known = args.provider in PROVIDERS or args.provider in load_settings(find_paths()).model.api_base
        if not known:
            raise UsageError(f"no provider is called `{args.provider}`", hint=f"known: {', '.join(PROVIDERS)}")
        if args.action == "set":
            keys.store(args.provider, _read_key(args.provider))
        else:
            keys.forget(args.provider)
        return 0
    for access in asyncio.run(catalogue.providers()):
        row = {"provider": access.provider, "key_from": access.key_from, "why_not": access.why_not}
        if args.json:
            _print_json(row)
        else:
            print(f"{access.provider:<14} {access.key_from or access.why_not or 'needs none'}")
    return 0


def _fetch(name: str, folder: Path) -> int:
    from assistant.models.fetch_model import fetch_model  # nothing else here uses the network

    def progress(done: int, total: int) -> None:
        if sys.stderr.isatty():
            share = f" of {total / 1e6:,.0f}" if total else ""
            print(f"\r{done / 1e6:,.0f}{share} MB", end="", file=sys.stderr, flush=True)

    file = fetch_model(name, folder, progress)
    print(f"local/{file.stem}")
    return 0


def _read_key(provider: str) -> str:
    if sys.stdin.isatty():
        from getpass import getpass  # only where there is a terminal to ask on

        key = getpass(f"Key for {provider} (not shown): ")
    else:
        key = sys.stdin.readline()
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise UsageError("that is not a key", hint="paste the key as the provider shows it, on one line")
    return key


def _line(info: ModelInfo) -> str:
    what = _price(info) if info.usable else info.why_not
    return f"{one_line(info.id, 60):<44} {_tokens(info.context_tokens):>14}  {what}"


def _tokens(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,} tokens"


def _price(info: ModelInfo) -> str:
    if info.local:
        return "free: runs here"
    if info.input_uusd_per_mtok is None or info.output_uusd_per_mtok is None:
        return "price unknown"
    prices = f"{_usd(info.input_uusd_per_mtok)} in, {_usd(info.output_uusd_per_mtok)} out a million tokens"
    return f"{prices} ({info.price_date})" if info.price_date else prices


def _usd(uusd: int) -> str:
    return f"${uusd / 1_000_000:.2f}" if uusd % 10_000 == 0 else f"${uusd / 1_000_000:.4f}"


def _print_json(row: object) -> None:
    print(msgspec.json.encode(row).decode())
