"""Pictures in a prompt: read by their header, kept within bounds, named by a mark, sent with the words. All pictures: drawn."""

from __future__ import annotations

import base64
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from textual import events as textual_events

from assistant.agent import events
from assistant.config import Look
from assistant.errors import UsageError
from assistant.gateway.thumbnails import Thumbnail
from assistant.types import CallPart, ImagePart, Message, ResultPart, TextPart, ToolCall, ToolResult
from assistant.ui import pictures
from assistant.ui.pictures import Pictures, look, paths_in
from assistant.ui.widgets.picture import half_blocks
from tests.ui.fake_desk import FakeDesk, Step, words


def encoded(kind: str, size: tuple[int, int] = (64, 40), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 10, 10)).save(out, kind, **options)
    return out.getvalue()


class TestLooking:
    @pytest.mark.parametrize(
        ("kind", "options", "media"),
        [
            ("PNG", {}, "image/png"),
            ("JPEG", {}, "image/jpeg"),
            ("JPEG", {"progressive": True}, "image/jpeg"),
            ("GIF", {}, "image/gif"),
            ("WEBP", {}, "image/webp"),
            ("WEBP", {"lossless": True}, "image/webp"),
        ],
    )
    def test_format_and_size_are_read_from_the_header(self, kind: str, options: dict[str, Any], media: str) -> None:
        found = look("x", encoded(kind, **options))
        assert (found.media_type, found.width, found.height) == (media, 64, 40)

    @pytest.mark.parametrize(
        "data", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF1234WEBPVP8 ", b"GIF89a"]
    )
    def test_what_is_no_picture_is_refused(self, data: bytes) -> None:
        with pytest.raises(UsageError):
            look("x.png", data)

    def test_what_is_too_large_is_refused(self) -> None:
        with pytest.raises(UsageError, match="at most"):
            look("x.png", encoded("PNG") + b"\0" * pictures.MAX_BYTES)


def test_a_dropped_file_is_known_however_the_terminal_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "my picture.png"
    file.write_bytes(encoded("PNG"))
    spelled = [str(file), f"'{file}'", str(file).replace(" ", r"\ "), file.as_uri(), f"{file.as_uri()}\n"]
    assert [paths_in(text) for text in spelled] == [[file]] * len(spelled)
    for text in ("look at /x.png please", str(tmp_path / "none.png"), "a.png", "", "'"):
        assert paths_in(text) == []


def test_the_oldest_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "KEPT_BYTES", 3 * len(encoded("PNG")))
    kept = Pictures()
    marks = [kept.add(look(f"{n}.png", encoded("PNG"))) for n in range(5)]
    found, gone = kept.of(" ".join(marks))
    assert (len(found), gone) == (3, 2)
    assert kept.of("no marks [image] here") == ([], 0)


class TestInTheChat:
    async def test_a_pasted_path_becomes_a_mark_and_the_picture_is_sent(self, open_chat: Any, tmp_path: Path) -> None:
        file = tmp_path / "cat.png"
        file.write_bytes(encoded("PNG"))
        async with open_chat(FakeDesk(default=words("a cat"))) as chat:
            chat.screen.prompt.post_message(textual_events.Paste(str(file)))
            await chat.until(lambda: chat.screen.prompt.text.startswith("[image 1: cat.png, 64×40"))
            await chat.type("what is it?\n")
            await chat.until(lambda: chat.desk.session.images)
            (part,) = chat.desk.session.images
            assert part.media_type == "image/png"
            assert chat.desk.session.prompts[0].startswith("[image 1: cat.png")
            await chat.until(lambda: "[image 1: cat.png" in chat.text())

    async def test_what_names_no_picture_stays_text(self, open_chat: Any, tmp_path: Path) -> None:
        (tmp_path / "evil.png").write_text("no picture")
        async with open_chat(FakeDesk(default=words("ok"))) as chat:
            chat.screen.prompt.post_message(textual_events.Paste(str(tmp_path / "evil.png")))
            await chat.until(lambda: "evil.png" in chat.screen.prompt.text)
            assert "[image" not in chat.screen.prompt.text
            await chat.until(lambda: "is no PNG" in chat.text())

    async def test_a_mark_whose_picture_is_gone_is_told(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(default=words("ok"))) as chat:
            await chat.say("[image 9: x.png, 1×1, 9 B] what?")
            await chat.until(lambda: "not sent" in chat.text())
            assert chat.desk.session.images == []

    async def test_the_clipboard_is_asked_only_where_there_is_a_desktop(
        self, open_chat: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "shot.png").write_bytes(encoded("PNG"))
        program = tmp_path / "wl-paste"
        program.write_text(f"#!/bin/sh\ncat {tmp_path}/shot.png\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        monkeypatch.delenv("DISPLAY", raising=False)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        async with open_chat(FakeDesk(default=words("ok"))) as chat:
            await chat.pilot.press("alt+v")
            await chat.until(lambda: "can't be read here" in chat.text())
            monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
            await chat.pilot.press("alt+v")
            await chat.until(lambda: chat.screen.prompt.text.startswith("[image 1: clipboard.png, 64×40"))


PLOT = encoded("PNG")
SHA = hashlib.sha256(PLOT).hexdigest()
PART = ImagePart("image/png", data_b64=base64.b64encode(PLOT).decode())
HALVES = Thumbnail(6, 4, (b"\xff\0\0" * 6 + b"\0\0\xff" * 6) * 2)
"""Rows of red and of blue pixels: each cell has a red half above a blue one."""


def plotted(*images: ImagePart) -> list[Step]:
    """A turn with one call whose result has `images`."""
    result = ToolResult("c1", True, "saved a.png", images=images)
    return [
        events.CallStarted("c1", "plot_data", "draw a.png"),
        events.CallFinished("c1", "plot_data", result),
        events.TurnFinished("done"),
    ]


def past() -> list[Message]:
    """A conversation whose prompt had a picture, and a call with another."""
    return [
        Message("user", (TextPart("[image 1: cat.png, 64×40, 9 B] plot it"), PART)),
        Message("assistant", (CallPart(ToolCall("c1", "plot_data", "{}")),)),
        Message("tool", (ResultPart(ToolResult("c1", True, "saved", images=(PART,))),)),
    ]


def blocks(chat: Any) -> list[str]:
    """The rows of the screen that show a picture."""
    return [row.strip(" ▌█▐") for row in chat.text().splitlines() if "▀▀" in row]


class TestDrawn:
    async def test_the_picture_of_a_result_is_drawn_on_its_card(self, open_chat: Any) -> None:
        desk = FakeDesk(default=plotted(PART))
        desk.thumbnails[SHA] = HALVES
        async with open_chat(desk) as chat:
            await chat.say("plot it")
            await chat.until(lambda: blocks(chat))
            assert blocks(chat) == ["▀" * 6, "▀" * 6]
            assert "[picture: PNG]" in chat.text(), "words stand beside it"
            (image, columns, rows) = desk.drawn[0]
            assert (image.sha256, image.data_b64) == (SHA, ""), "named, not carried"
            assert columns <= 70
            assert rows <= 24 * 0.6

    async def test_the_colours_are_those_of_the_pixels_above_and_below(self) -> None:
        strips = half_blocks(HALVES)
        assert [(s.cell_length, len(list(s))) for s in strips] == [(6, 1), (6, 1)], "neighbours alike are one segment"
        ((text, style, _control),) = list(strips[0])
        assert text == "▀" * 6
        assert style is not None
        assert (style.color.name, style.bgcolor.name) == ("#ff0000", "#0000ff")  # type: ignore[union-attr]

    async def test_the_picture_of_a_prompt_is_drawn_below_its_words(self, open_chat: Any, tmp_path: Path) -> None:
        file = tmp_path / "cat.png"
        file.write_bytes(PLOT)
        desk = FakeDesk(default=words("a cat"))
        desk.thumbnails[SHA] = HALVES
        async with open_chat(desk) as chat:
            chat.screen.prompt.post_message(textual_events.Paste(str(file)))
            await chat.until(lambda: chat.screen.prompt.text.startswith("[image 1: cat.png"))
            await chat.type("what is it?\n")
            await chat.until(lambda: len(blocks(chat)) == 2)
            assert chat.text().index("[image 1: cat.png") < chat.text().index("▀▀")

    async def test_a_resumed_task_shows_them_again(self, open_chat: Any) -> None:
        desk = FakeDesk(history=past())
        desk.thumbnails[SHA] = HALVES
        async with open_chat(desk, resume="t1") as chat:
            await chat.until(lambda: len(blocks(chat)) == 4)

    async def test_what_can_not_be_drawn_stays_words(self, open_chat: Any) -> None:
        desk = FakeDesk(history=past())
        async with open_chat(desk, resume="t1") as chat:
            await chat.until(lambda: len(desk.drawn) == 2)
            assert blocks(chat) == []
            assert "[picture: PNG]" in chat.text()
            assert "[image 1: cat.png" in chat.text()

    async def test_without_colours_nothing_is_asked_for(self, open_chat: Any) -> None:
        desk = FakeDesk(default=plotted(PART))
        desk.thumbnails[SHA] = HALVES
        async with open_chat(desk, look=Look(theme="no-colour", reduced_motion=True)) as chat:
            await chat.say("plot it")
            await chat.until(lambda: "[picture: PNG]" in chat.text())
            assert desk.drawn == []
            assert blocks(chat) == []

    async def test_typing_goes_on_while_a_picture_is_being_drawn(self, open_chat: Any) -> None:
        desk = FakeDesk(default=plotted(PART))
        desk.thumbnails[SHA] = HALVES
        desk.drawing.clear()
        async with open_chat(desk) as chat:
            await chat.say("plot it")
            await chat.until(lambda: desk.drawn)
            await chat.type("more")
            await chat.until(lambda: chat.screen.prompt.text == "more")
            assert blocks(chat) == []
            desk.drawing.set()
            await chat.until(lambda: blocks(chat))

    async def test_a_picture_seen_before_is_there_at_once(self, open_chat: Any) -> None:
        desk = FakeDesk(default=plotted(PART))
        desk.thumbnails[SHA] = HALVES
        async with open_chat(desk) as chat:
            await chat.say("plot it")
            await chat.until(lambda: blocks(chat))
            desk.drawing.clear()  # whatever is asked for from now on does not come
            await chat.say("plot it again")
            await chat.until(lambda: len(blocks(chat)) == 4)
            assert len(desk.drawn) == 1

    async def test_of_many_pictures_only_some_are_drawn_and_all_are_told(self, open_chat: Any) -> None:
        parts = [ImagePart("image/png", data_b64=base64.b64encode(PLOT + b"%d" % n).decode()) for n in range(7)]
        desk = FakeDesk(default=plotted(*parts))
        async with open_chat(desk, size=(80, 40)) as chat:
            await chat.say("plot them")
            await chat.until(lambda: chat.text().count("[picture: PNG]") == 7)
            await chat.until(lambda: len(desk.drawn) == 4)
