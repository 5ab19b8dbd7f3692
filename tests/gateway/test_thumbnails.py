"""Pictures drawn small: decoded in a real private room, taken back only when they are what was asked for."""

from __future__ import annotations

import asyncio
import io
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from assistant.config import find_paths
from assistant.errors import SandboxUnavailable
from assistant.gateway.thumbnails import KEPT, Thumbnail, Thumbnails, pixels
from assistant.sandbox.engine import find_sandbox
from assistant.sandbox.protocol import Command
from assistant.types import Completed

RED, BLUE, WHITE = b"\xff\0\0", b"\0\0\xff", b"\xff\xff\xff"


def encoded(kind: str, size: tuple[int, int] = (400, 300), mode: str = "RGB", **options: Any) -> bytes:
    """The left half red, the right half blue."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    out = io.BytesIO()
    image.convert(mode).save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it has that many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    data = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.fixture
async def thumbnails() -> AsyncIterator[Thumbnails]:
    sandbox = find_sandbox(find_paths())
    made = Thumbnails(lambda: sandbox)
    yield made
    await made.aclose()


def near(pixel: bytes, colour: bytes) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(pixel, colour, strict=True))  # JPEG and WebP lose a little


class TestInARealRoom:
    @pytest.mark.parametrize(
        "data",
        [
            encoded("PNG"),
            encoded("PNG", mode="RGBA"),
            encoded("PNG", mode="P"),
            encoded("JPEG", quality=95),
            encoded("GIF"),
            encoded("WEBP", lossless=True),
        ],
        ids=["png", "png with alpha", "png with palette", "jpeg", "gif", "webp"],
    )
    async def test_a_picture_is_drawn_within_its_bounds_and_keeps_its_shape(
        self, thumbnails: Thumbnails, data: bytes
    ) -> None:
        found = await thumbnails.draw(data, 40, 20)
        assert found is not None
        assert (found.width, found.height) == (40, 30)
        row = found.rgb[: 3 * 40]
        assert near(row[:3], RED)
        assert near(row[-3:], BLUE)

    async def test_what_is_transparent_lies_on_paper(self, thumbnails: Thumbnails) -> None:
        out = io.BytesIO()
        Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")
        assert await thumbnails.draw(out.getvalue(), 40, 20) == Thumbnail(8, 8, WHITE * 64)

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"no picture at all",
            encoded("PNG")[:200],
            encoded("JPEG")[:300],
            b"\x89PNG\r\n\x1a\n" + b"\xff" * 500,
            bomb(100_000, 100_000),
            bomb(7_000, 7_100),
            encoded("TIFF"),
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        ],
        ids=["empty", "text", "half a png", "half a jpeg", "garbage", "bomb", "smaller bomb", "tiff", "postscript"],
    )
    async def test_what_is_hostile_or_damaged_is_not_drawn(self, thumbnails: Thumbnails, data: bytes) -> None:
        assert await thumbnails.draw(data, 40, 20) is None
        assert await thumbnails.draw(encoded("PNG", (4, 4)), 40, 20) is not None, "and the next one is"

    async def test_a_stranger_among_the_bounds_is_brought_within_them(self, thumbnails: Thumbnails) -> None:
        found = await thumbnails.draw(encoded("PNG", (3000, 3)), 10**9, 10**9)
        assert found is not None
        assert (found.width, found.height) == (200, 2)


class FakeEngine:
    """An engine whose rooms answer as they are told, and are counted."""

    def __init__(self, answer: Callable[[Command], Any]) -> None:
        self.answer, self.commands, self.open = answer, list[Command](), 0

    async def open_private(self, name: str) -> FakeEngine:
        self.open += 1
        return self

    async def run(self, command: Command) -> Completed:
        self.commands.append(command)
        found = self.answer(command)
        return await found if asyncio.iscoroutine(found) else found

    async def aclose(self) -> None:
        self.open -= 1


def over(engine: FakeEngine) -> Thumbnails:
    return Thumbnails(lambda: engine)  # type: ignore[arg-type,return-value]


class TestWhatAnyEngineMeets:
    async def test_the_room_sees_the_program_alone_and_reaches_nothing(self) -> None:
        engine = FakeEngine(lambda _: Completed(0, stdout=b"P6\n1 2\n255\n" + bytes(6)))
        assert await over(engine).draw(b"x", 8, 4) == Thumbnail(1, 2, bytes(6))
        (command,) = engine.commands
        assert command.private
        assert command.hosts == ()
        assert command.stdin == b"x"
        assert Path(command.read_only[0]).name == "thumbnail.py"
        assert engine.open == 0, "its room is given back"

    async def test_the_same_picture_is_decoded_once_and_the_oldest_are_let_go(self) -> None:
        engine = FakeEngine(lambda _: Completed(0, stdout=b"P6\n1 2\n255\n" + bytes(6)))
        made = over(engine)
        first, second = await asyncio.gather(made.draw(b"a", 8, 4), made.draw(b"a", 8, 4))
        assert first is second
        assert len(engine.commands) == 1
        await made.draw(b"a", 9, 4)
        assert len(engine.commands) == 2, "another size is another drawing"
        for number in range(KEPT):
            await made.draw(b"%d" % number, 8, 4)
        await made.draw(b"a", 8, 4)
        assert len(engine.commands) == 3 + KEPT

    async def test_a_damaged_picture_is_tried_once_and_a_missing_sandbox_again(self) -> None:
        engine = FakeEngine(lambda _: Completed(1))
        made = over(engine)
        assert [await made.draw(b"a", 8, 4) for _ in range(2)] == [None, None]
        assert len(engine.commands) == 1

        def none(_: Command) -> Completed:
            raise SandboxUnavailable("nothing holds here")

        engine.answer = none
        assert [await made.draw(b"b", 8, 4) for _ in range(2)] == [None, None]
        assert len(engine.commands) == 3
        assert engine.open == 0

    async def test_closing_ends_what_is_being_drawn_and_its_room(self) -> None:
        began = asyncio.Event()

        async def never(_: Command) -> Completed:
            began.set()
            await asyncio.Event().wait()
            raise AssertionError

        engine = FakeEngine(never)
        made = over(engine)
        drawing = asyncio.ensure_future(made.draw(b"a", 8, 4))
        await began.wait()
        await made.aclose()
        assert engine.open == 0
        with pytest.raises(asyncio.CancelledError):
            await drawing
        assert await made.draw(b"b", 8, 4) is None


@pytest.mark.parametrize(
    "ppm",
    [
        b"",
        b"P6\n1 2\n255\n" + bytes(5),
        b"P6\n1 2\n255\n" + bytes(7),
        b"P6\n9 2\n255\n" + bytes(54),
        b"P6\n1 10\n255\n" + bytes(30),
        b"P6\n1 1\n255\n" + bytes(3),
        b"P6\n0 2\n255\n",
        b"P6\n-1 2\n255\n" + bytes(6),
        b"P5\n1 2\n255\n" + bytes(6),
        b"P6\n1 2\n65535\n" + bytes(6),
        b"P6\n# a\n1 2\n255\n" + bytes(6),
    ],
)
def test_what_the_room_gives_back_is_refused_unless_it_is_right_to_the_byte(ppm: bytes) -> None:
    assert pixels(ppm, 8, 8) is None
    assert pixels(b"P6\n1 2\n255\n" + bytes(6), 8, 8) == Thumbnail(1, 2, bytes(6))
