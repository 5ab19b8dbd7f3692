"""What is loaded when: nothing of Markdown before the first frame, all of it before the first answer."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import asyncio, sys
from assistant.ui import opening
from tests.ui.conftest import make_app
from tests.ui.fake_desk import FakeDesk

async def main():
    opening.AHEAD_S = 0.3
    app = make_app(FakeDesk())
    async with app.run_test(size=(80, 24)) as pilot:
        while app.screen.session is None:
            await pilot.pause(0.01)
        print(opening.ANSWER in sys.modules)
        for _ in range(500):
            await pilot.pause(0.02)
            if opening.ANSWER in sys.modules and hasattr(sys.modules[opening.ANSWER], "AnswerView"):
                break
        print(opening.ANSWER in sys.modules)

asyncio.run(main())
"""


def test_markdown_is_loaded_after_the_task_is_open_and_before_anyone_answers() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "True"], done.stderr[-2000:]
