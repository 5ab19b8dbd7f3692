"""U6: the first frame pays for nothing it does not show. What may be imported is checked in a process of its own."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "litellm", "mcp", "openai", "httpx", "cedarpy", "cryptography", "keyring", "sqlite3", "sqlite_utils", "aiohttp",
    "markdown_it", "pygments", "textual.widgets._markdown", "textual.highlight", "assistant.compose", "assistant.ui.widgets.answer",
)  # fmt: skip


def loaded_by(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_U6_what_the_first_frame_imports() -> None:
    modules = loaded_by("import assistant.ui.app, assistant.ui.screens.chat")
    assert not [name for name in HEAVY if name in modules]


def test_the_door_imports_no_textual() -> None:
    assert not any(name.split(".")[0] in ("textual", "rich") for name in loaded_by("import assistant.ui"))


def test_plain_lines_know_no_textual() -> None:
    """`lines`, `decision`, `conversation` and what they share work without a screen."""
    modules = loaded_by(
        "import assistant.ui.lines, assistant.ui.decision, assistant.ui.conversation, assistant.ui.diff, assistant.ui.figures"
    )
    assert not any(name.split(".")[0] in ("textual", "rich") for name in modules)
