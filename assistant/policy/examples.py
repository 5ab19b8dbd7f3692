"""The examples that each policy file ships with (`NAME.examples.toml`): a request, its verdict, the policies that made it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import msgspec

from assistant.errors import PolicyError
from assistant.policy.engine import Engine
from assistant.policy.explain import Situation, open_session
from assistant.policy.provenance import Observation
from assistant.types import JSON, Action, Argument, Autonomy, Data, Decision, Effect, Grant, Resource


class Example(Data, frozen=True):
    """One example. `policies` must be among those that determined the verdict; left out, any will do."""

    name: str
    effect: Effect
    expect: Decision
    resource: Resource = Resource("file", "/home/me/project/notes.txt")
    tool: str = "a_tool"
    folder: str = "/home/me/project"
    arguments: tuple[Argument, ...] = ()
    facts: Mapping[str, JSON] = {}
    said: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    observed: tuple[Observation, ...] = ()
    grants: tuple[Grant, ...] = ()
    autonomy: Autonomy = Autonomy.CONSULTANT
    packs: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()


class Failure(Data, frozen=True):
    """An example that did not come out as written."""

    file: str
    example: str
    message: str


def read(text: str, file: str) -> tuple[Example, ...]:
    """The examples of one file (`[[example]]` tables). Raises PolicyError naming the file and what does not fit."""
    try:
        tree: dict[str, Any] = tomllib.loads(text)
        return msgspec.convert(tree.get("example", []), tuple[Example, ...])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PolicyError(f"{file}: the examples can't be read: {error}", hint="see policies/README.md") from error


def check(engine: Engine, file: str, examples: tuple[Example, ...]) -> list[Failure]:
    """Judge each example; what differs from what it says."""
    failures: list[Failure] = []
    for example in examples:
        action = Action(
            example.tool, example.effect, example.resource, example.arguments, example.folder, example.facts
        )
        situation = Situation(
            action, example.said, example.owner, example.observed, example.grants, example.autonomy, example.packs
        )
        verdict = open_session(engine, situation).judge(action, now_ms=0)
        if verdict.decision is not example.expect:
            message = f"expected `{example.expect}`, got `{verdict.decision}`: {verdict.reason}"
            failures.append(Failure(file, example.name, message))
            continue
        missing = [p for p in example.policies if p not in verdict.policies]
        if missing:
            message = f"`{missing[0]}` did not determine it; these did: {', '.join(verdict.policies) or 'none'}"
            failures.append(Failure(file, example.name, message))
    return failures
