"""Pictures that a person gives with a prompt: read from a pasted path or the clipboard, named by a mark in the text.

A picture is only looked at as far as its header: its format and size. What it shows is decoded by nobody here.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shlex
import shutil
import struct
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from assistant.errors import UsageError
from assistant.types import ImagePart
from assistant.ui import figures
from assistant.ui.language import _, ngettext
from assistant.visible import one_line

MAX_BYTES = 5 << 20
"""Of one picture: what Anthropic's API takes, the least of the large providers (their "Vision" guide, 2026-11)."""
KEPT_BYTES = 40 << 20
"""Of all pictures of a run; the oldest are let go first."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
MARK = re.compile(r"\[(?:image|图片) (\d+)[^\]\n]*\]")
CLIPBOARD_S = 5.0


class Picture(msgspec.Struct, frozen=True):
    """One picture, whole."""

    name: str
    media_type: str
    width: int
    height: int
    data: bytes

    def part(self) -> ImagePart:
        """As a model is sent it."""
        return ImagePart(self.media_type, data_b64=base64.b64encode(self.data).decode())


def look(name: str, data: bytes) -> Picture:
    """The picture in `data` by its header. Raises UsageError for what is none, or is too large to be sent."""
    if len(data) > MAX_BYTES:
        why = _("`{name}` has {size}; models take {most} at most")
        raise UsageError(
            why.format(name=one_line(name, 80), size=figures.size(len(data)), most=figures.size(MAX_BYTES))
        )
    found = _header(data)
    if found is None:
        raise UsageError(_("`{name}` is no PNG, JPEG, GIF or WebP picture").format(name=one_line(name, 80)))
    return Picture(one_line(name, 60).replace("]", ")").replace("[", "("), *found, data)


def _header(data: bytes) -> tuple[str, int, int] | None:
    """(media type, width, height) as the formats' specifications put them."""
    try:
        if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR":
            return "image/png", *struct.unpack(">II", data[16:24])
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return "image/gif", *struct.unpack("<HH", data[6:10])
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
        if data[:2] == b"\xff\xd8":
            return _jpeg(data)
    except struct.error:
        return None
    return None


def _webp(data: bytes) -> tuple[str, int, int] | None:
    """RFC 9649: lossy, lossless and extended files."""
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return "image/webp", width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", data[21:25])
        return "image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X" and len(data) >= 30:
        return "image/webp", int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    return None


def _jpeg(data: bytes) -> tuple[str, int, int] | None:
    """ITU-T T.81: segments up to the first start of frame."""
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker, (length,) = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return "image/jpeg", width, height
        at += 2 + length
    return None


def paths_in(text: str) -> list[Path]:
    """The paths when `text` is nothing but paths of pictures, as terminals paste a file that is dropped on them."""
    line = text.strip()
    if not line or len(line) > 4096 or not any(suffix in line.lower() for suffix in SUFFIXES):
        return []
    try:
        words = [line] if line.startswith("/") and Path(line).is_file() else shlex.split(line)
    except (ValueError, OSError):
        return []
    paths: list[Path] = []
    for word in words:
        path = Path(unquote(urlsplit(word).path) if word.startswith("file://") else word).expanduser()
        if not (path.is_absolute() and path.suffix.lower() in SUFFIXES and path.is_file()):
            return []
        paths.append(path)
    return paths


def read(path: Path) -> Picture:
    """Blocking. Raises UsageError for what is no picture, too large, or can't be read."""
    try:
        with path.open("rb") as file:
            return look(path.name, file.read(MAX_BYTES + 1))
    except OSError as error:
        raise UsageError(_("`{name}` can't be read: {why}").format(name=one_line(path.name, 80), why=error)) from error


async def from_clipboard() -> Picture:
    """The picture on the desktop's clipboard. Raises UsageError when there is none, or nothing to ask for it."""
    if os.environ.get("WAYLAND_DISPLAY") and (program := shutil.which("wl-paste")):
        command = (program, "--no-newline", "--type", "image/png")
    elif os.environ.get("DISPLAY") and (program := shutil.which("xclip")):
        command = (program, "-selection", "clipboard", "-target", "image/png", "-out")
    else:
        raise UsageError(
            _("the clipboard's picture can't be read here"),
            hint=_("needs a desktop with wl-paste or xclip; paste a path instead"),
        )
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    data = b""
    try:
        async with asyncio.timeout(CLIPBOARD_S):
            while (
                process.stdout is not None and len(data) <= MAX_BYTES and (more := await process.stdout.read(1 << 16))
            ):
                data += more
    except TimeoutError:
        data = b""
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    if not data:
        raise UsageError(_("there is no picture on the clipboard"))
    return look("clipboard.png", data)


class Pictures:
    """The pictures of this run by the marks that stand for them in prompts. Bounded: the oldest are let go."""

    def __init__(self) -> None:
        self._kept: dict[int, Picture | ImagePart] = {}
        self._next = 1

    def add(self, picture: Picture) -> str:
        """Keep it; the mark that stands for it."""
        number, self._next = self._next, self._next + 1
        self._kept[number] = picture
        whole = {n: len(p.data) for n, p in self._kept.items() if isinstance(p, Picture)}
        while len(whole) > 1 and sum(whole.values()) > KEPT_BYTES:
            oldest = next(iter(whole))
            del self._kept[oldest], whole[oldest]
        size = f"{picture.width}×{picture.height}"
        return _("[image {n}: {name}, {size}, {bytes}]").format(
            n=number, name=picture.name, size=size, bytes=figures.size(len(picture.data))
        )

    def again(self, text: str, images: Sequence[ImagePart]) -> str:
        """An earlier message with marks of this run for its pictures, which lie in the log: sent again, they go along.

        `images` are in the order of their marks. Where some are missing, nobody knows which: those marks stay as they are.
        """
        numbers = list(dict.fromkeys(int(number) for number in MARK.findall(text)))
        if len(numbers) != len(images):
            return text
        new: dict[int, int] = {}
        for number, image in zip(numbers, images, strict=True):
            new[number], self._next = self._next, self._next + 1
            self._kept[new[number]] = image
        return MARK.sub(lambda found: found[0].replace(found[1], str(new[int(found[1])]), 1), text)

    def marks(self, text: str) -> list[str]:
        """The marks of pictures in `text`, each once."""
        return list(dict.fromkeys(found[0] for found in MARK.finditer(text)))

    def of(self, text: str) -> tuple[list[ImagePart], int]:
        """The pictures that `text` has marks for, in its order, and how many marks have none any more."""
        numbers = list(dict.fromkeys(int(number) for number in MARK.findall(text)))
        kept = [self._kept[number] for number in numbers if number in self._kept]
        return [one.part() if isinstance(one, Picture) else one for one in kept], len(numbers) - len(kept)


def pictures_gone(number: int) -> str:
    """What is said of pictures that are not sent."""
    return ngettext(
        "{n} picture is not kept any more, and was not sent",
        "{n} pictures are not kept any more, and were not sent",
        number,
    )
