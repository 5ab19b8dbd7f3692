"""What stands between a person and their tasks beyond one turn: grants, what a grant would have allowed, and what waits for a yes.

All of it is read from the log, and each change is an entry. Blocking: call it from a thread where a loop runs.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from assistant.agent.recall import recall
from assistant.audit.page import Filter, find
from assistant.errors import UsageError
from assistant.gateway.sentences import sentence
from assistant.types import Action, Answer, Channel, Data, Grant, plain
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.audit.log import Entry, Log
    from assistant.audit.task_view import TaskState
    from assistant.audit.views import Views
    from assistant.policy.session import Session

SHORTEST = 8
"""Signs of a digest that name a refusal: 32 bits, among the few that wait."""


class Waiting(Data, frozen=True):
    """Something that was refused since nobody was there to be asked, and has not been answered since."""

    digest: str
    task: str
    time_ms: int
    sentence: str
    reason: str = ""
    policies: tuple[str, ...] = ()
    action: Action | None = None
    """None when its content was erased; then it can't be agreed to."""


class DryRun(Data, frozen=True):
    """What a grant would have changed in the past, judged by the policies and grants of now."""

    allowed: tuple[Waiting, ...] = ()
    """Were asked or refused, and would have run unasked."""
    unchanged: int = 0
    """Were asked or refused, and would be still."""


def uses_left(log: Log, grant: Grant) -> int | None:
    """How often it may still be used; None when that is not limited. Each use stands in the log as a decision."""
    if grant.uses is None:
        return None
    name = f"grant:{grant.id}"
    wanted = Filter(kinds=("decision",), verdict="allow", text=name)
    used = sum(name in (e.body.get("policies") or ()) for e in find(log.database, wanted))
    return max(0, grant.uses - used)


class Standing:
    """Grants and refusals of all tasks. `open_policy` opens what judges a task of the log."""

    def __init__(self, log: Log, views: Views, open_policy: Callable[[TaskState], Session]) -> None:
        self._log = log
        self._views = views
        self._open_policy = open_policy

    # ------------------------------------------------------------ grants

    def grants(self, task: str = "") -> list[tuple[Grant, int | None]]:
        """Grants that were not revoked, with the uses they have left; of `task`, those that hold for it."""
        every = self._views.every_grant()
        return [(g, uses_left(self._log, g)) for g in every if not task or g.task in ("", task)]

    def add(self, grant: Grant) -> Grant:
        """Let a grant hold, under an id of its own. Open tasks take it up when they are opened again. Raises LogError."""
        made = msgspec.structs.replace(grant, id=secrets.token_hex(4), origin="command")
        self._log.append("grant.added", made.task, {"id": made.id, "grant": plain(made)})
        return made

    def revoke(self, grant_id: str) -> Grant:
        """End a grant for all tasks that are opened from now on. Raises UsageError when there is none, LogError."""
        found = next((g for g in self._views.every_grant() if g.id == grant_id), None)
        if found is None:
            raise UsageError(f"there is no grant `{one_line(grant_id, 40)}`", hint="see `assistant policy grants list`")
        self._log.append("grant.revoked", found.task, {"id": grant_id})
        return found

    def dry_run(self, grant: Grant, since_ms: int) -> DryRun:
        """What the grant would have allowed of all that was asked or refused since then.

        Each task is told its past again, so that every action is judged with just what had been said and read by then.
        """
        wanted = Filter(kinds=("decision",), from_ms=since_ms)
        blocked = [e for e in find(self._log.database, wanted) if e.body.get("decision") in ("ask", "deny")]
        allowed: list[Waiting] = []
        for task in sorted({e.task for e in blocked if grant.task in ("", e.task)}):
            state = self._views.task_state(task)
            if state is not None:
                allowed += self._allowed(state, grant, {e.seq for e in blocked})
        return DryRun(tuple(sorted(allowed, key=lambda w: w.time_ms)), len(blocked) - len(allowed))

    def _allowed(self, state: TaskState, grant: Grant, blocked: set[int]) -> list[Waiting]:
        policy = self._open_policy(state)
        found: list[Waiting] = []

        def judged(entry: Entry, action: Action) -> None:
            if entry.seq in blocked and policy.would_allow(grant, action, now_ms=entry.time_ms):
                found.append(self._told(entry, action))

        recall(self._log, self._views.task_entries(state.task.id), policy, judged=judged)
        return found

    # ------------------------------------------------------------ what waits

    def waiting(self, task: str = "", since_ms: int = 0) -> list[Waiting]:
        """What was refused unattended and not answered since, oldest first; of `task`, or of all."""
        kinds = ("approval", "approval.later")
        answered: set[tuple[str, str]] = set()
        found: list[Waiting] = []
        for entry in find(self._log.database, Filter(task=task, kinds=kinds, from_ms=since_ms)):
            name = (entry.task, str(entry.body.get("digest", "")))
            if name not in answered and entry.body.get("channel") == Channel.UNATTENDED:
                found.append(self._refused(entry))
            answered.add(name)
        return found[::-1]

    def agree(self, beginning: str, task: str = "") -> Waiting:
        """Say yes to one refusal, by the beginning of its digest: the very same action then runs once when the task goes on.

        Raises UsageError when none or several waiting ones begin so, when the content was erased, LogError.
        """
        found = [w for w in self.waiting(task) if w.digest.startswith(beginning)]
        if len(beginning) < SHORTEST or len(found) != 1:
            what = "several begin" if len(found) > 1 and len(beginning) >= SHORTEST else "nothing that waits begins"
            raise UsageError(
                f"{what} with `{one_line(beginning, 64)}`",
                hint="see `assistant policy waiting`; eight signs are needed",
            )
        (wanted,) = found
        if wanted.action is None:
            raise UsageError("its content was erased, so nobody could see what they agree to")
        body = {"digest": wanted.digest, "answer": str(Answer.ONCE), "channel": str(Channel.COMMAND)}
        self._log.append("approval.later", wanted.task, body)
        return wanted

    def _refused(self, entry: Entry) -> Waiting:
        decision, intent = self._entries_of(entry)
        raw = self._log.blob(str(intent.body.get("action_sha256", ""))) if intent else None
        action = msgspec.json.decode(raw, type=Action) if raw is not None else None
        told = self._told(decision or entry, action)
        return msgspec.structs.replace(told, digest=str(entry.body.get("digest", "")), time_ms=entry.time_ms)

    def _entries_of(self, entry: Entry) -> tuple[Entry | None, Entry | None]:
        """The decision and the intent of the call that an answer belongs to; they stand right before it."""
        found: dict[str, Entry] = {}
        for earlier in self._before(entry):
            if earlier.body.get("call") == entry.body.get("call"):
                found.setdefault(earlier.kind, earlier)
            if len(found) == 2:
                break
        return found.get("decision"), found.get("intent")

    def _before(self, entry: Entry) -> Iterator[Entry]:
        return find(self._log.database, Filter(task=entry.task, kinds=("intent", "decision")), before_seq=entry.seq)

    def _told(self, decision: Entry, action: Action | None) -> Waiting:
        reason = self._log.blob(str(decision.body.get("reason_sha256", ""))) or b""
        return Waiting(
            digest=str(decision.body.get("digest", "")),
            task=decision.task,
            time_ms=decision.time_ms,
            sentence=sentence(action) if action else "[its content was erased]",
            reason=reason.decode("utf-8", "replace"),
            policies=tuple(str(p) for p in decision.body.get("policies") or ()),
            action=action,
        )
