"""What a child task may be: tools, budgets, grants and boundaries that are a part of its parent's, never more.

This fixes what a child starts with. What holds while it runs is enforced call by call: the gateway of a child asks its
parent's gateway too (`Gateway.judge`), and the stricter verdict counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from assistant.errors import ToolError
from assistant.types import Action, Boundary, Budgets, Grant, Task, as_list
from assistant.visible import one_line

MOST_DEPTH = 2
"""A child of a child is the last."""

TOOL = "delegate"


def child_task(parent: Task, action: Action, left: Budgets, depth: int, *, id: str, now_ms: int) -> Task:
    """The task that a judged `delegate` action asks for. `depth` is the parent's own: 0 for a task of the person's.

    Raises ToolError for a tool that the parent does not have, and beyond MOST_DEPTH.
    """
    if depth >= MOST_DEPTH:
        raise ToolError(f"a helper can't start helpers more than {MOST_DEPTH} deep", hint="do it yourself")
    asked = action.argument("tools")
    wanted = tuple(dict.fromkeys(str(t) for t in as_list(asked))) if asked is not None else parent.tools
    if missing := [t for t in wanted if t not in parent.tools]:
        known = ", ".join(parent.tools) or "none"
        raise ToolError(f"this task has no tool `{one_line(missing[0], 60)}` to give", hint=f"it has: {known}")
    return Task(
        id=id,
        folder=parent.folder,
        model=parent.model,
        title=one_line(str(action.argument("prompt")), 60),
        kit=parent.kit,
        tools=tuple(t for t in wanted if t != TOOL or depth + 1 < MOST_DEPTH),
        autonomy=parent.autonomy,
        budgets=smaller(_asked_budgets(action.argument("budget")), left),
        parent=parent.id,
        created_ms=now_ms,
    )


def child_grants(grants: Iterable[Grant], child: Task) -> list[Grant]:
    """The parent's grants as the child's own. Those that end after some uses stay with the parent: two would use them."""
    return [
        msgspec.structs.replace(grant, id=f"{grant.id}-{child.id[-5:]}", task=child.id)
        for grant in grants
        if grant.task == child.parent and grant.uses is None
    ]


def child_boundaries(boundaries: Iterable[Boundary], child: Task) -> list[Boundary]:
    """The parent's own boundaries as the child's; those of every task hold for it anyway.

    Each gets a name of its own: the log tells by name which boundary stands and which was lifted.
    """
    return [
        msgspec.structs.replace(b, id=f"{b.id}-{child.id[-5:]}", task=child.id)
        for b in boundaries
        if b.task == child.parent
    ]


def smaller(one: Budgets, other: Budgets) -> Budgets:
    """For each limit the stricter of both."""
    found: dict[str, int] = {}
    for name in Budgets.__struct_fields__:
        limits = [value for value in (getattr(one, name), getattr(other, name)) if value is not None]
        if limits:
            found[name] = min(limits)
    return Budgets(**found)


def _asked_budgets(value: Any) -> Budgets:
    if not isinstance(value, Mapping):
        return Budgets()
    asked = cast("Mapping[str, int]", value)
    cents = asked.get("cents")
    return Budgets(
        cost_uusd=None if cents is None else int(cents) * 10_000,
        tokens=asked.get("tokens"),
        calls=asked.get("calls"),
        wall_s=asked.get("seconds"),
    )
