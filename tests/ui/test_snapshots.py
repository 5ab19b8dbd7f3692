"""What every screen looks like. Pictures in two of the eight looks, so that size, theme and language each appear in both
values; words alone in the rest (colours don't change words).

After a change that is meant: `pytest tests/ui/test_snapshots.py --snapshot-update`, and look at each picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.config import Look
from assistant.ui.language import set_language
from tests.ui.conftest import make_app
from tests.ui.scenes import SCENES, chat_desk, screen_text

SMALL, LARGE = (80, 24), (160, 48)
TEXTS = Path(__file__).with_name("__snapshots__") / "texts"


def app_for(scene: str, theme: str) -> Any:
    resume = None if scene == "welcome" else "t1"
    return make_app(chat_desk(), resume=resume, look=Look(theme=theme, reduced_motion=True))


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize(
    ("size", "theme", "words"),
    [(SMALL, "dark", "en"), (LARGE, "light", "zh_CN")],
    ids=["small-dark-en", "large-light-zh"],
)
def test_picture(snap_compare: Any, scene: str, size: tuple[int, int], theme: str, words: str) -> None:
    set_language(words)
    assert snap_compare(app_for(scene, theme), terminal_size=size, run_before=SCENES[scene])


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize(
    ("size", "theme", "words"),
    [(SMALL, "light", "zh_CN"), (LARGE, "dark", "en")],
    ids=["small-light-zh", "large-dark-en"],
)
async def test_words(scene: str, size: tuple[int, int], theme: str, words: str, request: pytest.FixtureRequest) -> None:
    set_language(words)
    app = app_for(scene, theme)
    async with app.run_test(size=size) as pilot:
        await SCENES[scene](pilot)
        shown = screen_text(app) + "\n"
    file = TEXTS / f"{scene}-{size[0]}-{words}.txt"
    if request.config.getoption("--snapshot-update", default=False):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(shown, encoding="utf-8")
    assert file.is_file(), "no snapshot yet: run with --snapshot-update and look at it"
    assert shown == file.read_text(encoding="utf-8")


def test_every_snapshot_belongs_to_a_scene() -> None:
    pictures = {f"test_picture[{look}-{scene}].raw" for look in ("small-dark-en", "large-light-zh") for scene in SCENES}
    words = {f"{scene}-{look}.txt" for look in ("80-zh_CN", "160-en") for scene in SCENES}
    assert {file.name for file in TEXTS.parent.rglob("*") if file.is_file()} == pictures | words


@pytest.mark.parametrize("scene", [scene for scene in SCENES if scene != "picture"])  # nothing but colours
async def test_high_contrast_and_no_colour_draw_without_colour_alone(scene: str) -> None:
    """Both looks draw every scene; what they say is what the dark look says."""
    shown: list[str] = []
    for theme in ("dark", "high-contrast", "no-colour"):
        app = app_for(scene, theme)
        async with app.run_test(size=SMALL) as pilot:
            await SCENES[scene](pilot)
            shown.append(screen_text(app))
    assert shown[0] == shown[1] == shown[2]
