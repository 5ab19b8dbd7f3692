"""The policy layer spoken to in JSON, one message in, one answer out: for scoring and for tools that have no gateway.

It uses the same engine, policies and rules as the product. Nothing here knows who calls or what is being tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from assistant.policy.engine import Engine
from assistant.policy.normal import leaves
from assistant.policy.provenance import Field, Observation
from assistant.policy.session import Session
from assistant.policy.structure import fields_of_text
from assistant.types import (
    JSON,
    Action,
    Argument,
    Confidentiality,
    Decision,
    Effect,
    Integrity,
    Kind,
    Label,
    Resource,
    Role,
    Task,
)  # fmt: skip

EFFECTS: Mapping[str, tuple[Effect, str]] = {
    "read": (Effect.READ, ""),
    "fetch": (Effect.FETCH, ""),
    "write": (Effect.WRITE, ""),
    "send": (Effect.SEND, ""),
    "pay": (Effect.ACT, "pay"),
    "book": (Effect.ACT, "book"),
    "delete": (Effect.DELETE, ""),
    "admin": (Effect.ACT, "admin"),
}
"""The caller's words for effects, and the product's with the kind of an `act`."""


class Judge:
    """One session at a time. `answer` never raises: what can't be understood is refused."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session: Session | None = None
        self._tools: dict[str, Mapping[str, JSON]] = {}

    def answer(self, message: JSON) -> dict[str, JSON]:
        """The answer to one message."""
        try:
            return self._answer(message)
        except Exception as error:
            return _refusal(f"the message can't be understood: {type(error).__name__}: {error}")

    def _answer(self, message: JSON) -> dict[str, JSON]:
        if not isinstance(message, dict):
            return _refusal("a message is a JSON object")
        said = cast("dict[str, JSON]", message)
        match said.get("op"):
            case "start":
                self._session = None  # an error below must not leave the last session open
                self._tools = {}
                return self._start(_mapping(said.get("task")))
            case "call":
                return self._call(said)
            case "result":
                return self._result(said)
            case other:
                return _refusal(f"unknown op `{other}`; known: start, call, result")

    def _start(self, task: Mapping[str, JSON]) -> dict[str, JSON]:
        session = self._engine.session(Task("judge", "/", ""))
        session.said(str(task.get("prompt") or ""))
        session.owner([str(u) for u in _sequence(task.get("user"))])
        for tool in _sequence(task.get("tools")):
            spec = _mapping(tool)
            self._tools[str(spec.get("name"))] = spec
        self._session = session
        return {"ok": True}

    def _call(self, message: Mapping[str, JSON]) -> dict[str, JSON]:
        if self._session is None:
            return _refusal("no session was started")
        name = str(message.get("tool"))
        spec = self._tools.get(name)
        if spec is None:
            return _refusal(f"the tool `{name}` was not declared")
        if str(spec.get("effect")) not in EFFECTS:
            return _refusal(f"the tool `{name}` has no known effect")
        verdict = self._session.judge(action_of(spec, _mapping(message.get("args"))), now_ms=0)
        return {"decision": verdict.decision.value, "reason": verdict.reason, "policies": list(verdict.policies)}

    def _result(self, message: Mapping[str, JSON]) -> dict[str, JSON]:
        if self._session is None:
            return {"ok": False, "reason": "no session was started"}
        name = str(message.get("tool"))
        spec = self._tools.get(name, {})
        label = _label(_mapping(message.get("source_label") or spec.get("output_label") or {}), name)
        output = message.get("output")
        text = output if isinstance(output, str) else str(output if output is not None else "")
        fields = tuple(_field(_mapping(f), label) for f in _sequence(message.get("fields")))
        if not fields and spec.get("effect") != "fetch":  # whoever wrote a page would write the fields too
            fields = _derived(text, label)
        args = message.get("args")
        looked_up = isinstance(args, dict) and str(spec.get("effect", "read")) in ("read", "fetch")
        asked_for = tuple(str(leaf) for leaf in leaves(args)) if looked_up else ()  # a write's answer is no source
        self._session.observed(Observation(name, name, text, label, fields, asked_for))
        return {"ok": True}


def action_of(spec: Mapping[str, JSON], args: Mapping[str, JSON]) -> Action:
    """A call of a declared tool as an Action on a service. Arguments without a role are parameters."""
    effect, kind = EFFECTS[str(spec.get("effect"))]
    roles = _mapping(spec.get("roles") or {})
    arguments = tuple(Argument(str(k), v, _role(roles.get(k)), Kind.VALUE) for k, v in args.items())
    facts: dict[str, JSON] = {"kind": kind} if kind else {}
    return Action(str(spec.get("name")), effect, Resource("service", str(spec.get("name"))), arguments, "/", facts)


def _role(value: JSON) -> Role:
    try:
        return Role(value)
    except ValueError:
        return Role.PARAM


def _label(value: Mapping[str, JSON], source: str) -> Label:
    """A label; whatever is missing or unknown counts as untrusted and private."""
    integrity = Integrity.TRUSTED if value.get("integrity") == "trusted" else Integrity.UNTRUSTED
    try:
        confidentiality = Confidentiality(value.get("confidentiality"))
    except ValueError:
        confidentiality = Confidentiality.PRIVATE
    return Label(integrity, confidentiality, (source,))


def _field(value: Mapping[str, JSON], label: Label) -> Field:
    given = value.get("value")
    trusted = value.get("integrity") == "trusted" and label.integrity is Integrity.TRUSTED
    return Field(
        str(value.get("path") or ""),
        given if isinstance(given, str) else str(given if given is not None else ""),
        str(value.get("kind") or "text"),
        Integrity.TRUSTED if trusted else Integrity.UNTRUSTED,
    )


def _derived(text: str, label: Label) -> tuple[Field, ...]:
    """The fields of a result whose caller left them out."""
    return tuple(msgspec.structs.replace(f, integrity=label.integrity) for f in fields_of_text(text))


def _refusal(reason: str) -> dict[str, JSON]:
    return {"decision": Decision.DENY.value, "reason": reason}


def _mapping(value: JSON) -> Mapping[str, JSON]:
    if not isinstance(value, dict):
        raise TypeError(f"an object was expected, not {type(value).__name__}")
    return cast("dict[str, JSON]", value)


def _sequence(value: JSON) -> Sequence[Any]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise TypeError(f"a list was expected, not {type(value).__name__}")
    return cast("list[Any]", value)
