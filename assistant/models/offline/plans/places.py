"""Moving, copying, and sorting a folder's files into folders."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Sequence

from assistant.models.offline import kinds, readings
from assistant.models.offline.markdown import bullets, code, joined
from assistant.models.offline.plans.files import filters, in_folder
from assistant.models.offline.plans.reach import directly_in
from assistant.models.offline.plans.steps import (
    Aid,
    Steps,
    Stuck,
    ask,
    ask_all,
    check,
    fail,
    glob_of,
    is_missing,
    must,
    reason,
    shown_names,
)
from assistant.models.offline.wish import Wish
from assistant.types import ToolResult

MOST = 40


def moved(wish: Wish, aid: Aid) -> Steps[str]:
    """Named files, or what fits a pattern in the folder itself, into a folder."""
    dest = f"{wish.dest.rstrip('/')}/"
    asked: list[dict[str, str]] = [_into(p, dest) for p in wish.paths]
    if wish.names:
        if wish.min_bytes is not None or wish.since or wish.before:
            asked += yield from _filtered(wish, aid, dest)
        else:
            # Only what lies here: moving everything below would take files out of the folders they belong to.
            near = yield from directly_in(aid, wish.names, wish.folder)
            prefix = f"{wish.folder.strip('/')}/" if wish.folder else ""
            literal = glob_of(_endings_of(near) if wish.names == ("*",) else wish.names) or "*"
            asked.append({"from": f"{prefix}{literal}", "to": dest})
    results = yield from ask_all(aid, "move_files", *asked)
    return _told(aid, results, asked, dest)


def _endings_of(near: Sequence[readings.Entry]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"*.{e.name.rpartition('.')[2]}" for e in near if "." in e.name))


def _filtered(wish: Wish, aid: Aid, dest: str) -> Steps[list[dict[str, str]]]:
    page = readings.listing((yield from must(aid, "find_files", **filters(wish))).text)
    inside = [e.name for e in page.entries if not e.folder and not e.name.startswith(dest)]
    if not inside:
        raise Stuck(aid.say("none fit", where=aid.where(wish.folder), names=shown_names(wish.names)))
    return [_into(name, dest) for name in inside[:MOST]]


def _into(path: str, folder: str) -> dict[str, str]:
    # The whole new path: a slash at the end may be lost on the way, and then the folder's name would be the file's.
    bare = path.rstrip("/")
    return {"from": bare, "to": f"{folder}{bare.rpartition('/')[2]}"}


def _told(aid: Aid, results: tuple[ToolResult, ...], asked: list[dict[str, str]], dest: str) -> str:
    done: list[str] = []
    failed: list[str] = []
    for result, args in zip(results, asked, strict=True):
        if result.ok:
            done += [line.split(" -> ")[0] for line in result.text.split("\n") if line.count(" -> ") == 1]
        elif len(results) == 1:
            if is_missing(result):
                raise Stuck(aid.say("not found", file=code(args["from"])))
            check(aid, result, "move_files", args)
            fail(aid, result)
        else:
            failed.append(f"{code(args['from'])}: {reason(result)}")
    out = (
        [f"{aid.say('moved', n=len(done), dest=code(dest))}\n\n{bullets(code(d) for d in done[:MOST])}"] if done else []
    )
    if failed:
        out.append(aid.say("failed", why="\n\n" + bullets(failed)))
    return "\n\n".join(out)


def copied(wish: Wish, aid: Aid) -> Steps[str]:
    """No tool copies, so `cp` does."""
    sources = [shlex.quote(p.rstrip("/")) for p in wish.paths]
    # A glob is left open for the shell, its other signs are not.
    sources += [
        "".join(c if c in "*?" or c.isalnum() or c in "._-/" else shlex.quote(c) for c in n) for n in wish.names
    ]
    dest = wish.dest or _backup(wish.paths[0])
    into = bool(wish.names) or len(wish.paths) > 1 or dest.endswith("/")
    quoted = shlex.quote(dest)
    # `-n`: a copy never overwrites what is there.
    command = (
        f"mkdir -p -- {quoted} && cp -rnv -- {' '.join(sources)} {quoted}"
        if into
        else f"cp -rnv -- {sources[0]} {quoted}"
    )
    result = yield from ask(aid, "run_command", command=command)
    if not result.ok and "No such file" in result.text:
        raise Stuck(aid.say("not found", file=joined([*wish.paths, *wish.names])))
    if not result.ok:
        fail(aid, result)
    if not result.text.strip():
        # Some versions of cp skip what exists without a word; `-v` names what was copied.
        raise Stuck(aid.say("copy exists", b=code(dest)))
    return aid.say("copied", a=joined([*wish.paths, *wish.names]), b=code(dest))


def _backup(path: str) -> str:
    folder, slash, name = path.rstrip("/").rpartition("/")
    stem, dot, ending = name.rpartition(".")
    return f"{folder}{slash}{stem}-copy.{ending}" if dot and stem else f"{folder}{slash}{name}-copy"


def tidied(wish: Wish, aid: Aid) -> Steps[str]:
    """The files of one folder into folders by kind, ending or month; hidden files and what has no ending stay."""
    if wish.how == "month":
        return (yield from _by_month(wish, aid))
    entries, _ = yield from in_folder(wish.folder, aid)
    if any(e.folder and e.name == ".git" for e in entries):
        raise Stuck(aid.say("tidy repository", where=aid.where(wish.folder)))
    drawers: dict[str, set[str]] = defaultdict(set)
    stay: list[str] = []
    for entry in entries:
        if entry.folder or entry.name.startswith("."):
            continue
        ending = entry.name.rpartition(".")[2] if "." in entry.name else ""
        drawer = (ending.lower() if wish.how == "ending" else kinds.drawer(entry.name)) if ending.isalnum() else ""
        if drawer:
            drawers[drawer].add(ending)
        else:
            stay.append(entry.name)
    if not drawers:
        return aid.say("tidy nothing", where=aid.where(wish.folder))
    prefix = f"{wish.folder.strip('/')}/" if wish.folder and wish.folder != "." else ""
    asked = [
        {"from": f"{prefix}{glob_of(tuple(f'*.{e}' for e in sorted(drawers[d])), loose=False)}", "to": f"{prefix}{d}/"}
        for d in sorted(drawers)
    ]
    return (yield from _carried(asked, stay, aid))


def _by_month(wish: Wish, aid: Aid) -> Steps[str]:
    page = readings.listing(
        (yield from must(aid, "find_files", path=wish.folder or None, glob="*", type="file", sort="time")).text
    )
    prefix = f"{wish.folder.strip('/')}/" if wish.folder and wish.folder != "." else ""
    near = [
        e
        for e in page.entries
        if e.time and "/" not in e.name.removeprefix(prefix) and not e.name.removeprefix(prefix).startswith(".")
    ]
    if not near:
        return aid.say("tidy nothing", where=aid.where(wish.folder))
    asked = [_into(e.name, f"{prefix}{e.time[:7]}/") for e in near[:MOST]]
    return (yield from _carried(asked, [e.name for e in near[MOST:]], aid))


def _carried(asked: list[dict[str, str]], stay: list[str], aid: Aid) -> Steps[str]:
    results = yield from ask_all(aid, "move_files", *asked)
    count = 0
    rows: dict[str, int] = defaultdict(int)
    failed: list[str] = []
    for result, args in zip(results, asked, strict=True):
        if result.ok:
            n = sum(line.count(" -> ") == 1 for line in result.text.split("\n"))
            rows[args["to"].rpartition("/")[0] + "/"] += n
            count += n
        else:
            if result.code != "failed":
                check(aid, result, "move_files", args)
            failed.append(f"{code(args['from'])}: {reason(result)}")
    out = [f"{aid.say('tidied', n=count)}\n\n{bullets(f'{code(d)}: {n}' for d, n in rows.items())}"] if rows else []
    if failed:
        out.append(aid.say("failed", why="\n\n" + bullets(failed)))
    if stay:
        out.append(aid.say("left", names=joined(stay)))
    return "\n\n".join(out)
