"""Evaluating policies: a fixed list of them, asked about one request at a time.

cedarpy skips a forbid that errors; here any error is reported to the caller, who denies. Evaluation costs about 0.7 µs for each
policy of a set, matching or not, and 2 µs for each attribute of the context, so only policies that can match are asked, and
they are given the attributes that they look at. Neither changes an answer; see `PolicyBook`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import orjson

from assistant.policy.cedar import Policy
from assistant.policy.request import ACTION_ENTITIES, ACTION_PARENTS
from assistant.types import Data

if TYPE_CHECKING:
    import cedarpy

_MOST_SETS = 512
"""Parsed sets that are kept. One of ten policies takes about 0.3 ms to parse and 30 kB."""
_PRINCIPAL = re.compile(r"\bprincipal\s*(?:\.|\[|==|has\b|in\b|is\b)")


class Answer(Data, frozen=True):
    """One evaluation. `errors` not empty means that the answer must not be trusted."""

    allowed: bool
    policies: tuple[str, ...]
    errors: tuple[str, ...] = ()


class Link(Data, frozen=True):
    """A template made concrete."""

    id: str
    template: str
    principal: tuple[str, str]
    resource: tuple[str, str]


class Question(Data, frozen=True):
    """One request. `context` is the schema's `Call`, whole, with the tool as `{"__entity": ...}`."""

    principal: str
    action: str
    type: str
    resource: str
    inside: frozenset[tuple[str, str]]
    """The resource itself and all that it is in, as (type, id)."""
    context: Mapping[str, Any]


class PolicyBook:
    """A fixed list of policies, ready to be asked about one request at a time.

    Left out of a question are only policies that can neither match nor err. A policy is the conjunction of its scope and
    its conditions, evaluated from left to right, so it is false without error as soon as its scope does not fit the action,
    the resource's type or what the resource is in, or its very first test is false, provided that this test can't err
    (`cedar._need`). An attribute that no chosen policy mentions can't change what they say, nor can what the resource is in
    when none looks at more than its type. A property test compares every
    answer with that of the whole set and the whole context. The chosen sets are parsed when first needed and kept.
    """

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.policies = tuple(policies)
        self.looks_at_principal = any(_PRINCIPAL.search(p.text) for p in self.policies if not p.template)
        self._templates = tuple(p for p in self.policies if p.template)
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._sets: dict[tuple[int, ...], _Chosen] = {}
        self._linked: dict[tuple[tuple[int, ...], tuple[Link, ...]], cedarpy.PolicySet] = {}

    def ask(self, question: Question, entities: Callable[[], cedarpy.Entities], links: tuple[Link, ...] = ()) -> Answer:
        """Evaluate one request; `links` are templates that hold now, `entities` gives those of the question when they matter.

        A request that can't be read, and a policy that errors, give an Answer with `errors`. The schema is not asked again:
        it would cost a third of the time, and requests are made by one function from typed facts.
        """
        picked = self._pick(question)
        chosen = self._set(picked)
        handle = self._with_links(picked, links) if links else chosen.handle
        by_place = chosen.looks_up or bool(links) or self.looks_at_principal
        known = entities() if by_place else _groups(question.action in ACTION_PARENTS)
        context = question.context
        if chosen.looks_at is not None:
            context = {name: context[name] for name in chosen.looks_at if name in context}
        request = {
            "principal": {"type": "Task", "id": question.principal},
            "action": {"type": "Action", "id": question.action},
            "resource": {"type": question.type, "id": question.resource},
            "context": orjson.dumps(context).decode(),
        }
        return _answer(request, handle, known, chosen.names)

    def _pick(self, question: Question) -> tuple[int, ...]:
        """Places in `policies` of those that can match."""
        key = (question.action, question.type)
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kinds[key] = _Kind(self.policies, *key)
        return kind.pick(question)

    def _set(self, picked: tuple[int, ...]) -> _Chosen:
        found = self._sets.get(picked)
        if found is None:
            if len(self._sets) >= _MOST_SETS:
                self._sets.clear()
            found = self._sets[picked] = _Chosen([self.policies[n] for n in picked], self._templates)
        return found

    def _with_links(self, picked: tuple[int, ...], links: tuple[Link, ...]) -> cedarpy.PolicySet:
        key = (picked, links)
        if key not in self._linked:
            if len(self._linked) >= _MOST_SETS:
                self._linked.clear()
            chosen = self._set(picked)
            handle = chosen.handle
            for policy in self._templates:
                if any(link.template == policy.id for link in links):
                    handle = handle.with_added_str(policy.text)
            if len(handle) != len(chosen.names):
                raise ValueError("a template became a policy")  # positions would no longer name policies
            made = [
                {
                    "template_id": link.template,
                    "new_id": link.id,
                    "values": {"?principal": _uid(link.principal), "?resource": _uid(link.resource)},
                }
                for link in links
            ]
            self._linked[key] = handle.with_linked_batch(made)
        return self._linked[key]


class _Chosen:
    """The policies of one question as a parsed set, with their names by position."""

    def __init__(self, policies: Sequence[Policy], templates: Sequence[Policy]) -> None:
        import cedarpy  # 73 ms: only when policies are needed

        self.handle = cedarpy.PolicySet.from_str("\n".join(p.text for p in policies))
        self.names = tuple(p.id for p in policies)
        self.looks_up = any(p.looks_up for p in policies)
        looked_at = [p.looks_at for p in (*policies, *templates)]
        self.looks_at: tuple[str, ...] | None = None
        if None not in looked_at:
            self.looks_at = tuple(sorted({name for names in looked_at for name in names or ()}))


class _Kind:
    """The policies for one action and resource type: those that always apply, and those that want a place or a value."""

    def __init__(self, policies: Sequence[Policy], action: str, resource_type: str) -> None:
        groups = {action, *ACTION_PARENTS.get(action, ())}
        general: list[int] = []
        self._by_place: dict[tuple[str, str], list[int]] = {}
        self._by_value: dict[str, dict[str | int | bool, list[int]]] = {}
        for number, policy in enumerate(policies):
            if policy.template or (policy.actions and not policy.actions & groups):
                continue
            if policy.types and resource_type not in policy.types:
                continue
            if policy.within is not None:
                self._by_place.setdefault(policy.within, []).append(number)
            elif policy.need is not None:
                wanted = self._by_value.setdefault(policy.need.attribute, {})
                for value in policy.need.values:
                    wanted.setdefault(value, []).append(number)
            else:
                general.append(number)
        self._general = tuple(general)

    def pick(self, question: Question) -> tuple[int, ...]:
        """Places of the policies that can match, in order."""
        more: set[int] = set()
        if self._by_place:
            for place in question.inside:
                more.update(self._by_place.get(place, ()))
        for attribute, wanted in self._by_value.items():
            for value in _values(question.context[attribute]):
                more.update(wanted.get(value, ()))
        return tuple(sorted((*self._general, *more))) if more else self._general


def _values(given: Any) -> Sequence[str | int | bool]:
    if isinstance(given, tuple):
        return cast("tuple[str, ...]", given)
    if isinstance(given, dict):
        return (cast("dict[str, Any]", given)["__entity"]["id"],)
    return (given,)


def _answer(
    request: dict[str, Any], policies: cedarpy.PolicySet, known: cedarpy.Entities, names: Sequence[str]
) -> Answer:
    import cedarpy  # see _Chosen

    # cast: its signature has bare `dict`s, which strict checking can't accept
    result: cedarpy.AuthzResult = cast("Any", cedarpy).is_authorized_batch([request], policies, known)[0]
    errors = tuple(result.diagnostics.errors)
    if result.decision is cedarpy.Decision.NoDecision and not errors:
        errors = ("the request can't be read",)
    ids = [names[int(r[6:])] if r.startswith("policy") else r for r in result.diagnostics.reasons]
    return Answer(result.allowed, tuple(sorted(ids)), errors)


@cache
def _groups(wanted: bool) -> cedarpy.Entities:
    """The entities of a question about whose resource and task no policy wants to know: groups of actions, or nothing."""
    return entities(orjson.dumps(ACTION_ENTITIES if wanted else ()).decode())


def entities(json_text: str) -> cedarpy.Entities:
    """Parsed entities, to be used for several questions. Raises ValueError when they can't be read."""
    import cedarpy  # see _Chosen

    return cast("Any", cedarpy).Entities.from_json_str(json_text)  # cast: see _answer


def _uid(pair: tuple[str, str]) -> dict[str, str]:
    return {"type": pair[0], "id": pair[1]}
