"""Events become items; a past that is told again becomes the same items as it did live."""

from __future__ import annotations

from assistant.agent import events
from assistant.types import Decision, ToolResult, Verdict
from assistant.ui.conversation import Answer, Card, Conversation, Item, Note, Said
from tests.ui.fake_desk import call, words

TURN: list[events.Event] = [
    events.TurnStarted("t", 1, "go", 7),
    *[e for e in words("Some **words**.") if not isinstance(e, float)],  # type: ignore[list-item]
    events.ModelFinished("m", "tool_calls"),
    *call("c1", "run_command", "run_command make", "built\n"),  # type: ignore[list-item]
    events.CallStarted("c2", "fetch_page", "fetch_page example.org"),
    events.CallJudged("c2", Verdict(Decision.DENY, ("base",), "not that host")),
    events.CallFinished("c2", "fetch_page", ToolResult("c2", False, "refused", "refused")),
    events.TurnFinished("failed", 4, "no model"),
]


def _seen(items: list[Item]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for item in items:
        match item:
            case Said(text=text, seq=seq):
                found.append(("said", text, seq))
            case Answer(text=text, done=done):
                found.append(("answer", text, done))
            case Card(tool=tool, title=title, status=status, reason=reason):
                found.append(("card", tool, title, status, reason))
            case Note(kind=kind, word=word):
                found.append(("note", kind, word))
            case _:
                raise AssertionError(item)
    return found


def test_a_past_looks_as_it_did_live() -> None:
    live = Conversation()
    live.add(Said("go"))
    for event in TURN:
        live.feed(event)
    past = Conversation()
    past.load(TURN)
    assert _seen(past.items) == _seen(live.items)
    assert _seen(past.items)[0] == ("said", "go", 7)
    assert ("card", "fetch_page", "fetch_page example.org", "refused", "not that host") in _seen(past.items)


def test_nothing_of_a_past_that_broke_off_looks_as_if_it_went_on() -> None:
    past = Conversation()
    past.load([*TURN[:4], events.CallStarted("c9", "run_command", "run_command sleep")])
    assert all(item.status == "stopped" for item in past.items if isinstance(item, Card))
    assert all(item.done for item in past.items if isinstance(item, Answer))


def test_each_prompt_gets_its_own_place_in_the_log() -> None:
    conversation = Conversation()
    for number in (1, 2):
        conversation.add(Said("same words"))
        conversation.feed(events.TurnStarted("t", number, "same words", 10 * number))
        conversation.feed(events.TurnFinished("done"))
    assert [i.seq for i in conversation.items if isinstance(i, Said)] == [10, 20]
