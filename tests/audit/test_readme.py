"""What the README promises is there: every operation, every file, a test for every invariant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assistant.audit.calculator import OPERATIONS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("folder", "letter"), [("audit", "A"), ("store", "DB")])
def test_each_invariant_has_a_test_that_names_it(folder: str, letter: str) -> None:
    text = (ROOT / "assistant" / folder / "README.md").read_text(encoding="utf-8")
    tests = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests" / folder).glob("test_*.py"))
    numbers = re.findall(rf"\*\*{letter}(\d+)\*\*", text)
    assert numbers == [str(n + 1) for n in range(len(numbers))]
    for number in numbers:
        assert f"def test_{letter}{number}_" in tests, f"{letter}{number}"


@pytest.mark.parametrize("folder", ["audit", "store"])
def test_each_file_is_named(folder: str) -> None:
    text = (ROOT / "assistant" / folder / "README.md").read_text(encoding="utf-8")
    for file in (ROOT / "assistant" / folder).glob("*.py*"):
        assert file.name == "__init__.py" or f"`{file.name}`" in text, file.name


def test_each_operation_of_the_calculator_is_described() -> None:
    text = (ROOT / "assistant/audit/README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) - {"op"} == set(OPERATIONS)
