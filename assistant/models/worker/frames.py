"""Cuts the bytes of a streamed answer into messages: server-sent events, JSON lines, AWS event streams.

Each reader takes bytes in pieces of any size (cut inside UTF-8 characters, lines, frames) and returns the messages that
are complete. Sources: WHATWG HTML, section 9.2.6 (event streams); the AWS SDKs' description of
application/vnd.amazon.eventstream.
"""

from __future__ import annotations

import binascii
import struct
from typing import NamedTuple, Protocol

from assistant.errors import ModelError

MAX_MESSAGE_BYTES = 64 * 2**20
"""One message beyond this is no piece of an answer; a reader that waited for its end would only fill memory."""


class Frame(NamedTuple):
    """One message: the kind that its envelope names (may be empty), and its data."""

    kind: str
    data: bytes
    fault: str = ""
    """Set when the envelope itself says that this is an error: the error's name."""


class FrameReader(Protocol):
    """Turns bytes into frames."""

    def feed(self, piece: bytes) -> list[Frame]:
        """The frames that this piece completes. Raises ModelError `server` for bytes that are no such stream."""
        ...

    def rest(self) -> list[Frame]:
        """What is left at the proper end of the body: a last message without its end mark, if it looks whole."""
        ...


_SIGNS_OF_LIFE = ("ping", "keepalive", "keep-alive", "keep_alive", "heartbeat")
"""Events that carry nothing, whatever their data is (some servers put a word there that is no JSON)."""


class EventStream:
    """Server-sent events (text/event-stream). Events without data are none, as the specification has it."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._kind = ""
        self._skip_newline = False

    def feed(self, piece: bytes) -> list[Frame]:
        """See FrameReader."""
        frames: list[Frame] = []
        if self._skip_newline and piece[:1] == b"\n":
            piece = piece[1:]
        self._skip_newline = False
        self._line += piece
        if b"\n" not in piece and b"\r" not in piece:
            self._check(len(self._line))
            return frames
        block = bytes(self._line)
        if block.endswith(b"\r"):
            self._skip_newline = True
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, last = block.split(b"\n")
        self._line = bytearray(last)
        for line in lines:
            self._take(line, frames)
        return frames

    def rest(self) -> list[Frame]:
        """See FrameReader."""
        frames: list[Frame] = []
        if self._line:
            self._take(bytes(self._line), frames)
            self._line.clear()
        self._take(b"", frames)
        return frames

    def _take(self, line: bytes, frames: list[Frame]) -> None:
        if not line:
            whole = (
                self._data if len(self._data) > 1 and all(map(_is_message, self._data)) else [b"\n".join(self._data)]
            )
            for data in whole:
                if data.strip() and self._kind not in _SIGNS_OF_LIFE:
                    frames.append(Frame(self._kind, data))
            self._data, self._kind, self._size = [], "", 0
            return
        name, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            self._size += len(value)
            self._check(self._size)
            self._data.append(value)
        elif name == b"event":
            self._kind = value.decode("utf-8", "replace")

    def _check(self, size: int) -> None:
        if size > MAX_MESSAGE_BYTES:
            raise ModelError("the provider sent a message without end", kind="server", retryable=True)


def _is_message(line: bytes) -> bool:
    """Whether a line of data is a message in itself: some servers leave out the blank lines between theirs. The first line of
    an object that is laid out over many does not end it."""
    line = line.strip()
    return not line or line == b"[DONE]" or (line.startswith(b"{") and line.endswith(b"}"))


class JsonLines:
    """One JSON object a line, or one JSON object laid out over many lines."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._laid_out = False
        """Whether one object goes over many lines: then it is whole at the end."""

    def feed(self, piece: bytes) -> list[Frame]:
        """See FrameReader."""
        self._buffer += piece
        if len(self._buffer) > MAX_MESSAGE_BYTES:
            raise ModelError("the provider sent a message without end", kind="server", retryable=True)
        if b"\n" not in piece or self._laid_out:
            return []
        *lines, last = bytes(self._buffer).split(b"\n")
        if any(line.strip() and not line.rstrip().endswith(b"}") for line in lines):
            self._laid_out = True
            return []
        self._buffer = bytearray(last)
        return [Frame("", line) for line in lines if line.strip()]

    def rest(self) -> list[Frame]:
        """See FrameReader."""
        left = bytes(self._buffer).strip()
        self._buffer.clear()
        return [Frame("", left)] if left else []


class AwsEventStream:
    """application/vnd.amazon.eventstream: length-prefixed frames with headers and two checksums."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> list[Frame]:
        """See FrameReader."""
        self._buffer += piece
        frames: list[Frame] = []
        while len(self._buffer) >= 12:
            total, header_size, prelude_crc = struct.unpack_from(">III", self._buffer)
            if binascii.crc32(self._buffer[:8]) != prelude_crc or not 16 + header_size <= total <= MAX_MESSAGE_BYTES:
                raise ModelError("the provider sent a damaged event stream", kind="server", retryable=True)
            if len(self._buffer) < total:
                break
            frame = bytes(self._buffer[:total])
            del self._buffer[:total]
            if binascii.crc32(frame[:-4]) != struct.unpack(">I", frame[-4:])[0]:
                raise ModelError("the provider sent a damaged event stream", kind="server", retryable=True)
            frames.append(_aws_frame(frame[12 : 12 + header_size], frame[12 + header_size : -4]))
        return frames

    def rest(self) -> list[Frame]:
        """See FrameReader. A frame that is not whole is lost: its length is known."""
        return []


def _aws_frame(raw: bytes, payload: bytes) -> Frame:
    headers = _aws_headers(raw)
    fault = headers.get(":exception-type") or headers.get(":error-code") or ""
    if fault or headers.get(":message-type") in ("exception", "error"):
        data = payload or headers.get(":error-message", "").encode()
        return Frame(fault, data, fault or "error")
    return Frame(headers.get(":event-type", ""), payload)


_FIXED_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of each header value type that has a fixed size; types 6 and 7 carry their length."""


def _aws_headers(raw: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    at = 0
    try:
        while at < len(raw):
            size = raw[at]
            name = raw[at + 1 : at + 1 + size].decode("utf-8", "replace")
            at += 1 + size
            kind = raw[at]
            at += 1
            if kind in _FIXED_SIZES:
                at += _FIXED_SIZES[kind]
                continue
            (size,) = struct.unpack_from(">H", raw, at)
            headers[name] = raw[at + 2 : at + 2 + size].decode("utf-8", "replace")
            at += 2 + size
    except (IndexError, struct.error) as error:
        raise ModelError("the provider sent a damaged event stream", kind="server", retryable=True) from error
    return headers
