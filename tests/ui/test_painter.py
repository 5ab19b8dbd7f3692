"""Only what differs is written, and the terminal shows the same as if all of it had been."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from assistant.ui.painter import Painter

WIDTH, HEIGHT = 12, 4
CONSOLE = Console(color_system="truecolor", force_terminal=True)
STYLES = [Style(), Style(bold=True), Style(color="red")]
Cell = tuple[str, "Style | None"]


def cells(strip: Strip) -> list[Cell]:
    """One entry a column; the second of a wide sign is empty."""
    out: list[Cell] = []
    for text, style, _control in strip:
        for sign in text:
            out.append((sign, style))
            if sign in "一二":
                out.append(("", style))
    return out


@st.composite
def lines(draw: st.DrawFn) -> list[Strip]:
    """A line of WIDTH cells as the compositor gives it: a few strips of a few segments."""
    out: list[Strip] = []
    left = WIDTH
    while left:
        width = draw(st.integers(1, left))
        left -= width
        segments: list[Segment] = []
        while width:
            wide = width > 1 and draw(st.integers(0, 5)) == 0
            text = draw(st.sampled_from("一二")) if wide else draw(st.text("ab ", min_size=1, max_size=width))
            width -= 2 if wide else len(text)
            segments.append(Segment(text, draw(st.sampled_from(STYLES))))
        out.append(Strip(segments))
    return out


FRAMES = st.lists(st.lists(lines(), min_size=HEIGHT, max_size=HEIGHT), min_size=1, max_size=6)


@given(FRAMES, st.lists(st.booleans(), min_size=6, max_size=6))
def test_the_terminal_ends_up_as_the_last_frame_says(frames: list[list[list[Strip]]], whole: list[bool]) -> None:
    painter = Painter()
    terminal: list[list[Cell]] = [[("?", None)] * WIDTH for _ in range(HEIGHT)]
    for frame, all_of_it in zip(frames, whole, strict=False):
        expected = [[cell for strip in line for cell in cells(strip)] for line in frame]
        rows = range(HEIGHT) if all_of_it else range(HEIGHT // 2)
        if all_of_it:
            update: LayoutUpdate | ChopsUpdate = LayoutUpdate(list(frame), Region(0, 0, WIDTH, HEIGHT))
        else:  # the upper half of the screen
            chops: list[dict[int, Strip]] = []
            ends: list[list[int]] = []
            for line in frame:
                x, row = 0, dict[int, Strip]()
                for strip in line:
                    row[x] = strip
                    x += strip.cell_length
                chops.append(row)
                ends.append([*list(row)[1:], WIDTH])
            update = ChopsUpdate(chops, [(y, 0, WIDTH) for y in rows], ends)
        for y, x, strip in painter.put(update, CONSOLE):
            put = cells(strip)
            terminal[y][x : x + len(put)] = put
        for y in rows:
            assert terminal[y] == expected[y]


def frame(*texts: str) -> LayoutUpdate:
    return LayoutUpdate([[Strip([Segment(text)])] for text in texts], Region(0, 0, len(texts[0]), len(texts)))


def test_what_is_shown_already_is_not_written_again() -> None:
    painter = Painter()
    assert len(list(painter.put(frame("one   ", "two   "), CONSOLE))) == 2
    assert list(painter.put(frame("one   ", "two   "), CONSOLE)) == []


def test_of_a_plain_line_only_what_differs_is_written() -> None:
    painter = Painter()
    list(painter.put(frame("one word     "), CONSOLE))
    [(y, x, strip)] = painter.put(frame("one word more"), CONSOLE)
    assert (y, x, strip.text) == (0, 9, "more")


def test_a_line_with_wide_signs_is_written_whole() -> None:
    painter = Painter()
    list(painter.put(frame("一二 a"), CONSOLE))
    [(_y, x, strip)] = painter.put(frame("一二 b"), CONSOLE)
    assert (x, strip.text) == (0, "一二 b")


def test_after_forgetting_and_for_another_screen_all_of_it_is_written() -> None:
    painter = Painter()
    one, two = object(), object()
    shown = []
    for screen in (one, one, two):
        drawn = painter.frame(screen, frame("abc"))
        shown.append(drawn.render_segments(CONSOLE))  # type: ignore[union-attr]
    assert [bool(part) for part in shown] == [True, False, True]
    painter.forget()
    assert len(list(painter.put(frame("abc"), CONSOLE))) == 1


def test_a_frame_that_is_never_written_changes_nothing() -> None:
    painter = Painter()
    painter.frame(self := object(), frame("abc"))
    later = painter.frame(self, frame("abc"))
    assert "abc" in later.render_segments(CONSOLE)  # type: ignore[union-attr]
