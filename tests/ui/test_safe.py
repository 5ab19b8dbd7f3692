"""Nothing foreign reaches the terminal as a command: hostile text, fed in everywhere it can come from."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rich.segment import Segment
from textual.color import Color

from assistant.agent import events
from assistant.audit.views import LogRow
from assistant.types import Change, Message, TextPart
from assistant.ui.safe import ControlFilter, plain
from assistant.visible import visible
from tests.ui.fake_desk import FakeDesk, call, request, words

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b31m\x08\x00\x7f\x1b]52;c;cm0gLXJm\x07"
BIDI = "\u202egnp.exe\u2066\u200f\u00ad\u061c\u2028"
MARKUP = "[red]r[/red] [link=https://evil.example]l[/link] [@click=app.quit]q[/] [bold"
HOSTILE = f"begin {ESCAPES} {BIDI} {MARKUP} end"
BAD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\u2028\u2029\u00ad]")


def check(shown: str) -> None:
    found = BAD.search(shown.replace("\n", ""))
    assert not found, f"{found[0]!r} reached the screen: {shown[max(0, found.start() - 30) : found.end() + 30]!r}"


class TestEverywhere:
    async def test_U4_in_answers_cards_notices_and_reasoning(self, open_chat: Any) -> None:
        script = [
            events.ReasoningDelta(HOSTILE),
            events.ModelFinished("m", "stop"),
            events.TextDelta(
                f"{HOSTILE}\n\n```py\n{HOSTILE}\n```\n\n| a | b |\n|---|---|\n| {HOSTILE.replace('|', '')} | x |\n\n"
            ),
            events.TextDelta(
                "&#27;[31m &#x9b; &#x202e;abc &shy; [text](https://e.example/\u202e) ![img](javascript:\x1b)\n"
            ),
            events.ModelFinished("m", "stop", refusal=HOSTILE),
            *call("a", HOSTILE, HOSTILE, HOSTILE, ok=False, code="failed"),
            events.Notice("warning", HOSTILE, HOSTILE),
            events.Applied((Change(HOSTILE, "created"),)),
            events.TurnFinished("failed", 1, HOSTILE),
        ]
        async with open_chat(FakeDesk({"go": script}), size=(100, 90)) as chat:
            await chat.say("go")
            await chat.pilot.pause(0.2)
            shown = chat.text()
            check(shown)
            assert shown.count("[red]r[/red]") >= 6, "markup is shown, not obeyed"
            assert r"\x1b" in shown

    async def test_U4_in_prompts_titles_and_resumed_messages(self, open_chat: Any) -> None:
        history = [Message("user", (TextPart(HOSTILE),)), Message("assistant", (TextPart(HOSTILE),))]
        async with open_chat(FakeDesk(history=history), resume="t1", size=(160, 40)) as chat:
            await chat.desk.session.rename(HOSTILE)
            chat.screen.refresh_status()
            chat.screen.prompt.put(HOSTILE)
            chat.screen.tell("error", HOSTILE, HOSTILE)
            await chat.pilot.pause(0.2)
            check(chat.text())

    async def test_U4_on_the_card(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"go": [request(HOSTILE)]}), size=(140, 60)) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            check(chat.text())

    async def test_U4_in_review_and_log(self, open_chat: Any) -> None:
        desk = FakeDesk(stage=[Change(f"dir/{HOSTILE}", "created", held=HOSTILE)])
        desk.diffs = {f"dir/{HOSTILE}": f"--- a\n+++ b\n@@ -1 +1 @@ {HOSTILE}\n-{HOSTILE}\n+{HOSTILE}\n"}
        desk.rows = [LogRow(1, 0, HOSTILE, HOSTILE, HOSTILE, HOSTILE)]
        async with open_chat(desk, size=(160, 48)) as chat:
            for name in ("review", "log"):
                chat.screen.open_screen(name)
                await chat.until(lambda: len(chat.app.screen_stack) == 2)
                await chat.pilot.press("down", "down", "s")
                await chat.pilot.pause(0.2)
                check(chat.text())
                assert "[red]r[/red]" in chat.text()
                await chat.pilot.press("escape")
                await chat.until(lambda: len(chat.app.screen_stack) == 1)


class TestLinks:
    async def test_U5_a_link_shows_where_it_leads_and_is_copied_not_opened(
        self, open_chat: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = "[https://bank.example](https://evil.example/login) and https://plain.example and [x](data:text/html,hi)"
        async with open_chat(FakeDesk({"go": [events.TextDelta(text)]}), size=(120, 24)) as chat:
            opened: list[str] = []
            monkeypatch.setattr(chat.app, "open_url", lambda url, **_: opened.append(url))
            await chat.say("go")
            await chat.until(lambda: "evil.example" in chat.text())
            assert "https://bank.example ‹https://evil.example/login›" in chat.text()
            assert chat.text().count("plain.example") == 1, "a link whose words are its target needs no second telling"
            y, x = next((y, row.index("bank")) for y, row in enumerate(chat.text().splitlines()) if "bank" in row)
            await chat.pilot.click(offset=(x, y))
            await chat.until(lambda: chat.app.clipboard == "https://evil.example/login")
            assert opened == []

    async def test_U5_an_image_is_told_not_fetched(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk({"go": [events.TextDelta("![cat](https://t.example/x.png)")]})) as chat:
            await chat.say("go")
            await chat.until(lambda: "[cat] ‹https://t.example/x.png›" in chat.text())


class TestJoiners:
    """They belong to Persian and Indic words and to emoji; elsewhere they would make two commands or hosts look the same."""

    async def test_U4_they_stay_in_sentences_and_are_written_out_in_code_and_links(self, open_chat: Any) -> None:
        word = "می\u200cخواهم"
        shown = "می\\u200cخواهم"
        answer = f"{word}\n\n`code {word}`\n\n[link {word}](https://x.example/{word})\n\n```\nfence {word}\n```\n"
        script = {"go " + word: [events.ReasoningDelta(f"why {word}"), *words(answer), request(f"rm {word}")]}
        async with open_chat(FakeDesk(script), size=(140, 60)) as chat:
            await chat.say("go " + word, wait=False)
            await chat.card()
            await chat.until(lambda: f"fence {shown}" in chat.text())
            assert f"go {word}" in chat.text()
            assert any(row.strip() == word for row in chat.text().splitlines())
            assert f"code {shown}" in chat.text()
            assert f"link {shown}" in chat.text()
            assert f"rm {shown}" in chat.text()
            assert f"rm {word}" not in chat.text()


class TestTheWall:
    def test_a_joiner_is_no_command(self) -> None:
        (segment,) = ControlFilter().apply([Segment("\u200cخ\u202e")], Color(0, 0, 0))
        assert segment.text == "\u200cخ�"

    def test_a_clean_line_is_passed_on_untouched(self) -> None:
        segments = [Segment("plain 文字"), Segment("…")]
        assert ControlFilter().apply(segments, Color(0, 0, 0)) is segments

    def test_every_control_character_becomes_one_sign(self) -> None:
        (segment,) = ControlFilter().apply([Segment("a\x1b[31mb\x9b\u202e")], Color(0, 0, 0))
        assert segment.text == "a�[31mb��"

    def test_plain_never_parses_markup(self) -> None:
        assert plain(MARKUP).plain == MARKUP
        assert plain(MARKUP).spans == []

    def test_visible_is_what_is_shown(self) -> None:
        assert plain(ESCAPES).plain == visible(ESCAPES)
