"""Summaries of files and folders."""

from __future__ import annotations

from collections import Counter

from assistant.models.offline import readings, summary
from assistant.models.offline.markdown import bullets, code, plain
from assistant.models.offline.plans.files import in_folder, rows
from assistant.models.offline.plans.steps import Aid, Steps, glob_of, must, opened
from assistant.models.offline.wish import Wish

FILES = 6


def summarised(wish: Wish, aid: Aid) -> Steps[str]:
    """Named files, files of a pattern, or the folder."""
    if wish.how == "folder":
        return (yield from _folder(wish, aid))
    paths = wish.paths
    if wish.names:
        page = readings.listing(
            (yield from must(aid, "find_files", glob=glob_of(wish.names), type="file", limit=FILES)).text
        )
        paths = tuple(e.name for e in page.entries)
        if not paths:
            return aid.say("found none", where=aid.where(""))
    answers: list[str] = []
    for path in paths[:FILES]:
        answers.append((yield from _file(path, wish.limit, aid)))
    return "\n\n".join(answers)


def _file(path: str, limit: int | None, aid: Aid) -> Steps[str]:
    file = yield from opened(aid, path)
    name = code(file.path)
    if file.reading.empty:
        return aid.say("read empty", file=name)
    if file.reading.image:
        return aid.say("read image", file=name)
    text = file.reading.text
    body = _code(file.path, file.reading, aid) if summary.is_code(file.path) else _prose(name, text, limit, aid)
    remarks = [file.remark, body, "" if file.reading.whole else aid.say("summary cut")]
    return "\n\n".join(filter(None, remarks))


def _prose(name: str, text: str, limit: int | None, aid: Aid) -> str:
    sentences = summary.sentences(text)
    if not sentences:
        return aid.say("summary none", file=name)
    wanted = limit or summary.fitting(len(sentences))
    best = summary.best(sentences, max(1, min(wanted, 20)))
    if len(best) == len(sentences):
        head = aid.say("summary short", file=name)
    else:
        head = aid.say("summary", file=name, k=len(best), n=len(sentences))
    body = f"{head}\n\n{bullets(plain(s) for s in best)}"
    headings = summary.headings(text)
    if len(headings) > 1 and limit is None:
        body += f"\n\n{aid.say('summary headings')} {', '.join(plain(h) for h in headings[:12])}"
    return body


def _code(path: str, reading: readings.Reading, aid: Aid) -> str:
    lines = reading.total or len(reading.lines)
    parts = [aid.say("summary code", file=code(path), n=lines)]
    if words := summary.opening_comment(reading.text):
        parts.append(bullets(plain(s) for s in summary.sentences(words)[:3]))
    if names := summary.definitions(reading.text):
        parts.append(
            f"{aid.say('summary defines')} {', '.join(code(n) for n in names[:20])}{', …' if len(names) > 20 else ''}"
        )
    return "\n\n".join(filter(None, parts))


def _folder(wish: Wish, aid: Aid) -> Steps[str]:
    entries, _ = yield from in_folder(wish.folder, aid)
    where = aid.where(wish.folder)
    if not entries:
        return aid.say("list empty", where=where)
    page = readings.listing(
        (yield from must(aid, "find_files", path=wish.folder or None, glob="**/*", type="file")).text
    )
    kinds = Counter(
        e.name.rpartition(".")[2].lower() for e in page.entries if "." in e.name.rpartition("/")[2].strip(".")
    )
    size = f" ({page.size})" if page.size else ""
    parts = [aid.say("summary folder", where=where, n=page.total, size=size)]
    if kinds:
        parts.append(aid.say("summary kinds", kinds=", ".join(f"{code('.' + k)} {n}" for k, n in kinds.most_common(6))))
    parts.append(rows([*(e for e in entries if e.folder), *(e for e in entries if not e.folder)][:20], aid))
    readme = next((e.name for e in entries if e.name.lower().startswith("readme") and not e.folder), "")
    if readme and "read_file" in aid.tools:
        prefix = f"{wish.folder.rstrip('/')}/" if wish.folder else ""
        parts.append((yield from _file(f"{prefix}{readme}", wish.limit or 4, aid)))
    return "\n\n".join(parts)
