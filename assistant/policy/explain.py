"""Why a verdict is what it is, and what would change it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from assistant.policy import grants as granting
from assistant.policy.engine import Engine
from assistant.policy.provenance import Observation
from assistant.policy.session import Session
from assistant.policy.signs import SIGNS
from assistant.types import Action, Answer, Autonomy, Data, Decision, Grant, Task, Verdict


class Situation(Data, frozen=True):
    """What `assistant policy explain` reads: an action and, if wanted, what came before it."""

    action: Action
    said: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    observed: tuple[Observation, ...] = ()
    grants: tuple[Grant, ...] = ()
    autonomy: Autonomy = Autonomy.CONSULTANT
    packs: tuple[str, ...] = ()
    model: str = ""


class Source(Data, frozen=True):
    """One policy that determined a verdict, and where it is written."""

    id: str
    place: str
    reason: str = ""


class Explanation(Data, frozen=True):
    """A verdict with its grounds."""

    verdict: Verdict
    sources: tuple[Source, ...]
    signs: tuple[str, ...]
    changes: tuple[str, ...]
    """What would change it, a sentence each."""


def explain(engine: Engine, situation: Situation) -> Explanation:
    """Judge the situation's action and look for what would change the verdict. Raises PolicyError for an unknown pack."""
    session = open_session(engine, situation)
    verdict = session.judge(situation.action, now_ms=0)
    parts = session.parts(situation.action, now_ms=0)
    signs = tuple(dict.fromkeys(s for j in parts for s in j.part.facts.signs))
    return Explanation(
        verdict,
        tuple(_source(engine, p) for p in verdict.policies),
        tuple(SIGNS.get(s, s) for s in signs),
        tuple(_changes(engine, situation, session, verdict)),
    )


def open_session(engine: Engine, situation: Situation) -> Session:
    """A session in which everything that the situation tells has happened."""
    task = Task("explain", situation.action.folder, situation.model, autonomy=situation.autonomy)
    session = engine.session(task, packs=situation.packs)
    session.owner(situation.owner)
    for words in situation.said:
        session.said(words)
    for seen in situation.observed:
        session.observed(seen)
    for grant in situation.grants:
        session.add_grant(grant)
    return session


def _source(engine: Engine, policy_id: str) -> Source:
    policy = engine.policy(policy_id)
    if policy is None:
        return Source(policy_id, "a grant" if policy_id.startswith("grant:") else "this task")
    return Source(policy_id, f"{policy.file}:{policy.line}", policy.reason)


def _changes(engine: Engine, situation: Situation, session: Session, verdict: Verdict) -> list[str]:
    found: list[str] = []
    if verdict.decision is Decision.ASK:
        found.append("your yes to exactly this action would allow it")
    if verdict.decision is not Decision.ALLOW:
        grants = session.proposed(situation.action, Answer.TASK)
        if grants and _decides(engine, situation, grants) is Decision.ALLOW:
            found.append("a grant would allow it: " + "; ".join(granting.sentence(g) for g in grants))
    for level in Autonomy:
        if level is not situation.autonomy:
            other = _decide(engine, situation, level, situation.packs)
            if other is not verdict.decision:
                found.append(f"at the level `{level}` it would be `{other}`")
    for pack in sorted({*situation.packs}):
        rest = tuple(p for p in situation.packs if p != pack)
        other = _decide(engine, situation, situation.autonomy, rest)
        if other is not verdict.decision:
            found.append(f"without the pack `{pack}` it would be `{other}`")
    return found


def _decide(engine: Engine, situation: Situation, level: Autonomy, packs: tuple[str, ...]) -> Decision:
    other = msgspec.structs.replace(situation, autonomy=level, packs=packs)
    return open_session(engine, other).judge(situation.action, now_ms=0).decision


def _decides(engine: Engine, situation: Situation, grants: Sequence[Grant]) -> Decision:
    session = open_session(engine, situation)
    for grant in grants:
        session.add_grant(grant)
    return session.judge(situation.action, now_ms=0).decision
