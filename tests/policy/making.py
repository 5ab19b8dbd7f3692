"""Engines and actions for the tests of policy."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from assistant.policy.engine import Engine
from assistant.policy.files import Layer, PolicyFile
from assistant.policy.session import Session
from assistant.shipped import shipped
from assistant.types import Action, Argument, Autonomy, Effect, Kind, Resource, Role, Task

FOLDER = "/home/me/project"


@cache
def shipped_files() -> tuple[PolicyFile, ...]:
    root = shipped("policies")
    return tuple(
        PolicyFile(Layer.SHIPPED, p.relative_to(root).as_posix(), p.read_text()) for p in sorted(root.rglob("*.cedar*"))
    )


def make_engine(*extra: PolicyFile) -> Engine:
    return Engine.build((*shipped_files(), *extra))


@cache
def plain_engine() -> Engine:
    return make_engine()


def make_session(autonomy: Autonomy = Autonomy.CONSULTANT, engine: Engine | None = None, **more: Any) -> Session:
    task = Task("t1", FOLDER, "builtin/offline", autonomy=autonomy)
    return (engine or plain_engine()).session(task, **more)


def action(
    effect: Effect, resource: Resource | str = "", *arguments: Argument, tool: str = "a_tool", **facts: Any
) -> Action:
    if isinstance(resource, str):
        resource = Resource("file", f"{FOLDER}/{resource}" if not resource.startswith("/") else resource)
    return Action(tool, effect, resource, tuple(arguments), FOLDER, facts)


def mail(to: str | Sequence[str], body: str = "hello", subject: str = "") -> Action:
    return action(
        Effect.SEND,
        Resource("service", "mail"),
        Argument("to", list(to) if not isinstance(to, str) else [to], Role.DEST, Kind.ADDRESS),
        Argument("subject", subject, Role.PAYLOAD),
        Argument("body", body, Role.PAYLOAD),
        tool="send_mail",
    )


def delete(path: str, **facts: Any) -> Action:
    full = path if path.startswith("/") else f"{FOLDER}/{path}"
    argument = Argument("path", full, Role.TARGET, Kind.PATH)
    return action(Effect.DELETE, full, argument, tool="delete_file", staged=True, **facts)


def run(*commands: Sequence[str], **facts: Any) -> Action:
    text = " && ".join(" ".join(c) for c in commands)
    return action(
        Effect.EXECUTE,
        Resource("command", text),
        Argument("command", text, Role.PARAM, Kind.COMMAND),
        tool="run_command",
        commands=[list(c) for c in commands],
        **facts,
    )
