"""Moves and renames: one thing, or all that fit a pattern. Checks everything before it moves anything."""

from __future__ import annotations

import os

from transfer import move

from _kit.call import Call
from _kit.names import absolute, has_wildcard, inner, locate, show, within
from _kit.page import Page
from _kit.problem import Problem, from_os_error
from _kit.select import by_pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    overwrite = bool(args.get("overwrite"))
    source, to = inner(args["from"], call.folder), inner(args["to"], call.folder)
    single = locate(absolute(source, call.folder))
    if os.path.lexists(single) or not has_wildcard(source):
        pairs = [(single, _single_target(to, single, call.folder))]
    else:
        pairs = _by_pattern(source, to, call.folder)
    pairs = [(a, b) for a, b in pairs if a != b]
    if not pairs:
        raise Problem("no_change", "source and destination are the same")
    _check(pairs, overwrite, call.folder)
    return _carry_out(pairs, overwrite, call)


def _single_target(to: str, source: str, folder: str) -> str:
    if not os.path.lexists(source):
        raise Problem("not_found", f"`{within(source, folder)}` does not exist")
    target = locate(absolute(to, folder))
    into = to.endswith("/") or (os.path.isdir(target) and not os.path.islink(target))
    if has_wildcard(to) and not os.path.lexists(target):
        raise Problem("bad_pattern", "`to` holds a wildcard and `from` names one thing; write the new name out")
    return os.path.join(target, os.path.basename(source)) if into else target


def _by_pattern(pattern: str, to: str, folder: str) -> list[tuple[str, str]]:
    found = by_pattern(pattern, folder)
    if not found:
        raise Problem("not_found", f"nothing fits `{show(pattern)}`")
    stars, groups = len(_wildcards(to)), len(found[0][2])
    if stars == 0:
        target = locate(absolute(to, folder))
        return [(path, os.path.join(target, name)) for path, name, _ in found]
    if stars > groups:
        raise Problem("bad_pattern", f"`to` has {stars} wildcards and `from` only {groups}")
    # A bare name stays in the folder that each thing is in: **/*.txt to *.md.
    return [
        (path, absolute(_fill(to, parts[groups - stars :]), folder if "/" in to else os.path.dirname(path)))
        for path, _, parts in found
    ]


def _wildcards(to: str) -> list[tuple[int, int]]:
    """(begin, end) of each wildcard: `**/`, `**`, `*` or `?`."""
    found: list[tuple[int, int]] = []
    i = 0
    while i < len(to):
        step = 3 if to.startswith("**/", i) else 2 if to.startswith("**", i) else 1
        if to[i] in "*?":
            found.append((i, i + step))
        i += step if to[i] == "*" else 1
    return found


def _fill(to: str, parts: tuple[str, ...]) -> str:
    out, position = "", 0
    for (begin, end), part in zip(_wildcards(to), parts, strict=True):
        out += to[position:begin] + part
        position = end
    return out + to[position:]


def _check(pairs: list[tuple[str, str]], overwrite: bool, folder: str) -> None:
    """Raises Problem before anything moved: two to one name, something in the way, a folder into itself."""
    sources = {a for a, _ in pairs}
    seen: dict[str, str] = {}
    for source, target in pairs:
        name = within(target, folder)
        if target in seen:
            raise Problem(
                "exists",
                f"`{within(seen[target], folder)}` and `{within(source, folder)}` would both become `{name}`; nothing was moved",
            )
        seen[target] = source
        if target.startswith(source + "/"):
            raise Problem("bad_path", f"`{within(source, folder)}` can't move into itself; nothing was moved")
        if os.path.lexists(target) and target not in sources and not (overwrite and not os.path.isdir(target)):
            hint = "a folder can't be replaced" if os.path.isdir(target) else "set `overwrite` to replace it"
            raise Problem("exists", f"`{name}` exists already; {hint}; nothing was moved")


def _carry_out(pairs: list[tuple[str, str]], overwrite: bool, call: Call) -> dict[str, Any]:
    sources = {a for a, _ in pairs}
    # Chains and swaps (a to b, b to c), and what is overwritten, go by way of names that nobody uses.
    replaced = [(b, _aside(b)) for _, b in pairs if b not in sources and os.path.lexists(b)]
    between = {a: _aside(a) if b in sources else b for a, b in pairs}
    steps = [*replaced, *between.items(), *((between[a], b) for a, b in pairs if between[a] != b)]
    done: list[tuple[str, str]] = []
    try:
        for source, target in steps:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            move(source, target)
            done.append((source, target))
    except OSError as error:
        for source, target in reversed(done):
            move(target, source)
        problem = from_os_error(error)
        raise Problem(problem.code, f"{problem.text}; nothing was moved") from error
    for _, aside in replaced:
        os.unlink(aside)
    page = Page(call.output_bytes)
    for source, target in pairs:
        name = within(target, call.folder)
        page.add(f"{within(source, call.folder)} -> {name}", name)
    result = page.result("moves")
    head = f"{len(pairs)} moved:" if len(pairs) > 1 else "moved:"
    return {**result, "text": f"{head}\n{result['text']}", "data": {"moved": len(pairs), "overwrite": overwrite}}


def _aside(path: str) -> str:
    return f"{os.path.dirname(path)}/.{os.urandom(6).hex()}.moved"
