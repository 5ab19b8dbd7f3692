"""Counts and sizes."""

from __future__ import annotations

import re

from assistant.models.offline import readings
from assistant.models.offline.language import ZH
from assistant.models.offline.markdown import block, code
from assistant.models.offline.plans.files import filters
from assistant.models.offline.plans.search import hits, place
from assistant.models.offline.plans.steps import (
    Aid,
    Opened,
    Steps,
    ask,
    fail,
    glob_of,
    is_missing,
    meant,
    must,
    opened,
    shown_names,
)
from assistant.models.offline.wish import Intent, Wish

PAGES = 20
"""Pages of one file that are read to count its words: 1 MB."""
FILES = 12


def counted(wish: Wish, aid: Aid) -> Steps[str]:
    """By the unit in `how`."""
    match wish.how:
        case "folders":
            page = readings.listing(
                (
                    yield from must(
                        aid, "find_files", path=wish.folder or None, glob=glob_of(wish.names), type="folder", limit=1
                    )
                ).text
            )
            return aid.say("count folders", n=page.total, where=aid.where(wish.folder))
        case "lines":
            return (yield from _lines(wish, aid))
        case "words" | "characters":
            return (yield from _words(wish, aid))
        case "matches":
            return (yield from _matches(wish, aid))
        case _:
            page = readings.listing(
                (yield from must(aid, "find_files", **filters(wish) | {"type": "file", "limit": 1})).text
            )
            phrase = "count named" if wish.names and wish.names != ("*",) else "count files"
            return aid.say(phrase, n=page.total, where=aid.where(wish.folder), names=shown_names(wish.names))


def _lines(wish: Wish, aid: Aid) -> Steps[str]:
    if not wish.paths:
        found = yield from hits(wish, aid, ignore_case=False, pattern="^")
        return aid.say("count lines all", n=found.total, files=found.files)
    answers: list[str] = []
    total = 0
    for path in wish.paths[:FILES]:
        file = yield from opened(aid, path, start=1, lines=1)
        lines = file.reading.total if file.reading.total is not None else len(file.reading.lines)
        total += lines
        answers.append(aid.say("count lines", file=code(file.path), n=lines))
    return "\n".join([*answers, *([aid.say("count total", n=total)] if len(answers) > 1 else [])])


def _words(wish: Wish, aid: Aid) -> Steps[str]:
    paths = wish.paths
    if not paths:
        page = readings.listing(
            (
                yield from must(
                    aid, "find_files", path=wish.folder or None, glob=glob_of(wish.names), type="file", limit=FILES
                )
            ).text
        )
        paths = tuple(e.name for e in page.entries)
    if not paths:
        return aid.say("found none", where=aid.where(wish.folder))
    answers: list[str] = []
    total = 0
    for path in paths[:FILES]:
        file, text, complete = yield from whole(path, aid)
        words, characters = _sentence(file.path, text, wish.how, aid)
        total += characters if wish.how == "characters" else words[1]
        answers.append(words[0] if complete else f"{words[0]} {aid.say('count partly', file=code(file.path))}")
    return "\n".join([*answers, *([aid.say("count total", n=total)] if len(answers) > 1 else [])])


def _sentence(path: str, text: str, how: str, aid: Aid) -> tuple[tuple[str, int], int]:
    characters = len(text.replace("\n", ""))
    han, latin = words_of(text)
    if how == "characters":
        return (aid.say("count characters", file=code(path), n=characters), characters), characters
    phrase = "count words zh" if han and (aid.language == ZH or han > latin) else "count words"
    return (
        aid.say(phrase, file=code(path), n=han + latin, chars=characters, han=han, latin=latin),
        han + latin,
    ), characters


def words_of(text: str) -> tuple[int, int]:
    """(Chinese characters, other words). As a word processor counts: a Chinese character is a word of its own."""
    han = len(re.findall(r"[\u3400-\u9fff\uf900-\ufaff]", text))
    return han, len(re.findall(r"[^\W\u3400-\u9fff\uf900-\ufaff]+(?:['’-][^\W\u3400-\u9fff]+)*", text))


def whole(path: str, aid: Aid) -> Steps[tuple[Opened, str, bool]]:
    """(the file as it was opened, its text, whether that is all of it), page by page."""
    file = yield from opened(aid, path)
    parts = [file.reading.text]
    reading = file.reading
    for _ in range(PAGES - 1):
        if reading.whole:
            break
        step = {"start": reading.next_line} if reading.next_line else {"offset": reading.next_byte}
        reading = readings.reading((yield from must(aid, "read_file", path=file.path, **step)).text)
        parts.append(reading.text)
    return file, "".join(parts), reading.whole


def _matches(wish: Wish, aid: Aid) -> Steps[str]:
    found = yield from hits(wish, aid, ignore_case=wish.text == wish.text.lower(), pages=3)
    text = code(wish.text)
    if not found.total:
        return aid.say("count matches none", text=text, where=place(wish, aid))
    seen = sum(h.text.lower().count(wish.text.lower()) for h in found.hits)
    # Lines that the tool cut may hold more; then only the lines are sure.
    sure = len(found.hits) == found.total and not any(h.text.endswith("…") for h in found.hits)
    if not sure:
        return aid.say("count match lines", text=text, lines=found.total, files=found.files)
    if len(wish.paths) == 1:
        return aid.say("count matches one", text=text, n=seen, lines=found.total, file=code(found.hits[0].path))
    return aid.say("count matches", text=text, n=seen, lines=found.total, files=found.files)


def sized(wish: Wish, aid: Aid) -> Steps[str]:
    """The size of named files, of all files in a folder, or of each folder in it."""
    if wish.how == "folders":
        result = yield from must(
            aid, "run_command", command=f"du -h --max-depth=1 -- {_quoted(wish.folder or '.')} | sort -rh | head -n 15"
        )
        return f"{aid.say('size folders', where=aid.where(wish.folder))}\n\n{block(result.text)}"
    answers: list[str] = []
    for path in wish.paths[:FILES]:
        answers.append((yield from _file_size(path, aid)))
    if answers:
        return "\n".join(answers)
    page = readings.listing(
        (
            yield from must(
                aid,
                "find_files",
                path=wish.folder or None,
                glob=glob_of(wish.names),
                type="file",
                all=True,
                sort="size",
            )
        ).text
    )
    where = aid.where(wish.folder)
    if not page.entries:
        return aid.say("list empty", where=where)
    size = page.size
    if not size:
        # Too many to list: the shell adds them up.
        result = yield from must(aid, "run_command", command=f"du -sh --apparent-size -- {_quoted(wish.folder or '.')}")
        size = result.text.split("\t")[0].strip().split("\n")[0][:20]
    return aid.say("size folder", where=where, size=size, n=page.total)


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)


def _file_size(path: str, aid: Aid) -> Steps[str]:
    folder, _, name = path.rpartition("/")
    asked = {"path": folder or None, "glob": name, "limit": 20}
    result = yield from ask(aid, "find_files", **asked)
    if not result.ok and not is_missing(result):
        fail(aid, result)
    entry = (
        next((e for e in readings.listing(result.text).entries if e.name == path.removeprefix("./")), None)
        if result.ok
        else None
    )
    if entry is None:
        path = yield from meant(aid, path)
        page = readings.listing(
            (
                yield from must(
                    aid, "find_files", glob=path.rpartition("/")[2], path=path.rpartition("/")[0] or None, limit=20
                )
            ).text
        )
        entry = next((e for e in page.entries if e.name == path), None)
    if entry is not None and entry.folder:
        return (yield from sized(Wish(Intent.SIZE, folder=entry.name), aid))
    return aid.say("size file", file=code(path), size=entry.size if entry and entry.size else "?")
