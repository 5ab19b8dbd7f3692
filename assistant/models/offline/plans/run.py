"""Running commands, and the project's tests."""

from __future__ import annotations

import re

from assistant.models.offline.markdown import block
from assistant.models.offline.plans.files import in_folder
from assistant.models.offline.plans.steps import Aid, Steps, Stuck, ask
from assistant.models.offline.wish import Wish
from assistant.types import ToolResult

LINES = 120
SIGNS = 8_000
# What tells how the tests of a project are run, the most particular first.
_TESTS = (
    ("Makefile", "make test"),
    ("package.json", "npm test"),
    ("Cargo.toml", "cargo test"),
    ("go.mod", "go test ./..."),
    ("pytest.ini", "python3 -m pytest -q"),
    ("pyproject.toml", "python3 -m pytest -q"),
    ("setup.py", "python3 -m pytest -q"),
    ("tests", "python3 -m pytest -q"),
    ("pom.xml", "mvn -q test"),
    ("build.gradle", "gradle test"),
)


def ran(wish: Wish, aid: Aid) -> Steps[str]:
    """One command, with what it printed."""
    return output(wish.text, (yield from ask(aid, "run_command", command=wish.text)), aid)


def tested(wish: Wish, aid: Aid) -> Steps[str]:
    """The tests, by what the folder holds."""
    entries, _ = yield from in_folder(wish.folder, aid)
    names = {e.name for e in entries}
    command = next((c for n, c in _TESTS if n in names), "")
    if not command:
        raise Stuck(aid.say("tests none"))
    return output(command, (yield from ask(aid, "run_command", command=command)), aid)


def output(command: str, result: ToolResult, aid: Aid) -> str:
    """What a command printed: its beginning and its end when it is long."""
    shown = command.replace("`", "'").replace("\n", " ")
    shown = shown if len(shown) <= 120 else f"{shown[:119]}…"
    text = result.text.strip("\n")
    if result.ok and not text.strip():
        return aid.say("output none", command=shown)
    failed = not result.ok or bool(re.search(r"\[?exit (?:status|code):? [1-9]", text))
    return f"{aid.say('output failed' if failed else 'output', command=shown)}\n\n{block(_clip(text))}"


def _clip(text: str) -> str:
    lines = [line if len(line) <= 1_000 else f"{line[:1_000]}…" for line in text.split("\n")]
    if len(lines) > LINES:
        lines = [*lines[: LINES // 2], f"… ({len(lines) - LINES})", *lines[-LINES // 2 :]]
    out = "\n".join(lines)
    return out if len(out) <= SIGNS else f"{out[: SIGNS // 2]}\n…\n{out[-SIGNS // 2 :]}"
