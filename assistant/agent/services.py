"""What a session is given by the Desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from assistant.agent.weakness import Weakness
from assistant.types import Budgets, Task

if TYPE_CHECKING:
    from assistant.agent.session import LocalSession
    from assistant.agent.today import Today
    from assistant.audit.log import Log
    from assistant.gateway.door import Gateway
    from assistant.gateway.registry import Registry
    from assistant.models.protocol import Model
    from assistant.policy.session import Session as PolicySession
    from assistant.sandbox.protocol import Room, Stage


class Services(msgspec.Struct, frozen=True):
    """What a session is given by the Desk. All of it may be shared between sessions, except `policy` and `gateway`."""

    log: Log
    registry: Registry
    policy: PolicySession
    gateway: Callable[[Callable[[], Task], Callable[[], Awaitable[Room]]], Gateway]
    open_room: Callable[[], Awaitable[Room]]
    stage: Callable[[], Stage]
    make_model: Callable[[str], Awaitable[Model]]
    reload_policy: Callable[[PolicySession], list[str]]
    """Called between turns: takes up changed policy files; returns what to tell the person."""
    fallback: tuple[str, ...] = ()
    usable: Callable[[str], bool] = lambda _: True
    """Whether a model of the fallback list can be asked, as far as is known without asking anybody."""
    window: Callable[[str], int | None] = lambda _: None
    """Context of a model in tokens."""
    day: Budgets = Budgets()
    today: Today | None = None
    max_steps: int = 50
    open_child: Callable[[LocalSession, Task], Awaitable[LocalSession]] | None = None
    """Opens a child of the session; None where nothing can be delegated."""
    new_task: Callable[[], tuple[str, int]] = lambda: ("", 0)
    """A new task's id, and the time in Unix milliseconds."""
    depth: int = 0
    """How many ancestors the task has."""
    weakness: Weakness = msgspec.field(default_factory=Weakness)
    """What to say of how this machine contains programs."""
    require_above: Callable[[], None] = lambda: None
    """Raises BudgetSpent when a budget of an ancestor is used up, by whatever runs below it."""
    within: bool = False
    """It runs within its parent's turn: in the parent's room and on its stage, neither of which it settles or closes."""
