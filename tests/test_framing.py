"""Lines out of pieces: whatever the pieces are, the lines are the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.framing import LineFrames


class TestLineFrames:
    @given(st.lists(st.text("ab\n", max_size=9).map(str.encode)))
    def test_the_lines_do_not_depend_on_the_pieces(self, pieces: list[bytes]) -> None:
        frames = LineFrames()
        found = [line for piece in pieces for line in frames.feed(piece)]
        *whole, rest = b"".join(pieces).split(b"\n")
        assert found == whole
        assert frames.pending == len(rest)

    def test_an_empty_line_is_a_line(self) -> None:
        assert LineFrames().feed(b"\n\na\n") == [b"", b"", b"a"]
