"""Set up MCP servers: other people's tools, each in a room of its own, off until you trust it.

  assistant servers list                             every configured server, and those of this project's .mcp.json
  assistant servers add files --folder stage -- mcp-server-filesystem .
  assistant servers add tracker https://mcp.example.com/mcp
  assistant servers show files                       what it is given, what it offers, what changed since you trusted it
  assistant servers trust files                      start it, show what it offers, and pin that
  assistant servers check files                      start it and list its tools; changes nothing
  assistant servers import ~/other/mcp.json          copy the entries of a file in the `mcpServers` form
  assistant servers remove files

A server by address is signed in to by `check` or `trust`: the address to open is shown, tokens are kept in the keyring.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.config import find_paths
from assistant.errors import NeedsPerson, UsageError
from assistant.visible import one_line, visible

if TYPE_CHECKING:
    from assistant.gateway.servers import Servers, ServerState
    from assistant.servers.config import ServerConfig
    from assistant.servers.offer import Offer

_VERBS = {
    "list": "every configured server",
    "add": "configure one",
    "show": "one in full, with what changed",
    "remove": "forget one",
    "trust": "pin what it offers now, so that its tools are on",
    "check": "start it and list its tools",
    "import": "copy servers of another program's file",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `servers`."""
    commands = parser.add_subparsers(dest="action", required=True, metavar=" | ".join(_VERBS))
    for name, words in _VERBS.items():
        command = commands.add_parser(name, help=words)
        if name == "import":
            command.add_argument("file", type=Path)
        elif name != "list":
            command.add_argument("name")
        if name == "trust":
            command.add_argument("--yes", action="store_true", help="don't ask: you have seen it by `show` or `check`")
            command.add_argument(
                "--role",
                action="append",
                default=[],
                metavar="TOOL.ARG=ROLE",
                help="what an argument means: dest, target, ...",
            )
        if name == "add":
            command.add_argument("--host", action="append", default=[], help="a host that it may reach")
            command.add_argument(
                "--see", action="append", default=[], metavar="FOLDER", help="a folder it sees, read-only"
            )
            command.add_argument(
                "--folder", choices=("none", "read", "stage"), default="none", help="the task's folder"
            )
            command.add_argument(
                "--env", action="append", default=[], metavar="NAME=VALUE", help="${NAME} is filled in"
            )
            command.add_argument("--header", action="append", default=[], metavar="NAME=VALUE")
            command.add_argument("--sampling", action="store_true", help="it may ask a model, each time judged")
        command.add_argument("--json", action="store_true", help="JSON on stdout")
        if name == "add":
            command.add_argument("target", help="a program, or an address of https://")
            command.add_argument("args", nargs=argparse.REMAINDER, help="the program's own arguments")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    servers = _servers()
    match args.action:
        case "list":
            return _list(servers, args.json)
        case "add":
            return _add(servers, args)
        case "show":
            return _show(servers, args.name, args.json)
        case "remove":
            return _remove(servers, args.name, args.json)
        case "import":
            return _import(servers, args.file, args.json)
        case "check":
            return _check(servers, args.name, args.json)
        case _:
            return _trust(servers, args.name, args.yes, args.role, args.json)


def _servers() -> Servers:
    from assistant.compose import Keyring
    from assistant.gateway.registry import Registry
    from assistant.gateway.servers import Servers
    from assistant.shipped import shipped

    paths = find_paths()
    servers = Servers(paths, Registry.load([shipped("tools"), Path(paths.config) / "tools"]), Keyring())
    servers.load()
    if not servers.configs and servers.problems:
        raise UsageError(servers.problems[0], hint="mend the file, then try again")
    return servers


def _state(servers: Servers, name: str) -> ServerState:
    for state in servers.states():
        if state.config.name == name:
            return state
    known = ", ".join(servers.configs) or "none"
    raise UsageError(f"there is no server `{one_line(name, 60)}`", hint=f"configured: {known}")


def _list(servers: Servers, as_json: bool) -> int:
    from assistant.servers.config import PROJECT_FILE, read_config

    states = servers.states()
    project: dict[str, ServerConfig] = {}
    try:
        project = read_config(Path.cwd() / PROJECT_FILE)
    except UsageError as error:
        print(f"assistant: {error.message}", file=sys.stderr)
    if as_json:
        for state in states:
            print(json.dumps({"name": state.config.name, "state": state.state, "tools": [s.name for s in state.tools],
                              "reached_by": _reached_by(state.config), "problem": state.problem}))  # fmt: skip
        for config in project.values():
            print(json.dumps({"name": config.name, "state": "project", "tools": [], "reached_by": _reached_by(config)}))
        return 0
    for state in states:
        tools = f"{len(state.tools)} tools" if state.state == "trusted" else "off"
        print(one_line(f"{state.config.name:<16} {state.state:<9} {tools:<9} {_reached_by(state.config)}", 200))
        if state.problem:
            print(f"  {one_line(state.problem, 300)}")
    for config in project.values():
        print(one_line(f"{config.name:<16} project   not used  {_reached_by(config)}", 200))
    if project:
        print(f"\nThis project's {PROJECT_FILE} is never used by itself: assistant servers import {PROJECT_FILE}")
    if not states and not project:
        print("No server is configured: assistant servers add NAME -- PROGRAM [ARGUMENTS]")
    return 0


def _reached_by(config: ServerConfig) -> str:
    return config.url or " ".join((config.command, *config.args))


def _add(servers: Servers, args: argparse.Namespace) -> int:
    from assistant.servers.config import FILE, parse_entry, to_entry, write_entry

    if args.name in servers.configs:
        raise UsageError(
            f"there is a server `{one_line(args.name, 60)}` already", hint=f"assistant servers remove {args.name}"
        )
    words = [w for i, w in enumerate([args.target, *args.args]) if not (w == "--" and i == 0)]
    entry: dict[str, Any] = {}
    if words[0].startswith(("https://", "http://")):
        entry |= {"url": words[0], "headers": _pairs(args.header, "--header")}
    else:
        entry |= {"command": words[0], "args": words[1:], "env": _pairs(args.env, "--env")}
    entry["assistant"] = {"hosts": args.host, "folders": args.see, "folder": args.folder, "sampling": args.sampling}
    config = parse_entry(args.name, entry, "the command line")
    write_entry(Path(find_paths().config) / FILE, args.name, to_entry(config))
    _say(
        args.json,
        {"name": args.name, "state": "new"},
        f"{args.name} is configured and off: assistant servers trust {args.name}",
    )
    return 0


def _pairs(given: list[str], option: str) -> dict[str, str]:
    for word in given:
        if "=" not in word:
            raise UsageError(f"`{option} {one_line(word, 60)}` is not NAME=VALUE")
    return {name: value for name, _, value in (word.partition("=") for word in given)}


def _remove(servers: Servers, name: str, as_json: bool) -> int:
    from assistant.servers.config import FILE, write_entry

    _state(servers, name)
    write_entry(Path(find_paths().config) / FILE, name, None)
    servers.trust.forget(name)
    _say(as_json, {"name": name, "state": "removed"}, f"{name} is removed")
    return 0


def _import(servers: Servers, file: Path, as_json: bool) -> int:
    from assistant.servers.config import FILE, parse_entry, read_entries, write_entry

    entries = read_entries(file)
    if not file.exists():
        raise UsageError(f"`{file}` does not exist")
    own = Path(find_paths().config) / FILE
    for name, entry in entries.items():
        if name in servers.configs:
            _say(as_json, {"name": name, "state": "kept"}, f"{name}: there is one already, left as it is")
            continue
        foreign = {k: v for k, v in entry.items() if k != "assistant"}
        try:
            config = parse_entry(name, foreign, str(file))
        except UsageError as error:
            _say(as_json, {"name": one_line(name, 60), "state": "refused", "problem": error.message}, error.message)
            continue
        write_entry(own, name, foreign)
        unused = f" (not used here: {', '.join(map(one_line, config.unused))})" if config.unused else ""
        _say(as_json, {"name": name, "state": "new", "unused": list(config.unused)}, f"{name}: imported, off{unused}")
    return 0


def _show(servers: Servers, name: str, as_json: bool) -> int:
    from assistant.servers.offer import difference

    state = _state(servers, name)
    pin = state.pin
    changes = difference(pin.offer, pin.seen) if pin is not None and pin.seen is not None else []
    if as_json:
        print(
            json.dumps({**_plain(state.config, pin.offer if pin else None), "state": state.state, "changes": changes})
        )
        return 0
    print("\n".join(_lines(state.config, state.state)))
    if pin is not None:
        if pin.config_sha256 != state.config.sha256:
            print("changed   how it is started or what it is given is not what you trusted")
        print("\n".join(_offer_lines(state.config, pin.offer)))
    if changes:
        print("\nsince you trusted it:\n" + "\n".join(changes))
    return 0


def _lines(config: ServerConfig, state: str) -> list[str]:
    from assistant.servers.tools import reach

    lines = [f"{config.name}: {state}", f"reached   {_reached_by(config)}", f"its room  {reach(config)}"]
    if config.env:
        lines.append(f"env       {', '.join(config.env)}")
    if config.grants.sampling:
        lines.append("sampling  it may ask your model, each time judged")
    if config.unused:
        lines.append(f"not used  {', '.join(config.unused)}")
    return [one_line(line, 400) for line in lines]


def _offer_lines(config: ServerConfig, offer: Offer) -> list[str]:
    from assistant.servers.tools import tools_of

    tools, problems = tools_of(config, offer)
    lines = [f"offers    {one_line(offer.server, 80)}; pin {offer.sha256[:16]}"]
    if offer.instructions:
        lines.append(f"says      {one_line(offer.instructions, 400)}")
    for spec in tools:
        roles = ", ".join(f"{n}: {a.role}" for n, a in spec.args.items())
        lines += [
            f"  {spec.name}  [{spec.effect}]  {one_line(roles, 200)}",
            *(f"      {t}" for t in visible(spec.can).splitlines()),
        ]
    return lines + [f"left out  {one_line(p, 300)}" for p in problems]


def _plain(config: ServerConfig, offer: Offer | None) -> dict[str, Any]:
    from assistant.servers.config import to_entry
    from assistant.servers.tools import tools_of
    from assistant.types import plain

    entry = to_entry(config)
    for key in ("env", "headers"):  # what stands there is often a password
        entry[key] = sorted(entry.get(key, {}))
    tools = [plain(s) for s in tools_of(config, offer)[0]] if offer else []
    return {"name": config.name, "entry": entry, "tools": tools, "pin": offer.sha256 if offer else ""}


def _check(servers: Servers, name: str, as_json: bool) -> int:
    config = _state(servers, name).config
    offer, took_s = asyncio.run(_offered(servers, config))
    if as_json:
        print(json.dumps({**_plain(config, offer), "state": servers.trust.state(config), "start_s": round(took_s, 3)}))
        return 0
    print("\n".join([*_lines(config, servers.trust.state(config)), *_offer_lines(config, offer)]))
    print(f"started in {took_s:.1f} s")
    return 0


def _trust(servers: Servers, name: str, yes: bool, roles: list[str], as_json: bool) -> int:
    from assistant.servers.offer import difference

    state = _state(servers, name)
    offer, _ = asyncio.run(_offered(servers, state.config))
    config = _with_roles(servers, state.config, offer, roles)
    if not as_json:
        print("\n".join([*_lines(config, state.state), *_offer_lines(config, offer)]))
        if state.pin is not None and state.pin.offer.sha256 != offer.sha256:
            print("\nsince you trusted it:\n" + "\n".join(difference(state.pin.offer, offer)))
    if not yes:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise NeedsPerson("trusting a server needs a person's yes", hint=f"assistant servers trust {name} --yes")
        config = _ask_roles(servers, config, offer)
        print(
            "\nIts tools would be on in new tasks, each call judged like any other. Trust exactly this? Type yes: ",
            end="",
            flush=True,
        )
        if sys.stdin.readline().strip().lower() != "yes":
            print("not trusted")
            return 3
    servers.trust.trust(config, offer)
    _say(
        as_json, {"name": name, "state": "trusted", "pin": offer.sha256}, f"{name} is trusted; pin {offer.sha256[:16]}"
    )
    return 0


def _with_roles(servers: Servers, config: ServerConfig, offer: Offer, words: list[str]) -> ServerConfig:
    from assistant.gateway.roles import correct, parse
    from assistant.servers.config import FILE

    if not words:
        return config
    changes = [parse(word, config, offer) for word in words]
    return correct(servers, Path(find_paths().config) / FILE, config.name, offer, changes)


def _ask_roles(servers: Servers, config: ServerConfig, offer: Offer) -> ServerConfig:
    """What the arguments mean, asked once: what was said stands in the entry, and a trusted server is not asked about again."""
    from assistant.gateway.roles import WORDS, guessed

    guesses = guessed(config, offer)
    if not guesses:
        return config
    print("\nWhat these arguments mean is a guess from their names, and decides what you are asked about later:")
    for tool, argument, of in guesses[:_MOST_GUESSES]:
        print(f"  {one_line(tool, 60)}.{one_line(argument, 60)}={of.role}")
    if len(guesses) > _MOST_GUESSES:
        print(f"  and {len(guesses) - _MOST_GUESSES} more, see above")
    print("roles: " + "; ".join(f"{role}, {words}" for role, words in WORDS.items()))
    while True:
        print("Correct them (TOOL.ARGUMENT=ROLE, several with spaces between), or press Enter: ", end="", flush=True)
        words = sys.stdin.readline().split()
        try:
            return _with_roles(servers, config, offer, words)
        except UsageError as error:
            print(f"{error.message}; {error.hint}")


_MOST_GUESSES = 40


async def _offered(servers: Servers, config: ServerConfig) -> tuple[Offer, float]:
    """Start it with no task's folder, and ask what it offers."""
    from assistant.compose import ServerRooms
    from assistant.gateway.checking import offered
    from assistant.sandbox.engine import find_sandbox

    paths = find_paths()
    return await offered(servers, config, ServerRooms(lambda: find_sandbox(paths)), _Terminal())


class _Terminal:
    """Shows the address to sign in at. Answers no server's other questions."""

    async def elicit(self, request: Any) -> Any:
        """See `assistant.gateway.approver.Elicitor`."""
        from assistant.gateway.approver import ElicitAnswer

        if request.kind == "sign_in":
            print(f"To sign in to `{request.server}`, open this address:\n  {request.url}", file=sys.stderr, flush=True)
            return ElicitAnswer("accept")
        return ElicitAnswer("decline")


def _say(as_json: bool, data: dict[str, Any], words: str) -> None:
    print(json.dumps(data) if as_json else words)
