"""Only policies that can match are asked, and that changes no answer."""

from __future__ import annotations

import json
from typing import Any

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.policy import grants as granting
from assistant.policy.book import Answer, PolicyBook, Question, entities
from assistant.policy.cedar import Policy, parse_file
from assistant.policy.files import Layer, PolicyFile
from assistant.policy.request import (
    ACTION_ENTITIES,
    ACTION_PARENTS,
    CEDAR_TYPES,
    CONTEXT,
    Facts,
    Part,
    context,
    parents,
    resource_entity,
)
from assistant.types import Autonomy, Effect, Grant, Resource
from tests.policy.making import plain_engine

SCOPES = (
    "action",
    "action",
    "action",
    'action == Action::"read"',
    'action == Action::"pay"',
    'action in Action::"act"',
    'action in [Action::"send", Action::"act"]',
)
RESOURCES = (
    "resource",
    "resource",
    "resource",
    "resource",
    "resource is File",
    "resource is Host",
    'resource == Host::"example.org"',
    'resource in Host::"org"',
    'resource in Folder::"/a"',
    'resource is File in Folder::"/a/b"',
    'resource in Command::"git push"',
)
TESTS = (
    "context.bulk",
    "!context.bulk",
    "context.approved",
    "context.count == 3",
    "3 == context.count",
    "context.count == -1",
    "context.count > 2",
    "context.count + 9223372036854775806 > 0",
    'context.tool == Tool::"x"',
    'Tool::"y" == context.tool',
    'context.tool == Host::"x"',
    'context.destination == "named"',
    'context.destination != "named"',
    '["named", "own"].contains(context.destination)',
    'context.signs.contains("stranger")',
    'context.signs.containsAny(["stranger", "dictated"])',
    'context.signs.containsAll(["stranger", "dictated"])',
    '["stranger"].containsAll(context.signs)',
    "context.signs.contains(context.destination)",
    "context.sign_count >= 2",
    "(context.bulk || context.held)",
    "(if context.bulk then context.held else true)",
    'resource in Folder::"/a"',
    "resource is Service",
    "principal == principal",
    'principal == Task::"t1"',
    "context == context",
    "context has bulk",
    "context.nothing",
    "context.bulk == context.held",
    "true",
    "false",
)
CONDITIONS = st.lists(
    st.tuples(
        st.sampled_from(["when", "when", "unless"]), st.lists(st.sampled_from(TESTS), min_size=1, max_size=3),
        st.sampled_from([" && ", " && ", " || "]),
    ),
    max_size=2,
)  # fmt: skip
PLACES = st.sampled_from([
    Resource("file", "/a/b/c.txt"), Resource("file", "/x"), Resource("host", "example.org"), Resource("host", "evil.example"),
    Resource("command", "git push origin"), Resource("service", "bank"), Resource("account", "ann@mail.example.org"),
])  # fmt: skip
PARTS = st.builds(
    Part,
    st.sampled_from(["read", "write", "send", "act", "pay", "execute"]),
    PLACES,
    st.builds(
        Facts,
        tool=st.sampled_from(["x", "y", ""]),
        bulk=st.booleans(),
        held=st.booleans(),
        count=st.sampled_from([-1, 1, 3, 5]),
        destination=st.sampled_from(["none", "named", "stranger"]),
        signs=st.sampled_from([(), ("stranger",), ("dictated",), ("stranger", "dictated")]),
    ),
    paths=st.sampled_from([(), ("/a/b/c",)]),
)


def policies(texts: list[str]) -> list[Policy]:
    found, problems = parse_file(PolicyFile(Layer.USER, "x.cedar", "\n".join(texts)))
    assert problems == []
    return found


def one(number: int, effect: str, scope: str, resource: str, conditions: list[tuple[str, list[str], str]]) -> str:
    tail = " ".join(f"{kind} {{ {joint.join(tests)} }}" for kind, tests, joint in conditions)
    return f'@id("p{number}") {effect}(principal, {scope}, {resource}) {tail};'


TEXTS = st.lists(
    st.tuples(st.sampled_from(["permit", "forbid"]), st.sampled_from(SCOPES), st.sampled_from(RESOURCES), CONDITIONS),
    max_size=8,
).map(lambda made: [one(n, *parts) for n, parts in enumerate(made)])


def known(part: Part) -> cedarpy.Entities:
    task = {"uid": {"type": "Task", "id": "t1"}, "attrs": {}, "parents": []}
    more = ACTION_ENTITIES if part.action in ACTION_PARENTS else ()
    return entities(json.dumps([resource_entity(part), task, *more]))


def from_all(found: list[Policy], part: Part, approved: bool) -> Answer:
    """The answer of the whole set to the whole context, straight from Cedar."""
    handle = cedarpy.PolicySet.from_str("\n".join(p.text for p in found))
    facts: dict[str, Any] = {k: list(v) if isinstance(v, tuple) else v for k, v in context(part.facts, approved=approved).items()}  # fmt: skip
    request = {
        "principal": {"type": "Task", "id": "t1"},
        "action": {"type": "Action", "id": part.action},
        "resource": {"type": CEDAR_TYPES[part.resource.type], "id": part.resource.id},
        "context": json.dumps(facts),
    }
    result = cedarpy.is_authorized_batch([request], handle, known(part))[0]
    ids = sorted(found[int(r.removeprefix("policy"))].id for r in result.diagnostics.reasons)
    return Answer(result.allowed, tuple(ids), tuple(result.diagnostics.errors))


def from_book(book: PolicyBook, part: Part, approved: bool) -> Answer:
    kind = CEDAR_TYPES[part.resource.type]
    inside = frozenset(((kind, part.resource.id), *parents(part)))
    question = Question("t1", part.action, kind, part.resource.id, inside, context(part.facts, approved=approved))
    return book.ask(question, lambda: known(part))


def same(one: Answer, other: Answer) -> bool:
    """Positions in messages of errors differ, so they are counted."""
    return (one.allowed, one.policies, len(one.errors)) == (other.allowed, other.policies, len(other.errors))


@settings(max_examples=400, deadline=None)
@given(TEXTS, PARTS, st.booleans())
def test_P3_choosing_policies_never_changes_an_answer_or_hides_an_error(
    texts: list[str], part: Part, approved: bool
) -> None:
    """Neither the decision, nor the policies that determined it, nor an error: also for policies that no schema has seen."""
    found = policies(texts)
    assert same(from_book(PolicyBook(found), part, approved), from_all(found, part, approved))


@settings(max_examples=150, deadline=None)
@given(PARTS, st.booleans(), st.sampled_from(list(Autonomy)))
def test_P3_the_shipped_policies_answer_as_a_whole(part: Part, approved: bool, level: Autonomy) -> None:
    book = plain_engine().book(level, ("offline", "no-secrets", "careful-sending"))
    found = [p for p in book.policies if not p.template]
    assert same(from_book(book, part, approved), from_all(found, part, approved))


@pytest.mark.parametrize(
    "form", ["when {{ {} && !context.staged }}", "when {{ {} || context.approved }}", "unless {{ {} }}",
             "when {{ !({}) }}", "when {{ context.approved }} unless {{ {} }}"],
)  # fmt: skip
@pytest.mark.parametrize("test", TESTS)
def test_P3_each_first_test_is_judged_as_by_cedar(test: str, form: str) -> None:
    """Not only by luck of the draw: each with every value that it may meet."""
    head = '@id("p") forbid(principal, action, resource)'
    found = policies([f"{head} {form.format(test)};", '@id("all") permit(principal, action, resource);'])
    book = PolicyBook(found)
    for bulk in (False, True):
        for signs in ((), ("stranger",), ("stranger", "dictated")):
            for count, tool, destination in ((3, "x", "named"), (-1, "y", "own"), (2, "z", "stranger")):
                facts = Facts(tool, bulk=bulk, signs=signs, count=count, destination=destination)
                part = Part("read", Resource("file", "/a/b"), facts)
                for approved in (False, True):
                    assert same(from_book(book, part, approved), from_all(found, part, approved)), facts


def test_the_context_is_the_schemas() -> None:
    schema = plain_engine().schema.text
    body = schema[schema.index("type Call = {") : schema.index("};", schema.index("type Call"))]
    named = {line.split('"')[1] for line in body.splitlines() if line.strip().startswith('"')}
    assert named == CONTEXT == set(context(Facts(), approved=False))


def test_few_of_two_hundred_policies_are_asked() -> None:
    texts = [
        form.format(n=n)
        for n in range(50)
        for form in (
            '@id("a{n}") forbid(principal, action, resource) when {{ context.count == {n} + 100 || context.count == {n} }};',
            '@id("b{n}") forbid(principal, action == Action::"send", resource);',
            '@id("c{n}") forbid(principal, action, resource in Folder::"/f{n}");',
            '@id("d{n}") forbid(principal, action, resource) when {{ context.signs.contains("s{n}") && context.bulk }};',
        )
    ]
    book = PolicyBook(policies(texts))
    part = Part("read", Resource("file", "/f7/x"), Facts(signs=("s3",)))
    from_book(book, part, approved=False)
    (names,) = [chosen.names for chosen in book._sets.values()]
    assert set(names) - {f"a{n}" for n in range(50)} == {"c7", "d3"}


def test_grants_are_asked_with_what_the_resource_is_in() -> None:
    book = plain_engine().book(Autonomy.OPERATOR)
    part = Part("fetch", Resource("host", "api.example.org"), Facts(destination="granted"))
    grant = Grant("g", Effect.FETCH, Resource("host", "example.org"))
    kind = CEDAR_TYPES[part.resource.type]
    inside = frozenset(((kind, part.resource.id), *parents(part)))
    question = Question("t1", part.action, kind, part.resource.id, inside, context(part.facts, approved=False))
    assert not book.ask(question, lambda: known(part)).allowed
    assert book.ask(question, lambda: known(part), (granting.link(grant, "t1"),)).allowed
