"""How long one verdict takes with 200 policies, and that it does not grow with what was read.

Processor time of the thread: a verdict waits for nothing, and other work on the machine should not count.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

import cedarpy
import pytest

from assistant.policy.files import Layer, PolicyFile
from assistant.policy.provenance import Observation
from assistant.policy.session import Session
from assistant.types import Action, Argument, Autonomy, Effect, Kind, Role
from tests.policy.making import FOLDER, action, delete, mail, make_engine, make_session, run

pytestmark = pytest.mark.bench


def words(count: int, seed: int) -> str:
    draw = random.Random(seed)
    stock = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9))) for _ in range(5000)]
    return " ".join(draw.choices(stock, k=count))


def session_with(read_bytes: int) -> Session:
    forms = (
        'forbid(principal, action, resource) when {{ context.tool == Tool::"other-{n}" && context.bulk }};',
        'forbid(principal, action, resource in Folder::"/home/me/project/part-{n}");',
        'forbid(principal, action, resource in Command::"program-{n}");',
        "forbid(principal, action, resource) when {{ context.count == {n} + 100 }};",
        'forbid(principal, action in [Action::"send", Action::"fetch"], resource) when {{ context.signs.contains("x{n}") }};',
    )
    more = "\n".join(f'@id("extra-{n}") ' + forms[n % len(forms)].format(n=n) for n in range(155))
    engine = make_engine(PolicyFile(Layer.USER, "more.cedar", more))
    assert len(engine.book(Autonomy.CONSULTANT).policies) >= 180
    session = make_session(engine=engine)
    session.said("write to ann@example.org, and delete old.txt")
    seed = 0
    while read_bytes > 0:
        text = words(9000, seed)
        session.observed(Observation("a file", "read_file", text))
        read_bytes -= len(text)
        seed += 1
    return session


def actions(number: int) -> list[Action]:
    """Fresh values each time, so that nothing is answered from what was found before."""
    path = f"src/module_{number}.py"
    content = Argument("content", words(60, 900 + number), Role.PAYLOAD)
    return [
        action(Effect.READ, path, Argument("path", f"{FOLDER}/{path}", Role.TARGET, Kind.PATH)),
        action(Effect.WRITE, path, Argument("path", f"{FOLDER}/{path}", Role.TARGET, Kind.PATH), content, staged=True),
        run(["grep", "-rn", f"word{number}", "."], staged=True),
        mail("ann@example.org", words(30, 500 + number)),
        delete("old.txt"),
    ]


QUIET_BARE_US = 15.0
"""One question to Cedar with one policy and no context, on the quiet two-core machine where the limits were set."""


def bare_question() -> Callable[[], object]:
    policies = cedarpy.PolicySet.from_str("permit(principal, action, resource);")
    nobody = cedarpy.Entities.from_json_str("[]")
    who, what, where = ({"type": t, "id": "x"} for t in ("Task", "Action", "File"))
    request = {"principal": who, "action": what, "resource": where, "context": "{}"}
    return lambda: cedarpy.is_authorized_batch([request], policies, nobody)


def medians_us(session: Session) -> tuple[float, float]:
    """Of a verdict, and of a bare question to Cedar asked in between: both feel the same machine."""
    bare = bare_question()
    times: list[float] = []
    bare_times: list[float] = []
    for asked in actions(9999):
        session.judge(asked, now_ms=0)
    for number in range(80):
        for asked in actions(number):
            start = time.thread_time()
            session.judge(asked, now_ms=0)
            middle = time.thread_time()
            bare()
            times.append(middle - start)
            bare_times.append(time.thread_time() - middle)
    return statistics.median(times) * 1e6, statistics.median(bare_times) * 1e6


def test_one_verdict_is_quick_and_flat_in_the_conversation() -> None:
    small, bare = medians_us(session_with(20_000))
    large, bare_too = medians_us(session_with(2_000_000))
    print(f"\n  one verdict, 200 policies: {small:.0f} µs after 20 kB read, {large:.0f} µs after 2 MB")
    print(
        f"  a bare question to Cedar in between: {bare:.0f} and {bare_too:.0f} µs; ratios {small / bare:.1f}, {large / bare_too:.1f}"
    )
    assert small / bare < 300 / QUIET_BARE_US
    assert large / bare_too < 300 / QUIET_BARE_US
    assert large / bare_too < 1.6 * small / bare


def test_tracing_is_quick_after_two_megabytes() -> None:
    session = session_with(2_000_000)
    times: list[float] = []
    for number in range(100):
        for asked in actions(number):
            start = time.thread_time()
            session.provenance.trace(asked)
            times.append(time.thread_time() - start)
    worst = statistics.quantiles(times, n=100)[98]
    print(f"\n  tracing: median {statistics.median(times) * 1e6:.0f} µs, 99% under {worst * 1e6:.0f} µs")
    assert worst < 0.001
