"""Two answers beside each other: the recorded one, and the one that another model gives now."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.agent import events
from assistant.agent.standing import Waiting
from assistant.types import Answer
from assistant.ui.screens.compare import SIDE_BY_SIDE
from tests.ui.fake_desk import DAY_MS, FakeDesk, call, request, words

OTHER = "anthropic/claude-x"
QUICK = [*call("c1", "read_file", "Read a.txt", "7\n"), *words("It is `seven`, says a.txt.")]


async def compare(chat: Any, model: str = OTHER) -> None:
    """`/compare MODEL`, until its screen stands."""
    await chat.say(f"/compare {model}")
    await chat.until(lambda: len(chat.app.screen_stack) == 2)


def row_of(chat: Any, part: str) -> int:
    """The row of the screen in which `part` stands."""
    return next(i for i, row in enumerate(chat.text().splitlines()) if part in row)


class TestTwoAnswers:
    @pytest.mark.parametrize("size", [(160, 48), (SIDE_BY_SIDE, 24)])
    async def test_stand_side_by_side_where_there_is_room(self, open_chat: Any, size: tuple[int, int]) -> None:
        desk = FakeDesk()
        desk.compared = QUICK
        async with open_chat(desk, size=size) as chat:
            await compare(chat)
            await chat.until(lambda: "It is seven, says a.txt." in chat.text() and "go on with" in chat.text())
            row = chat.text().splitlines()[row_of(chat, "builtin/offline  recorded")]
            assert f"{OTHER}  now" in row
            assert "what is it?" in chat.text().splitlines()[1]
            assert "**" not in chat.text(), "Markdown is drawn as everywhere"
            assert "Read a.txt" in chat.text(), "calls too"
            assert row_of(chat, "It is seven.") == row_of(chat, "Read a.txt"), "both begin in the same row"

    async def test_stand_one_below_the_other_where_there_is_not(self, open_chat: Any) -> None:
        desk = FakeDesk()
        desk.compared = QUICK
        async with open_chat(desk, size=(80, 24)) as chat:
            await compare(chat)
            await chat.until(lambda: "It is seven, says a.txt." in chat.text())
            assert row_of(chat, "recorded") < row_of(chat, "It is seven.") < row_of(chat, f"{OTHER}  now")
            await chat.pilot.resize_terminal(160, 48)
            await chat.until(lambda: row_of(chat, "recorded") == row_of(chat, f"{OTHER}  now"))

    @pytest.mark.parametrize("width", [80, 160])
    async def test_each_has_its_tokens_costs_and_time_below(self, open_chat: Any, width: int) -> None:
        desk = FakeDesk()
        desk.compared = QUICK
        async with open_chat(desk, size=(width, 24)) as chat:
            await compare(chat)
            await chat.until(lambda: "1.2k tokens · $0 · 800 ms" in chat.text())
            await chat.until(lambda: "340 tokens · $0.04 · 2.5 s" in chat.text())

    async def test_a_long_one_is_read_to_its_beginning_and_end_by_keys(self, open_chat: Any) -> None:
        desk = FakeDesk()
        lines = "\n\n".join(f"line {n} of many" for n in range(60))
        desk.compared = words(lines, 400)
        async with open_chat(desk, size=(120, 24)) as chat:
            await compare(chat)
            await chat.until(lambda: "line 59 of many" in chat.text())
            await chat.pilot.press("home")
            await chat.until(lambda: "line 0 of many" in chat.text())
            await chat.pilot.press("pagedown")
            await chat.until(lambda: "line 0 of many" not in chat.text())
            await chat.pilot.press("end")
            await chat.until(lambda: "line 59 of many" in chat.text())

    async def test_what_it_says_is_no_control_sequence(self, open_chat: Any) -> None:
        desk = FakeDesk()
        desk.compared = words("be \x1b]0;owned\x07 [b]bold[/b]", 100)
        async with open_chat(desk, size=(120, 24)) as chat:
            await compare(chat)
            await chat.until(lambda: "[b]bold[/b]" in chat.text())
            assert "\x1b" not in chat.text()


class TestKeys:
    async def test_m_goes_on_with_the_other_model(self, open_chat: Any) -> None:
        desk = FakeDesk()
        desk.compared = QUICK
        async with open_chat(desk, size=(120, 24)) as chat:
            await compare(chat)
            await chat.until(lambda: f"go on with {OTHER}" in chat.text())
            await chat.pilot.press("m")
            await chat.until(lambda: desk.session.task.model == OTHER and len(chat.app.screen_stack) == 1)

    async def test_esc_stops_and_then_leads_back_and_m_waits_for_the_end(self, open_chat: Any) -> None:
        desk = FakeDesk()
        desk.compared = [events.TextDelta("so far so good\n\n"), 600.0, events.TextDelta("never said")]
        async with open_chat(desk, size=(120, 24)) as chat:
            await compare(chat)
            await chat.until(lambda: "so far so good" in chat.text())
            assert "Esc stops" in chat.text()
            await chat.pilot.press("m")
            await chat.pilot.press("escape")
            await chat.until(lambda: "stopped" in chat.text() and "Esc stops" not in chat.text())
            assert desk.session.task.model == "builtin/offline"
            assert "never said" not in chat.text()
            await chat.pilot.press("escape")
            await chat.until(lambda: len(chat.app.screen_stack) == 1)

    async def test_what_runs_is_stopped_when_the_program_is_left(self, open_chat: Any) -> None:
        desk = FakeDesk()
        desk.compared = [events.TextDelta("so far so good\n\n"), 600.0]
        async with open_chat(desk, size=(120, 24)) as chat:
            await compare(chat)
            await chat.until(lambda: "so far so good" in chat.text())
        assert desk.comparison is not None
        assert desk.comparison.stopped

    async def test_a_question_about_the_model_is_a_card_here(self, open_chat: Any) -> None:
        desk = FakeDesk()
        desk.compared = [request("make test"), *words("and now I know")]
        async with open_chat(desk, size=(120, 40)) as chat:
            await compare(chat)
            await chat.until(lambda: (p := chat.app.screen.questions.panel) and p.has_focus and p.has_class("-armed"))
            await chat.pilot.press("enter", "z")  # neither is an answer
            assert desk.comparison is not None
            assert not desk.comparison.answers
            await chat.pilot.press("y")
            await chat.until(lambda: "and now I know" in chat.text())
            assert [a.answer for a in desk.comparison.answers] == [Answer.ONCE]


class TestFromTheListOfModels:
    async def test_equals_compares_with_the_marked_one(self, open_chat: Any) -> None:
        desk = FakeDesk()
        desk.compared = QUICK
        async with open_chat(desk, size=(120, 40)) as chat:
            await chat.say("/compare")
            await chat.until(lambda: "can be used" in chat.text())
            assert "= compare" in chat.text()
            rows = chat.app.screen.query_one("Rows")
            for wanted, deep in (("openai/gpt-x", 2), (OTHER, 3)):  # the first can't be used, and says why
                rows.highlighted = rows.get_option_index(wanted)
                await chat.pilot.press("equals_sign")
                await chat.until(lambda deep=deep: len(chat.app.screen_stack) == deep)
            await chat.until(lambda: f"go on with {OTHER}" in chat.text())
            await chat.pilot.press("m")
            await chat.until(lambda: "can be used" in chat.text() and f"● {OTHER}" in chat.text())

    async def test_a_name_that_is_none_says_so_and_esc_leads_back(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(), size=(120, 24)) as chat:
            await compare(chat, "nobody/x")
            await chat.until(lambda: "`nobody/x` can't be used" in chat.text())
            assert "go on with" not in chat.text()
            await chat.pilot.press("escape")
            await chat.until(lambda: len(chat.app.screen_stack) == 1)


class TestStanding:
    async def test_grants_are_listed_with_scope_and_end_and_revoked_by_id(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(), size=(120, 40)) as chat:
            await chat.say("/grants")
            await chat.until(lambda: "2 grants hold here" in chat.text())
            shown = chat.text()
            assert "g1  run `make …`, whatever follows (run_command)  until the task ends" in shown
            assert "g2  fetch from `docs.python.org` and hosts below it (fetch_page)  2024-11-25 00:00" in shown
            await chat.say("/grants revoke g1")
            await chat.until(lambda: "revoked: g1" in chat.text())
            assert [g.id for g in chat.desk.session.grants()] == ["g2"]
            await chat.say("/grants revoke g1")
            await chat.say("/grants sell g2")
            await chat.until(lambda: "no form of the command" in chat.text())
            assert [g.id for g in chat.desk.session.grants()] == ["g2"]
            await chat.say("/grants revoke g2")
            await chat.say("/grants")
            await chat.until(lambda: "no grant holds here" in chat.text())

    async def test_what_was_refused_unattended_is_listed_with_its_reason(self, open_chat: Any) -> None:
        desk = FakeDesk()
        async with open_chat(desk, size=(120, 40)) as chat:
            await chat.say("/waiting")
            await chat.until(lambda: "nothing waits" in chat.text())
            desk.refused = [
                Waiting("abcdef0123456789", "t1", DAY_MS, "Send \x1b[31m a letter", "the address comes from a page"),
                Waiting("fedcba9876543210", "other", DAY_MS, "of another task"),
            ]
            await chat.say("/waiting")
            await chat.until(lambda: "1 action waits for a yes" in chat.text())
            assert "abcdef012345  2024-11-24 00:00  Send" in chat.text()
            assert "the address comes from a page" in chat.text()
            assert "policy waiting --yes ID" in chat.text()
            assert "of another task" not in chat.text()
            assert "\x1b" not in chat.text()
