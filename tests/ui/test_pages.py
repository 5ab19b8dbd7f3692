"""Long answers are cut into pages where nobody sees it, and cost what a page costs."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.agent import events
from assistant.ui.conversation import Conversation
from assistant.ui.markdown.starts import LONGEST_CHARS, WORD_CHARS
from assistant.ui.pages import PAGE_CHARS, cut, pages
from assistant.ui.widgets.transcript import CHUNK
from tests.ui.fake_desk import FakeDesk, words

PARAGRAPH = "word " * 100 + "\n\n"
HEAD = "| a | b |\n|---|---|\n"
TEXTS = {
    "paragraphs": PARAGRAPH * 40,
    "one paragraph without end": "word " * 20_000,
    "one word without end": "x" * 50_000,
    "a code block without end": "```python\n" + "print('a')\n" * 5_000,
    "lists": "- item\n- item\n\n" * 2_000,
    "a table": HEAD + "| 1 | 2 |\n" * 3_000,
    "code with empty lines": ("Look:\n\n```\na\n\nb\n```\n\n" + PARAGRAPH) * 40,
}


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_is_lost(name: str) -> None:
    found = list(pages(TEXTS[name]))
    again = "".join(page.removeprefix("```python\n").removeprefix(HEAD) if n else page for n, page in enumerate(found))
    assert again == TEXTS[name]


@pytest.mark.parametrize(
    "name", ["paragraphs", "one paragraph without end", "one word without end", "a code block without end", "lists"]
)
def test_no_page_is_long(name: str) -> None:
    assert max(len(page) for page in pages(TEXTS[name])) <= PAGE_CHARS + LONGEST_CHARS + WORD_CHARS


def test_paragraphs_are_never_cut_in_two() -> None:
    assert all(page.endswith("\n\n") for page in pages(TEXTS["paragraphs"]))


def test_a_code_block_goes_on_as_one() -> None:
    """Cut at a line, and opened again as what it was."""
    _first, *rest = pages(TEXTS["a code block without end"])
    assert all(page.startswith("```python\nprint('a')\n") for page in rest)


def test_what_must_stay_together_does() -> None:
    """Items stay whole, and rows of a table keep their head."""
    assert all(page.startswith("- item") for page in pages(TEXTS["lists"]))
    assert all(page.startswith(HEAD) for page in pages(TEXTS["a table"]))


@settings(deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(sorted(TEXTS)))
def test_the_places_do_not_depend_on_the_pieces(seed: int, name: str) -> None:
    """However the words come, the pages are those of the whole text."""
    dice, text = random.Random(seed), TEXTS[name][: 6 * LONGEST_CHARS]
    done: list[str] = []
    page, at = "", 0
    while at < len(text):
        size = dice.choice((1, 3, 50, 700)) if at % PAGE_CHARS > PAGE_CHARS - 60 else 200
        new, at = text[at : at + size], at + size
        while (found := cut(page, new)) is not None:
            done.append(page + new[: found[0]])
            page, new = found[1], new[found[0] :]
        page += new
    assert [*done, page] == list(pages(text))


async def test_a_long_answer_is_shown_in_pages_and_copied_whole(open_chat: Any) -> None:
    """Only the pages near what is looked at are mounted; none of it is lost."""
    text = "".join(f"paragraph {n} {'word ' * 60}\n\n" for n in range(400)) + "the end"
    script: list[Any] = [s for delta in words(text, 400) for s in (delta, 0.0)]
    async with open_chat(FakeDesk({"question": script}, model="anthropic/claude-x"), size=(80, 40)) as chat:
        await chat.say("question")
        await chat.until(lambda: not chat.screen.turns.active)
        await chat.until(lambda: "the end" in chat.text())
        assert chat.screen.conversation.last_answer() == text

        def mounted() -> int:
            return sum(len(view.item.text) for view in chat.screen.query("AnswerView"))

        await chat.until(lambda: 0 < mounted() < CHUNK * PAGE_CHARS)


def test_a_code_block_over_pages_is_copied_as_it_was() -> None:
    text = TEXTS["a code block without end"]
    conversation = Conversation()
    for at in range(0, len(text), 333):
        conversation.feed(events.TextDelta(text[at : at + 333]))
    assert len(conversation.items) > 3
    assert conversation.last_answer() == text
