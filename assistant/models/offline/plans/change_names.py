"""Renaming: one file, all of an ending, or names by a rule."""

from __future__ import annotations

from collections.abc import Callable

from assistant.models.offline.markdown import bullets, code
from assistant.models.offline.plans.reach import directly_in, reach
from assistant.models.offline.plans.steps import (
    Aid,
    Steps,
    Stuck,
    ask,
    ask_all,
    check,
    fail,
    is_missing,
    meant,
    reason,
)
from assistant.models.offline.wish import Wish
from assistant.types import ToolResult

MOST = 40
"""Single renames for one request."""
SHOWN = 30


def renamed(wish: Wish, aid: Aid) -> Steps[str]:
    """By the rule in `how`."""
    if wish.how == "one":
        return (yield from _one(wish, aid))
    if wish.how == "ending":
        return (yield from _endings(wish, aid))
    return (yield from _rule(wish, aid))


def _one(wish: Wish, aid: Aid) -> Steps[str]:
    old, new = wish.paths[0], wish.dest
    target = _beside(old, new)
    result = yield from ask(aid, "move_files", **{"from": old, "to": target})
    if is_missing(result):
        old = yield from meant(aid, old, result)
        target = _beside(old, new)
        result = yield from ask(aid, "move_files", **{"from": old, "to": target})
    if not result.ok:
        fail(aid, result)
    return aid.say("renamed", a=code(old), b=code(target))


def _beside(old: str, new: str) -> str:
    # A bare new name stays in the folder that the old one is in.
    folder = old.rstrip("/").rpartition("/")[0]
    return f"{folder}/{new}" if folder and "/" not in new else new


def _endings(wish: Wish, aid: Aid) -> Steps[str]:
    reached = yield from reach(aid, wish.names, wish.folder)
    target = wish.new if "*" in wish.new else f"*{wish.new}"
    results = yield from ask_all(aid, "move_files", *({"from": p, "to": target} for p in reached.patterns))
    return _moves(aid, results, [{"from": p, "to": target} for p in reached.patterns])


def _moves(aid: Aid, results: tuple[ToolResult, ...], asked: list[dict[str, str]]) -> str:
    done: list[str] = []
    failed: list[str] = []
    for result, args in zip(results, asked, strict=True):
        if result.ok:
            done += _pairs(result.text)
        else:
            if len(results) == 1:
                check(aid, result, "move_files", args)
                fail(aid, result)
            failed.append(f"{code(args['from'])}: {reason(result)}")
    out = [f"{aid.say('renamed all', n=len(done))}\n\n{bullets(done[:SHOWN])}"] if done else []
    if len(done) > SHOWN:
        out.append(aid.say("more", n=len(done) - SHOWN))
    if failed:
        out.append(aid.say("failed", why="\n\n" + bullets(failed[:SHOWN])))
    return "\n\n".join(out)


def _pairs(text: str) -> list[str]:
    """The moves that move_files lists: `a -> b` a line."""
    pairs = [line.split(" -> ") for line in text.split("\n") if line.count(" -> ") == 1]
    return [f"{code(a)} → {code(b)}" for a, b in pairs]


def _rule(wish: Wish, aid: Aid) -> Steps[str]:
    kind = wish.how.removeprefix("names-")
    entries = yield from directly_in(aid, wish.names or ("*",), wish.folder)
    change = _RULES[kind]
    changed = [(e.name, _with_name(e.name, change(e.name.rpartition("/")[2], wish))) for e in entries]
    changed = [(a, b) for a, b in changed if a != b and b.rpartition("/")[2] not in {"", ".", ".."}]
    if not changed:
        return aid.say("rename nothing", where=aid.where(wish.folder))
    if any("/" in b.rpartition("/")[2] for _, b in changed):
        raise Stuck(aid.say("rename nothing", where=aid.where(wish.folder)))
    now = changed[:MOST]
    asked = [{"from": a, "to": b} for a, b in now]
    results = yield from ask_all(aid, "move_files", *asked)
    answer = _moves(aid, results, asked)
    return f"{answer}\n\n{aid.say('moved partly', n=MOST)}" if len(changed) > MOST else answer


def _with_name(path: str, name: str) -> str:
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}{name}"


def _stem(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    return (stem, f".{ending}") if dot and stem else (name, "")


def _suffixed(name: str, wish: Wish) -> str:
    stem, ending = _stem(name)
    return name if stem.endswith(wish.new) else f"{stem}{wish.new}{ending}"


_RULES: dict[str, Callable[[str, Wish], str]] = {
    "replace": lambda name, wish: name.replace(wish.text, wish.new.replace("/", "_")) if wish.text else name,
    "prefix": lambda name, wish: name if name.startswith(wish.new) else f"{wish.new.replace('/', '_')}{name}",
    "suffix": _suffixed,
    "lower": lambda name, wish: name.lower(),
    "upper": lambda name, wish: _stem(name)[0].upper() + _stem(name)[1],
}
