"""Standing permissions: which of them cover a part of an action, how they become Cedar links, how they end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from assistant.policy.book import Link
from assistant.policy.request import ACTION_PARENTS, CEDAR_TYPES, Part, ancestors
from assistant.types import Action, Answer, Effect, Grant, Resource


class Grants:
    """The grants of one task that have not been revoked, with the uses that are left."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._grants: dict[str, Grant] = {}

    def add(self, grant: Grant) -> None:
        """Let a grant hold from now on; one with the same id is replaced."""
        self._grants[grant.id] = grant

    def remove(self, grant_id: str) -> bool:
        """Revoke; False when there is none with this id."""
        return self._grants.pop(grant_id, None) is not None

    def all(self) -> tuple[Grant, ...]:
        """Every grant that is not revoked or used up, also expired ones."""
        return tuple(self._grants.values())

    def __bool__(self) -> bool:
        return bool(self._grants)

    def covering(self, action: str, resource: Resource, tool: str, now_ms: int) -> tuple[Grant, ...]:
        """The grants that hold now and cover this action on this resource."""
        if not self._grants:
            return ()
        names = {action, *ACTION_PARENTS.get(action, ())}
        kind = CEDAR_TYPES.get(resource.type, "Unknown")
        inside = {(kind, resource.id), *ancestors(resource)}
        return tuple(
            g
            for g in self._grants.values()
            if g.effect.value in names
            and g.task in ("", self._task)
            and g.tool in ("", tool)
            and (g.expires_ms is None or now_ms < g.expires_ms)
            and (g.uses is None or g.uses > 0)
            and (CEDAR_TYPES.get(g.resource.type, "Unknown"), g.resource.id) in inside
        )

    def use(self, grants: Iterable[Grant]) -> None:
        """Count one use of each; one with no use left is gone."""
        for grant in grants:
            current = self._grants.get(grant.id)
            if current is None or current.uses is None:
                continue
            if current.uses <= 1:
                del self._grants[grant.id]
            else:
                self._grants[grant.id] = msgspec.structs.replace(current, uses=current.uses - 1)


def link(grant: Grant, principal: str) -> Link:
    """The grant as a linked template of `policies/base.cedar`."""
    resource = (CEDAR_TYPES.get(grant.resource.type, "Unknown"), grant.resource.id)
    return Link(f"grant:{grant.id}", f"grant-{grant.effect.value}", ("Task", principal), resource)


def proposed(action: Action, parts: Sequence[Part], answer: Answer, *, name: str, task: str) -> tuple[Grant, ...]:
    """The grants that the answer `task` or `always` would make for the parts that asked; none for a single yes.

    `name` starts their ids: callers take the first signs of the action's digest.
    """
    if answer not in (Answer.TASK, Answer.ALWAYS):
        return ()
    grants: dict[tuple[str, Resource], Grant] = {}
    for part in parts:
        effect = next(iter(ACTION_PARENTS.get(part.action, (part.action,))))
        resource = _scope(part.resource)
        grants.setdefault(
            (effect, resource),
            Grant(
                id=f"{name}-{len(grants) + 1}",
                effect=Effect(effect),
                resource=resource,
                tool=action.tool,
                task=task if answer is Answer.TASK else "",
                reason="you agreed to it",
                origin="approval",
            ),
        )
    return tuple(grants.values())


def _scope(resource: Resource) -> Resource:
    """A command is granted by its program and subcommand, anything else exactly."""
    if resource.type != "command":
        return resource
    words = resource.id.split(" ")
    plain = [w for w in words[1:2] if w.isascii() and w.replace("-", "").isalnum() and not w.startswith("-")]
    return Resource("command", " ".join(words[:1] + plain))


def sentence(grant: Grant) -> str:
    """What a grant permits, for the person."""
    what = f"{grant.effect.value} `{grant.resource.id}`" + (f" with `{grant.tool}`" if grant.tool else "")
    scope = "in this task" if grant.task else "in every task"
    uses = "" if grant.uses is None else f", {grant.uses} times at most"
    return f"{what} {scope}{uses}" + ("" if grant.expires_ms is None else ", until a set time")
