"""Showing a file, or some of its lines."""

from __future__ import annotations

from assistant.models.offline.markdown import block, code, language_of
from assistant.models.offline.plans.steps import Aid, Steps, Stuck, opened
from assistant.models.offline.wish import Wish

LINES = 200
"""Lines of one answer, when no range is asked for."""
SIGNS = 12_000
FILES = 5


def shown(wish: Wish, aid: Aid) -> Steps[str]:
    """Each named file in turn."""
    answers: list[str] = []
    for path in wish.paths[:FILES]:
        answers.append((yield from _one(path, wish.lines, aid)))
    return "\n\n".join(answers)


def _one(path: str, lines: tuple[int, int] | None, aid: Aid) -> Steps[str]:
    start, count = 1, LINES
    if lines:
        first, last = lines
        start = first
        count = min(LINES, (-first if first < 0 else max(1, last - first + 1)))
    file = yield from opened(aid, path, start=start, lines=count)
    name = code(file.path)
    if file.reading.empty:
        return aid.say("read empty", file=name)
    if file.reading.image:
        return aid.say("read image", file=name)
    text = file.reading.lines
    if not text:
        raise Stuck(aid.say("unreadable", tool=code("read_file")))
    clipped = _clip(text)
    if lines and lines[0] < 0:
        head = aid.say("read last", n=len(text), file=name)
    elif lines:
        head = aid.say("read lines", file=name, first=lines[0], last=lines[0] + len(text) - 1)
    else:
        head = aid.say("read", file=name)
    body = f"{head}\n\n{block(chr(10).join(clipped), language_of(file.path))}"
    more = (not file.reading.whole and not lines) or len(clipped) < len(text)
    if more:
        after = start + len(clipped) if start > 0 else 1
        body += f"\n\n{aid.say('read cut', next=after, end=after + LINES - 1, name=file.path.replace('`', ''))}"
    return f"{file.remark}\n\n{body}" if file.remark else body


def _clip(lines: list[str]) -> list[str]:
    left, kept = SIGNS, list[str]()
    for line in (row if len(row) <= 2_000 else f"{row[:2_000]}…" for row in lines):
        left -= len(line) + 1
        if left < 0 and kept:
            break
        kept.append(line)
    return kept
