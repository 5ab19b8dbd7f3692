"""A streamed answer looks like the same answer shown at once, however it was cut into pieces."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.types import Message, TextPart
from assistant.ui.markdown.parser import PARSER
from tests.ui.fake_desk import FakeDesk, words

DOCUMENTS = {
    "lists": "Renamed 2:\n\n- a.txt → a.md\n- b.txt → b.md\n  - nested 一\n  - two\n- c\n\nThen:\n\n1. one\n2. two\n10. ten\n\nEnd.\n",
    "table": "| file | size |\n|---|---:|\n| `a|b` | 1 |\n| 照片 | 22 |\n\nafter\n",
    "code": "```python\nfor x in y:\n\n    print(x)\n```\n\n~~~\nplain\n~~~\n\n    indented\n\ntail\n",
    "mixed": "# Head\n\ntext *it* **bold** ~~gone~~ `code`\nsoft\n\n> quote\n> more\n\n---\n\n## Two\n\nhttps://example.com [a](https://b.example)\n",
    "tight": "para\n- item right after\n- other\n## head right after\ntext",
}


async def shown(chat: Any) -> list[str]:
    await chat.until(lambda: not chat.screen.turns.active)
    await chat.until(lambda: not any(view.drawing for view in chat.screen.query("AnswerView")))
    rows = chat.text().splitlines()
    start = next(i for i, row in enumerate(rows) if "question" in row)
    return [row.rstrip() for row in rows[start + 1 : next(i for i, row in enumerate(rows) if "╭" in row)]]


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("step", [1, 7, 40])
async def test_it_is_drawn_the_same(open_chat: Any, name: str, step: int) -> None:
    text = DOCUMENTS[name]
    history = [Message("user", (TextPart("question"),)), Message("assistant", (TextPart(text),))]
    async with open_chat(FakeDesk(history=history), resume="t1", size=(80, 50)) as chat:
        whole = await shown(chat)
    script: list[Any] = [s for delta in words(text, step) for s in (delta, 0.0)]
    script.insert(len(script) // 2, 0.12)  # at least two drawings, the first in the middle of something
    async with open_chat(FakeDesk({"question": script}, model="anthropic/claude-x"), size=(80, 50)) as chat:
        await chat.say("question")
        streamed = await shown(chat)
    assert [row for row in streamed if row] == [row for row in whole if row]


def test_the_name_of_a_file_is_no_address() -> None:
    """`.md` is a country's domain, and `README.md` is none of its hosts."""
    tokens = PARSER.parse("see README.md, 说明.md and https://example.com")
    inner = [child for token in tokens for child in token.children or ()]
    assert [child.attrs["href"] for child in inner if child.type == "link_open"] == ["https://example.com"]


def place_of(chat: Any, words: str) -> tuple[int, int]:
    """Column and row of `words` on the screen."""
    return next((row.index(words), y) for y, row in enumerate(chat.text().splitlines()) if words in row)


async def test_U5_a_link_that_is_clicked_is_copied_and_nothing_opens(open_chat: Any) -> None:
    said = "See [the manual](https://evil.example/x) now."
    async with open_chat(FakeDesk({"go": words(said)}), size=(80, 30)) as chat:
        await chat.say("go")
        await chat.until(lambda: "the manual ‹https://evil.example/x›" in chat.text())
        await chat.pilot.click(offset=place_of(chat, "the manual"))
        await chat.until(lambda: chat.app.clipboard == "https://evil.example/x")
        assert [told.title for told in chat.app._notifications] == ["link copied, not opened"]


async def test_what_is_selected_over_rows_is_copied_as_it_was_written(open_chat: Any) -> None:
    """Without the ends of rows and the indentation of what is wrapped, and with the signs of a list."""
    long = "an item that is " + "quite " * 20 + "long"
    async with open_chat(
        FakeDesk({"go": words(f"Before it.\n\n- {long}\n- second 二\n\nbehind")}), size=(80, 40)
    ) as chat:
        await chat.say("go")
        await chat.until(lambda: "behind" in chat.text())
        begin, end = place_of(chat, "Before"), place_of(chat, "second")
        await chat.pilot.mouse_down(offset=begin)
        await chat.pilot.hover(offset=(end[0] + 3, end[1]))
        await chat.pilot.mouse_up(offset=(end[0] + 3, end[1]))
        await chat.pilot.press("ctrl+c")
        await chat.pilot.pause()
        assert chat.app.clipboard == f"Before it.\n\n• {long}\n• seco"


async def test_what_is_selected_is_seen(open_chat: Any) -> None:
    async with open_chat(FakeDesk({"go": words("alpha beta gamma")}), size=(80, 30)) as chat:
        await chat.say("go")
        await chat.until(lambda: "alpha beta" in chat.text())
        x, y = place_of(chat, "beta")

        def grounds() -> list[Any]:
            row = chat.screen._compositor.render_strips()[y]
            return [segment.style.bgcolor for segment in row.crop(x - 2, x + 6)]

        assert len(set(grounds())) == 1
        await chat.pilot.mouse_down(offset=(x, y))
        await chat.pilot.hover(offset=(x + 3, y))
        await chat.pilot.pause(0.1)
        assert len(set(grounds())) == 2
