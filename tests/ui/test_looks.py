"""Looks that are changed while the program runs: theme, colour or none, motion or none."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.config import Look
from assistant.ui import themes
from tests.ui.fake_desk import FakeDesk
from tests.ui.scenes import chat_desk


def coloured(app: Any) -> bool:
    """Whether any cell of the present frame has a hue."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                if colour is not None and colour.triplet and len(set(colour.triplet)) > 1:
                    return True
    return False


class TestWhileItRuns:
    async def test_colour_goes_and_comes_back_in_all_that_is_drawn(self, open_chat: Any) -> None:
        async with open_chat(chat_desk(), look=Look(theme="dark", reduced_motion=True)) as chat:
            await chat.say("largest")
            assert coloured(chat.app)
            await chat.say("/theme no-colour", wait=False)
            await chat.until(lambda: not coloured(chat.app))
            await chat.say("/theme light", wait=False)
            await chat.until(lambda: coloured(chat.app))
            assert chat.app.theme == "light"

    @pytest.mark.parametrize("name", themes.NAMES)
    async def test_every_theme_that_the_setting_names_can_be_taken(self, open_chat: Any, name: str) -> None:
        async with open_chat(FakeDesk()) as chat:
            await chat.say(f"/theme {name}", wait=False)
            await chat.until(lambda: chat.app.look.theme == name)
            assert chat.app.theme == themes.choose(name)[0]

    async def test_an_unknown_theme_names_those_there_are(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(), size=(100, 24)) as chat:
            await chat.say("/theme pink", wait=False)
            await chat.until(lambda: "auto, dark, light, high-contrast, no-colour" in chat.text())
            assert chat.app.theme == "dark"

    async def test_motion_stops_in_every_open_task(self, open_chat: Any) -> None:
        async with open_chat(FakeDesk(), look=Look(theme="dark")) as chat:
            assert chat.app.animation_level != "none"
            chat.app.take_look(Look(theme="dark", reduced_motion=True))
            assert chat.app.animation_level == "none"
            assert chat.screen.activity.still

    def test_no_color_wins_over_every_theme(self) -> None:
        assert all(themes.choose(name, {"NO_COLOR": "1"})[1] for name in themes.NAMES)


def contrast(one: str, other: str) -> float:
    """Contrast of two colours by WCAG 2.2, 1.4.3."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", themes.THEMES.values(), ids=lambda t: t.name)
def test_words_stand_out_from_their_ground(theme: Any) -> None:
    """4.5:1 for words, 7:1 in high contrast (WCAG 2.2, 1.4.3 and 1.4.6)."""
    least = 7.0 if theme.name == "high-contrast" else 4.5
    words = [theme.foreground, theme.primary, theme.secondary, theme.accent, theme.success, theme.warning, theme.error]
    words += [theme.variables[name] for name in ("quiet", "added", "removed")]
    for ground in (theme.background, theme.surface, theme.panel):
        for colour in words:
            assert contrast(colour, ground) >= least, (colour, ground, round(contrast(colour, ground), 2))
