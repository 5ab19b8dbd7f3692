"""The examples of the folder's README, run in order on one folder."""

from __future__ import annotations

import re
from pathlib import Path

import assistant.models.offline
from tests.models.offline.toolbox import Chat, specs

README = Path(assistant.models.offline.__file__).parent / "README.md"


async def test_every_example_uses_the_tools_that_it_says(chat: Chat) -> None:
    blocks = re.findall(r"```text\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    examples = [(said, tools) for block in blocks for said, tools in re.findall(r"^> (.+)\n(.+)$", block, re.MULTILINE)]
    assert len(examples) > 30
    wrong: list[str] = []
    for said, tools in examples:
        answer = await chat.ask(said)
        assert answer.strip()
        wanted = [] if tools == "-" else tools.split()
        used = list(dict.fromkeys(chat.used))
        if used != wanted:
            wrong.append(f"{said}: {used} and not {wanted}: {answer[:200]}")
    assert not wrong, "\n".join(wrong)


def test_the_readme_uses_every_tool_that_the_model_knows() -> None:
    text = README.read_text(encoding="utf-8")
    assert all(spec.name in text for spec in specs())


def test_each_invariant_has_a_test_named_after_it() -> None:
    invariants = re.findall(r"^- \*\*(O\d+)\*\*", README.read_text(encoding="utf-8"), re.MULTILINE)
    tests = "\n".join(f.read_text(encoding="utf-8") for f in Path(__file__).parent.glob("test_*.py"))
    assert invariants == [f"O{n}" for n in range(1, 9)]
    for name in invariants:
        assert f"test_{name}_" in tests, name
