"""Searching text, and the hits grouped by file."""

from __future__ import annotations

from collections import Counter

from assistant.models.offline import readings
from assistant.models.offline.markdown import bullets, code
from assistant.models.offline.plans.steps import Aid, Steps, ask, fail, glob_of, is_missing, meant
from assistant.models.offline.readings import Hit, Hits
from assistant.models.offline.wish import Wish

SHOWN = 40
"""Hits of one answer."""
PAGES = 5


def searched(wish: Wish, aid: Aid) -> Steps[str]:
    """Every line that holds the text: as written when it has capitals, else in any case."""
    any_case = wish.text == wish.text.lower()
    found = yield from hits(wish, aid, ignore_case=any_case)
    head = "hits"
    if not found.total and not any_case:
        found = yield from hits(wish, aid, ignore_case=True)
        head = "hits any case"
    text = code(wish.text)
    where = place(wish, aid)
    if not found.total:
        return aid.say("hits none", text=text, where=where)
    if wish.how == "files":
        counts = Counter(h.path for h in found.hits)
        listed = bullets(f"{code(p)} ({aid.say('lines in', n=n)})" for p, n in list(counts.items())[:SHOWN])
        return f"{aid.say('hits files', n=found.files, text=text)}\n\n{listed}{_more(found.files - len(counts), aid)}"
    shown = found.hits[:SHOWN]
    return f"{aid.say(head, text=text, n=found.total, files=found.files)}\n\n{grouped(shown, aid, wish.text)}{_more(found.total - len(shown), aid)}"


def _more(count: int, aid: Aid) -> str:
    return f"\n\n{aid.say('more', n=count)}" if count > 0 else ""


def place(wish: Wish, aid: Aid) -> str:
    """Where was looked, in words."""
    return code(", ".join(wish.paths)) if wish.paths else aid.where(wish.folder)


def hits(wish: Wish, aid: Aid, *, ignore_case: bool, pattern: str = "", pages: int = 1) -> Steps[Hits]:
    """What a search in all places of a wish finds. `pattern` is a regular expression instead of the wish's text."""
    all_hits: list[Hit] = []
    total = files = 0
    complete = True
    for asked in wish.paths or (wish.folder or None,):
        path = asked
        start: int | None = None
        for page_number in range(pages):
            args = {
                "pattern": pattern or wish.text.split("\n")[0],
                "path": path,
                "glob": glob_of(wish.names, loose=False),
                "literal": None if pattern else True,
                "ignore_case": ignore_case or None,
                "start": start,
            }
            result = yield from ask(aid, "search_text", **args)
            if is_missing(result) and wish.paths and path:
                path = yield from meant(aid, path, result)
                result = yield from ask(aid, "search_text", **{**args, "path": path})
            if not result.ok:
                fail(aid, result)
            page = readings.hits(result.text)
            all_hits += page.hits
            if page_number == 0:
                total, files, complete = total + page.total, files + page.files, complete and page.complete
            start = page.next
            if start is None:
                break
    return Hits(tuple(all_hits), total, files, None, complete)


def excerpt(line: str, needle: str, width: int = 140) -> str:
    """The part of a long line that holds what was looked for."""
    line = line.strip()
    if len(line) <= width:
        return line
    at = line.lower().find(needle.lower()) if needle else 0
    begin = max(0, min(at - width // 3, len(line) - width))
    return f"{'…' if begin else ''}{line[begin : begin + width]}{'…' if begin + width < len(line) else ''}"


def grouped(found: tuple[Hit, ...], aid: Aid, needle: str = "") -> str:
    """Hits as a list by file."""
    out: list[str] = []
    last = ""
    for hit in found:
        if hit.path != last:
            out.append(f"- {code(hit.path)}")
            last = hit.path
        out.append(f"  - {aid.say('line', n=hit.line)}: {code(excerpt(hit.text, needle), 170)}")
    return "\n".join(out)
