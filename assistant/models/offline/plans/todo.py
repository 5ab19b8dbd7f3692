"""TODO lists: what is marked in the files, by file, as a list to tick off."""

from __future__ import annotations

import re

import msgspec

from assistant.models.offline.markdown import code, joined, plain
from assistant.models.offline.plans.search import grouped, hits, place
from assistant.models.offline.plans.steps import Aid, Steps, must
from assistant.models.offline.readings import Hit
from assistant.models.offline.wish import Wish

PAGES = 8
SHOWN = 40


def listed(wish: Wish, aid: Aid) -> Steps[str]:
    """Search the marks; write them to `save_to` as a Markdown list by file, or show them."""
    marks = tuple(wish.text.split("|"))
    found = yield from hits(
        msgspec.structs.replace(wish, text=""), aid, ignore_case=False, pattern=rf"\b({wish.text})\b", pages=PAGES
    )
    # The list itself is no place where anything is left to do.
    kept = tuple(h for h in found.hits if h.path != wish.save_to.removeprefix("./"))
    if not kept:
        return aid.say("todo none", marks=joined(marks), where=place(wish, aid))
    files = len({h.path for h in kept})
    head = aid.say("todo", n=len(kept), files=files, marks=joined(marks))
    if not wish.save_to:
        more = f"\n\n{aid.say('more', n=len(kept) - SHOWN)}" if len(kept) > SHOWN else ""
        return f"{head}\n\n{grouped(kept[:SHOWN], aid)}{more}"
    content = document(kept, marks, aid)
    yield from must(aid, "write_file", path=wish.save_to, content=content)
    summary = "\n".join(
        f"- {code(path)}: {sum(h.path == path for h in kept)}" for path in dict.fromkeys(h.path for h in kept[:400])
    )
    return f"{head}\n\n{summary}\n\n{aid.say('saved new', lines=content.count(chr(10)), file=code(wish.save_to))}"


def document(found: tuple[Hit, ...], marks: tuple[str, ...], aid: Aid) -> str:
    """The list as a file: one heading a file, one box an item."""
    files = list(dict.fromkeys(h.path for h in found))
    out = [f"# {' / '.join(marks)}", "", aid.say("todo title", n=len(found), files=len(files))]
    for path in files:
        out += ["", f"## {code(path)}", ""]
        out += [f"- [ ] {aid.say('line', n=h.line)}: {plain(item(h.text, marks))}" for h in found if h.path == path]
    return "\n".join(out) + "\n"


def item(line: str, marks: tuple[str, ...]) -> str:
    """What is left to do: the line from its mark on, without comment signs; the mark itself only when there are several."""
    found = re.search(rf"\b({'|'.join(marks)})\b\s*(?:\(([^)]{{0,40}})\))?\s*[:：\-–—]*\s*(.*)", line)
    if not found:
        return line.strip()
    text = re.sub(r"\s*(?:\*/|-->|#\}|%>)\s*$", "", found[3]).strip()
    owner = f" ({found[2]})" if found[2] else ""
    head = found[1] if len(marks) > 1 or not text else ""
    return f"{head}{owner}{': ' if head and text else ' ' if owner else ''}{text}".strip()
