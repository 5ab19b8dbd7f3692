"""Memory: facts that outlive a task. The person sees, edits and forgets them; each change is in the log before it holds.

What a model remembers carries the label of its conversation, unless the person said it in these very words. Policy asks
before anything is remembered in a conversation that has read untrusted text (`memory-from-untrusted-asks`).
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

import msgspec

from assistant.audit.words import as_words
from assistant.errors import LogError, ToolError
from assistant.gateway.house import Served
from assistant.gateway.output import Reading, redacted
from assistant.policy.sensitive import redact
from assistant.store.facts import Fact, Facts
from assistant.types import JSON, Action, Confidentiality, Integrity, Label, plain
from assistant.visible import one_line, visible

if TYPE_CHECKING:
    from assistant.audit.log import Log
    from assistant.policy.provenance import Provenance

MOST_FOUND = 20
"""Facts that one look-up gives."""
MOST_SOURCES = 20
"""Sources that a label lists of what was remembered or found; more would fill the entry. Chosen."""
_HOUSE = Label(Integrity.TRUSTED, Confidentiality.PUBLIC)
_RUN = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\W_]+")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


class Memory:
    """All facts of this person. Blocking where not `async`."""

    def __init__(self, facts: Facts, log: Log) -> None:
        self._facts = facts
        self._log = log

    # ------------------------------------------------------------ for a model, through the door

    async def serve(self, verb: str, call_id: str, action: Action, task: str, seen: Provenance) -> Served:
        """See `assistant.gateway.house.House`."""
        if verb == "recall":
            return await asyncio.to_thread(self._recall, str(action.argument("query") or ""))
        if verb != "remember":
            raise ToolError(f"tool `{action.tool}`: memory knows no `{verb}`", hint="remember, recall")
        text = str(action.argument("fact"))
        said = seen.in_prompt(text)
        label = Label(Integrity.TRUSTED, seen.label.confidentiality, ("you",)) if said else seen.label
        fact = _fact(text, "you said it" if said else "a model's words", label, task)
        number = await asyncio.shield(asyncio.to_thread(self._add, fact, call_id))
        return Served(Reading(True, f"remembered as fact {number}"), _HOUSE, "memory")

    def _add(self, fact: Fact, call_id: str) -> int:
        with self._facts.adding(fact, as_words(fact.text)) as kept:
            self._record("memory.added", kept, {"call": call_id})
        return kept.number

    def _recall(self, query: str) -> Served:
        found = self.find(query, MOST_FOUND)
        if not found:
            what = f"nothing fits `{one_line(query, 80)}`" if query.strip() else "the memory is empty"
            return Served(Reading(True, what), _HOUSE, "memory")
        label = Label(Integrity.TRUSTED, Confidentiality.PUBLIC, ("memory",))
        for fact in found:
            label = label.join(fact.label)
        sources = label.sources[:MOST_SOURCES]
        lines = [f"[{f.number}] {day(f.changed_ms)}, {f.source}: {redacted(visible(f.text), redact)}" for f in found]
        return Served(Reading(True, "\n".join(lines)), msgspec.structs.replace(label, sources=sources), "memory")

    # ------------------------------------------------------------ for the person

    def find(self, words: str = "", limit: int = 1000) -> list[Fact]:
        """The facts that fit `words`, best first; all of them, newest first, without. Raises ToolError."""
        if not words.strip():
            return self._facts.newest(limit)
        query = as_query(words)
        return self._facts.search(query, limit) if query else []

    def get(self, number: int) -> Fact:
        """One fact. Raises ToolError when there is none of that number."""
        found = self._facts.get(number)
        if found is None:
            raise ToolError(f"there is no fact `{number}`", hint="see `assistant memory list`")
        return found

    def edit(self, number: int, text: str) -> Fact:
        """Replace a fact's words by the person's own, which makes it theirs. Raises ToolError, LogError."""
        old = self.get(number)
        label = Label(Integrity.TRUSTED, old.label.confidentiality, ("you",))
        new = msgspec.structs.replace(
            old, text=text.strip(), source="you wrote it", label=label, changed_ms=time.time_ns() // 1_000_000
        )
        with self._facts.changing(new, as_words(new.text)):
            self._record("memory.changed", new, {})
        self._erase(number, but=self._sha256_of_last(number))
        return new

    def forget(self, number: int) -> Fact:
        """Delete a fact, and erase its words from the log's memory entries. Raises ToolError, LogError.

        What was said in a conversation stays in the log.
        """
        old = self.get(number)
        with self._facts.forgetting(number):
            self._log.append("memory.forgotten", "", {"id": number})
        self._erase(number)
        return old

    # ------------------------------------------------------------ the log

    def _record(self, kind: str, fact: Fact, more: dict[str, JSON]) -> None:
        body: dict[str, JSON] = {"id": fact.number, "source": fact.source, "label": plain(fact.label), **more}
        self._log.append(kind, fact.task if kind == "memory.added" else "", body, blobs={"text": fact.text.encode()})

    def _entries(self, number: int) -> list[str]:
        from assistant.audit.page import Filter, find

        wanted = Filter(kinds=("memory.added", "memory.changed"))
        entries = (e for e in find(self._log.database, wanted) if e.body.get("id") == number)
        return [str(e.body.get("text_sha256", "")) for e in entries]

    def _sha256_of_last(self, number: int) -> str:
        return next(iter(self._entries(number)), "")

    def _erase(self, number: int, *, but: str = "") -> None:
        from assistant.audit.upkeep import erase

        kept = {sha for f in self._facts.newest(MOST_KEPT) for sha in [_sha256(f.text)]} | {but}
        gone = [s for s in dict.fromkeys(self._entries(number)) if s not in kept and self._log.blob(s) is not None]
        if gone:
            try:
                erase(self._log, gone, "forgotten")
            except LogError:
                if any(self._log.blob(sha256) is not None for sha256 in gone):
                    raise  # otherwise they are erased, and only SQLite's own tidying waits for another reader


MOST_KEPT = 10_000
"""Facts whose words are compared before words are erased. Chosen: beyond what a person can look through."""


def _sha256(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def _fact(text: str, source: str, label: Label, task: str) -> Fact:
    now = time.time_ns() // 1_000_000
    label = msgspec.structs.replace(label, sources=label.sources[:MOST_SOURCES])
    return Fact(0, text.strip(), source, label, task, now, now)


def as_query(words: str) -> str:
    """A person's or a model's words as an FTS5 query: any of them may occur, what has more of them comes first.

    Scripts without spaces are asked for by pairs of signs, so that 喜欢的颜色 finds 我最喜欢绿颜色.
    """
    terms: list[str] = []
    for run in _RUN.findall(words)[:64]:
        if _UNSPACED.match(run):
            pairs = [run[i : i + 2] for i in range(len(run) - 1)] or [run]
            terms += ['"' + " ".join(pair) + '"' for pair in pairs]
        else:
            terms.append(f'"{run}"' + ("*" if len(run) > 2 else ""))
    return " OR ".join(dict.fromkeys(terms))


def day(time_ms: int) -> str:
    """The day of a Unix time in milliseconds, as the person's clock has it."""
    return time.strftime("%Y-%m-%d", time.localtime(time_ms / 1000))
