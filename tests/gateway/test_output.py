"""What a tool printed is hostile until it is read here."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.gateway.output import HeadTail, live_text, read_json, read_plain, redacted
from assistant.types import Completed


def done(stdout: bytes = b"", **more: object) -> Completed:
    return Completed(**({"exit_status": 0, "stdout": stdout} | more))  # type: ignore[arg-type]


def line(**value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"


class TestJsonProtocol:
    def test_the_last_line_is_the_result(self) -> None:
        got = read_json(done(line(output="working") + line(result={"text": "hello", "fields": []})), 100)
        assert (got.ok, got.text) == (True, "hello")

    def test_an_error_keeps_its_code(self) -> None:
        got = read_json(done(line(error={"code": "not_found", "text": "no such file"})), 100)
        assert (got.ok, got.code, got.text) == (False, "not_found", "no such file")

    @pytest.mark.parametrize(
        "stdout",
        [b"", b"plain words", b"{", b'{"result": {}}', b'{"result": {"text": 3}}', b"[]", b"\xff\xfe", b"{" * 100000],
    )
    def test_anything_else_is_a_broken_tool(self, stdout: bytes) -> None:
        got = read_json(done(stdout, exit_status=1, stderr=b"Traceback: \x1b[31mboom"), 100)
        assert not got.ok
        assert "\x1b" not in got.text
        assert "broke" in got.text

    def test_G7_text_is_cut_at_the_limit_and_says_so(self) -> None:
        got = read_json(done(line(result={"text": "é" * 1000})), 101)
        assert got.truncated
        assert len(got.text.encode()) < 130

    def test_G7_control_characters_become_visible(self) -> None:
        got = read_json(done(line(result={"text": "a\x1b[31mb\u202ec"})), 100)
        assert got.text == "a\\x1b[31mb\\u202ec"

    def test_live_lines_are_visible_text(self) -> None:
        assert live_text(line(output="50 %\x07") + b"garbage\n") == "50 %\\x07"


class TestPlainProtocol:
    def read(self, data: bytes, limit: int = 1000, **ending: object) -> str:
        kept = HeadTail(limit)
        kept.add(data)
        return read_plain(kept, done(**ending)).text

    def test_a_good_end_adds_nothing(self) -> None:
        assert self.read(b"hello\n") == "hello\n"

    @pytest.mark.parametrize(
        ("ending", "says"),
        [
            ({"exit_status": 2}, "exit status 2"),
            ({"exit_status": None, "signal": 9}, "signal 9"),
            ({"exit_status": None, "timed_out": True, "wall_ms": 5000}, "5 s"),
            ({"exit_status": None, "limit_hit": "memory"}, "memory"),
            ({"exit_status": None, "stopped": True}, "by the person"),
        ],
    )
    def test_another_end_is_said(self, ending: dict[str, object], says: str) -> None:
        assert says in self.read(b"x", **ending)

    def test_invalid_utf8_is_shown_not_lost(self) -> None:
        assert self.read(b"a\xffb") == "a\\xffb"


class TestHeadTail:
    @given(st.lists(st.binary(max_size=300), max_size=40), st.integers(8, 200))
    def test_keeps_both_ends_within_the_limit_and_counts_the_rest(self, chunks: list[bytes], limit: int) -> None:
        kept = HeadTail(limit)
        for chunk in chunks:
            kept.add(chunk)
        whole = b"".join(chunks)
        text = kept.text()
        if len(whole) <= limit:
            assert text == whole.decode("utf-8", "backslashreplace") or kept.dropped == 0
        else:
            assert kept.dropped == len(whole) - limit
            assert f"[{kept.dropped} bytes left out]" in text


class TestSecrets:
    def test_G7_when_the_search_fails_nothing_is_passed_on(self) -> None:
        def broken(text: str) -> str:
            raise RuntimeError(text)

        assert "hunter2" not in redacted("password hunter2", broken)
