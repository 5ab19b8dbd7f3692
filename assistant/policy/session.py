"""The judge of one task: what the person said, what was read, what was granted and forbidden, and the verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
import orjson

from assistant.canonical import digest
from assistant.errors import PolicyError
from assistant.policy import grants as granting
from assistant.policy.attention import Attention
from assistant.policy.book import Answer as Evaluation
from assistant.policy.book import PolicyBook, Question, entities
from assistant.policy.cedar import Policy
from assistant.policy.consent import Consents
from assistant.policy.engine import Engine
from assistant.policy.grants import Grants
from assistant.policy.parts import TooManyParts, parts_of
from assistant.policy.provenance import Observation, Provenance
from assistant.policy.request import (
    ACTION_ENTITIES,
    ACTION_PARENTS,
    CEDAR_TYPES,
    Part,
    context,
    parents,
    resource_entity,
)
from assistant.policy.signs import SIGNS
from assistant.types import Action, Answer, Approval, Boundary, Data, Decision, Grant, Resource, Task, Verdict

if TYPE_CHECKING:
    import cedarpy


class Judged(Data, frozen=True):
    """The verdict on one part, with the policies that made it."""

    part: Part
    decision: Decision
    policies: tuple[str, ...]
    errors: tuple[str, ...] = ()
    granted: tuple[str, ...] = ()


class Session:
    """Judges the actions of one task. Not thread-safe: use it from one thread. Everything here is deterministic."""

    def __init__(self, engine: Engine, task: Task, *, packs: Sequence[str] = ()) -> None:
        self._engine = engine
        self._task = task
        self._packs = tuple(packs)
        self._boundaries: dict[str, tuple[Boundary, tuple[Policy, ...]]] = {}
        self._grants = Grants(task.id)
        self._consents = Consents()
        self._seen = Provenance()
        self.attention = Attention()
        self._refresh()

    # ------------------------------------------------------------ what happens

    def said(self, text: str) -> None:
        """The person's own words: a prompt, an answer, a command typed by them."""
        self._seen.said(text)
        self._consents.person_spoke()

    def owner(self, identities: Iterable[str]) -> None:
        """The person's own addresses, accounts and names, from the settings: sending there is sending home."""
        self._seen.owner(identities)

    def observed(self, seen: Observation) -> None:
        """A result that entered the context. Call it for everything that a model may read, compacted or not."""
        self._seen.observed(seen)

    def approved(self, action: Action, approval: Approval) -> tuple[Grant, ...]:
        """Take in a person's answer. The next `judge` of the same action then allows what asked.

        Returns the grants that the answer makes (`task`, `always`); they hold at once, and the caller logs them. Raises
        PolicyError when the approval is a no, was given to another action, or came over no trusted channel.
        """
        flaw = self._consents.add(action, approval)
        if flaw:
            raise PolicyError(flaw, hint="ask again, showing the action that would run")
        made = self.proposed(action, approval.answer)
        for grant in made:
            self._grants.add(grant)
        return made

    def refused(self, action: Action, approval: Approval) -> None:
        """Take in a person's no: the very same question is not asked again before they speak."""
        self._consents.add(action, approval)

    def proposed(self, action: Action, answer: Answer) -> tuple[Grant, ...]:
        """The grants that `answer` would make for this action, to be spelled out before the person answers."""
        asking = [j.part for j in self._parts(action, 0) if j.decision is not Decision.ALLOW]
        return granting.proposed(action, asking, answer, name=digest(action)[:12], task=self._task.id)

    def lasting(self, action: Action, answer: Answer, *, now_ms: int) -> tuple[Grant, ...]:
        """The grants that `answer` would make, or none where the same action would be asked about all the same: a forbid or a
        warning sign wins over any grant, and a person must not be offered what has no effect. Nothing is counted."""
        made = self.proposed(action, answer)
        tried = [msgspec.structs.replace(grant, id=f"dry-run-{n}") for n, grant in enumerate(made)]
        for grant in tried:
            self._grants.add(grant)
        try:
            enough = all(j.decision is Decision.ALLOW for j in self._parts(action, now_ms))
        finally:
            for grant in tried:
                self._grants.remove(grant.id)
        return made if enough else ()

    # ------------------------------------------------------------ what holds

    def use(self, engine: Engine) -> None:
        """Go on with newly built policies, between turns."""
        self._engine = engine
        self._refresh()

    def set_task(self, task: Task) -> None:
        """The task changed: another model, another level."""
        self._task = task
        self._refresh()

    def add_grant(self, grant: Grant) -> None:
        """Let a grant hold."""
        self._grants.add(grant)
        self._sha256 = ""

    def remove_grant(self, grant_id: str) -> None:
        """Revoke a grant. One that is not there is no error."""
        self._grants.remove(grant_id)
        self._sha256 = ""

    def grants(self) -> tuple[Grant, ...]:
        """Grants with the uses they have left."""
        return self._grants.all()

    def add_boundary(self, boundary: Boundary) -> None:
        """Let a prohibition hold. Raises PolicyError when its policy does not parse, validate or only forbid."""
        policies = self._engine.parse_boundary(boundary.policy, f"boundary/{boundary.id}")
        self._boundaries[boundary.id] = (boundary, policies)
        self._refresh()

    def remove_boundary(self, boundary_id: str) -> None:
        """Lift a prohibition. One that is not there is no error."""
        self._boundaries.pop(boundary_id, None)
        self._refresh()

    def boundaries(self) -> tuple[Boundary, ...]:
        """Prohibitions that hold."""
        return tuple(b for b, _ in self._boundaries.values())

    def hidden_paths(self) -> tuple[str, ...]:
        """Paths that policies forbid to read and to run commands on without any condition: no program may see them at all,
        since what a command reads can't be told from its words (`cat *`, `find`, a script)."""
        return self._hidden

    @property
    def provenance(self) -> Provenance:
        """What was said and read."""
        return self._seen

    @property
    def policy_set_sha256(self) -> str:
        """Names everything that a verdict depends on besides the conversation: files, level, packs, grants, boundaries."""
        if not self._sha256:
            words = [self._engine.sha256, self._task.autonomy.value, *self._packs]
            words += sorted(f"{g.id} {g.effect} {g.resource.type} {g.resource.id} {g.tool}" for g in self._grants.all())
            words += sorted(f"{b.id} {b.policy}" for b, _ in self._boundaries.values())
            self._sha256 = sha256("\n".join(words).encode("utf-8", "surrogateescape")).hexdigest()
        return self._sha256

    def _refresh(self) -> None:
        extra = tuple(p for _, policies in self._boundaries.values() for p in policies)
        self._book: PolicyBook = self._engine.book(self._task.autonomy, self._packs, extra)
        self._hidden = tuple(dict.fromkeys(path for p in self._book.policies for path in p.hides if path[:1] == "/"))
        self._rank = {p.id: (n, p) for n, p in enumerate(self._book.policies)}
        self._sha256 = ""
        self._known: dict[tuple[object, ...], cedarpy.Entities] = {}
        self._principal: dict[str, object] = {
            "uid": {"type": "Task", "id": self._task.id},
            "attrs": {
                "folder": {"__entity": {"type": "Folder", "id": self._task.folder}},
                "model": {"__entity": {"type": "Model", "id": self._task.model}},
                "kit": self._task.kit,
                "autonomy": self._task.autonomy.value,
            },
            "parents": [],
        }

    # ------------------------------------------------------------ verdicts

    def judge(self, action: Action, *, now_ms: int) -> Verdict:
        """The verdict on an action. `now_ms` is Unix time, for grants that end. Never raises: an error is a deny."""
        try:
            return self._judge(action, now_ms)
        except TooManyParts:
            return self._deny("the action has too many parts to be judged", "too_many_parts")
        except Exception as error:
            return self._deny(f"the policy check failed: {type(error).__name__}: {error}", "policy_error")

    def _deny(self, reason: str, code: str) -> Verdict:
        return Verdict(Decision.DENY, (), reason, code, policy_set_sha256=self.policy_set_sha256)

    def _judge(self, action: Action, now_ms: int) -> Verdict:
        judged = self._parts(action, now_ms)
        worst = max((j.decision for j in judged), key=_ORDER.index)
        traces = self._seen.trace(action)
        name = digest(action) if worst is Decision.ASK or self._consents else ""
        if worst is Decision.ASK and self._consents.refused(name):
            return self._deny(_SAID_NO, "refused")
        policies, reason = self._explain([j for j in judged if j.decision is worst])
        code = ""
        if worst is Decision.ASK and self._consents.take(name):
            worst, reason = Decision.ALLOW, f"you said yes to exactly this; it was asked because {reason}"
        elif worst is Decision.ASK:
            code = "needs_person"
            self.attention.asked(name, now_ms)
        elif worst is Decision.DENY:
            code = self._code(policies, any(j.part.facts.outside for j in judged))
        if worst is Decision.ALLOW:
            used = {g for j in judged for g in j.granted}
            self._grants.use(g for g in self._grants.all() if g.id in used)
        return Verdict(worst, policies, reason, code, traces, self.policy_set_sha256)

    def parts(self, action: Action, *, now_ms: int) -> tuple[Judged, ...]:
        """The verdicts on each part, without counting a question or using a grant: for explaining."""
        return tuple(self._parts(action, now_ms))

    def would_allow(self, grant: Grant, action: Action, *, now_ms: int) -> bool:
        """Whether this grant is what an action lacks: not allowed as things stand, and allowed with it. Nothing is counted."""
        if all(j.decision is Decision.ALLOW for j in self._parts(action, now_ms)):
            return False
        tried = msgspec.structs.replace(grant, id="dry-run", uses=None, expires_ms=None)
        self._grants.add(tried)
        try:
            return all(j.decision is Decision.ALLOW for j in self._parts(action, now_ms))
        finally:
            self._grants.remove(tried.id)

    def _parts(self, action: Action, now_ms: int) -> list[Judged]:
        def granted(name: str, resource: Resource, tool: str) -> bool:
            return bool(self._grants.covering(name, resource, tool, now_ms))

        return [self._ask(part, action.tool, now_ms) for part in parts_of(action, self._seen, granted)]

    def _ask(self, part: Part, tool: str, now_ms: int) -> Judged:
        kind = CEDAR_TYPES.get(part.resource.type)
        if kind is None:
            return Judged(part, Decision.DENY, (), (f"there is no kind of resource `{part.resource.type}`",))
        inside = frozenset(((kind, part.resource.id), *parents(part)))
        covering = self._grants.covering(part.action, part.resource, tool, now_ms)
        links = tuple(granting.link(g, self._task.id) for g in covering)

        def evaluate(approved: bool) -> Evaluation:
            facts = context(part.facts, approved=approved)
            asked = Question(self._task.id, part.action, kind, part.resource.id, inside, facts)
            return self._book.ask(asked, lambda: self._entities(part), links)

        no = evaluate(False)
        if no.errors:
            return Judged(part, Decision.DENY, no.policies, no.errors)
        if no.allowed:
            return Judged(part, Decision.ALLOW, no.policies, granted=tuple(g.id for g in covering))
        yes = evaluate(True)
        if yes.errors or not yes.allowed:
            return Judged(part, Decision.DENY, yes.policies, yes.errors)
        return Judged(part, Decision.ASK, tuple(dict.fromkeys((*no.policies, *yes.policies))))

    def _entities(self, part: Part) -> cedarpy.Entities:
        """The entities that a question needs: the resource, the task when a policy looks at it, action groups when they matter."""
        key = (part.resource, part.local, part.paths, part.action in ACTION_PARENTS)
        found = self._known.get(key)
        if found is None:
            if len(self._known) > 256:
                self._known.clear()
            given: list[object] = [resource_entity(part)]
            if self._book.looks_at_principal:
                given.append(self._principal)
            if part.action in ACTION_PARENTS:
                given += ACTION_ENTITIES
            found = self._known[key] = entities(orjson.dumps(given).decode())
        return found

    def _explain(self, judged: Sequence[Judged]) -> tuple[tuple[str, ...], str]:
        """The policies in the order of their files, and the reason that the person reads."""
        found = {p for j in judged for p in j.policies}
        policies = sorted(found, key=lambda p: self._rank[p][0] if p in self._rank else -1)
        errors = [e for j in judged for e in j.errors]
        if errors:
            return tuple(policies), f"a policy could not be evaluated: {errors[0]}"
        signs = dict.fromkeys(s for j in judged for s in j.part.facts.signs)
        if signs and judged[0].decision is not Decision.ALLOW:
            return tuple(policies), "; ".join(SIGNS.get(s, s) for s in signs)
        reasons = [self._rank[p][1].reason for p in policies if p in self._rank and self._rank[p][1].reason]
        if reasons:
            return tuple(policies), reasons[0]
        if any(j.part.facts.outside for j in judged):
            return tuple(policies), _OUTSIDE
        if any(p.startswith("grant:") for p in policies):
            return tuple(policies), _GRANTED
        return tuple(policies), _NOTHING_ALLOWS

    def _code(self, policies: Sequence[str], outside: bool) -> str:
        if not policies and outside:
            return "outside_folder"
        return next((self._rank[p][1].code for p in policies if p in self._rank and self._rank[p][1].code), "refused")


REASONS = (
    "you said no to exactly this",
    "the path lies outside this task's folder, and no grant opens it",
    "a grant allows it",
    "no policy allows it",
)
"""What is said where no policy gives a reason. The policies' own stand in their files, those of warning signs in `signs.py`."""
_SAID_NO, _OUTSIDE, _GRANTED, _NOTHING_ALLOWS = REASONS

_ORDER = (Decision.ALLOW, Decision.ASK, Decision.DENY)
