"""Cutting bytes into messages."""

from __future__ import annotations

import binascii
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ModelError
from assistant.models.worker.frames import AwsEventStream, EventStream, Frame, FrameReader, JsonLines


def fed(reader: FrameReader, body: bytes, size: int) -> list[Frame]:
    frames = [frame for at in range(0, len(body), size) for frame in reader.feed(body[at : at + size])]
    return frames + reader.rest()


def aws_frame(headers: dict[str, str], payload: bytes) -> bytes:
    head = b"".join(
        bytes([len(n)]) + n.encode() + b"\7" + struct.pack(">H", len(v)) + v.encode() for n, v in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack(">I", binascii.crc32(prelude)) + head + payload
    return body + struct.pack(">I", binascii.crc32(body))


class TestEventStream:
    """Server-sent events."""

    @pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
    @pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
    def test_reads_any_line_end_in_pieces_of_any_size(self, newline: bytes, size: int) -> None:
        lines = [
            b": comment",
            b"event: a",
            b"data: one",
            b"data:two",
            b"",
            b"id: 7",
            b"",
            b"data: \xe4\xbd\xa0",
            b"",
            b"",
        ]
        found = fed(EventStream(), newline.join(lines), size)
        assert found == [Frame("a", b"one\ntwo"), Frame("", "你".encode())]

    def test_gives_the_last_event_even_without_its_blank_line(self) -> None:
        assert fed(EventStream(), b"data: x", 3) == [Frame("", b"x")]

    def test_W10_refuses_a_message_without_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("assistant.models.worker.frames.MAX_MESSAGE_BYTES", 1000)
        with pytest.raises(ModelError, match="without end"):
            fed(EventStream(), b"data: " + b"x" * 2000, 100)
        with pytest.raises(ModelError, match="without end"):
            fed(EventStream(), b"data: xxxxxxxxx\n" * 200, 100)

    @given(st.binary(max_size=300), st.integers(1, 20))
    def test_the_pieces_never_matter(self, body: bytes, size: int) -> None:
        assert fed(EventStream(), body, size) == fed(EventStream(), body, len(body) or 1)


class TestJsonLines:
    """One object a line, or one over many."""

    def test_reads_lines(self) -> None:
        assert [f.data for f in fed(JsonLines(), b'{"a":1}\n\n{"b":2}\n{"c":', 4)] == [b'{"a":1}', b'{"b":2}', b'{"c":']

    def test_reads_one_object_laid_out_over_many_lines(self) -> None:
        body = b'{\n  "a": {\n    "b": 1\n  }\n}\n'
        assert [f.data for f in fed(JsonLines(), body, 5)] == [body.strip()]


class TestAwsEventStream:
    """AWS's binary frames."""

    BODY = aws_frame({":event-type": "messageStop", ":message-type": "event"}, b'{"stopReason":"end_turn"}')
    FAULT = aws_frame({":exception-type": "throttlingException", ":message-type": "exception"}, b'{"message":"slow"}')

    @pytest.mark.parametrize("size", [1, 5, 10_000])
    def test_reads_events_and_exceptions(self, size: int) -> None:
        assert fed(AwsEventStream(), self.BODY + self.FAULT, size) == [
            Frame("messageStop", b'{"stopReason":"end_turn"}'),
            Frame("throttlingException", b'{"message":"slow"}', "throttlingException"),
        ]

    @pytest.mark.parametrize("at", range(0, len(BODY), 7))
    def test_W10_notices_any_changed_byte(self, at: int) -> None:
        damaged = bytearray(self.BODY)
        damaged[at] ^= 0x10
        with pytest.raises(ModelError, match="damaged"):
            fed(AwsEventStream(), bytes(damaged) + self.BODY, 50)
