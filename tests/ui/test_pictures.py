"""Pictures in a prompt: read by their header, kept within bounds, named by a mark, sent with the words."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from textual import events as textual_events

from assistant.errors import UsageError
from assistant.ui import pictures
from assistant.ui.pictures import Pictures, look, paths_in
from tests.ui.fake_desk import FakeDesk, words


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
