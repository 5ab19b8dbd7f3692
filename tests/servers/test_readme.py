"""Every invariant of the floor has a test named after it."""

from __future__ import annotations

import re
from pathlib import Path

import assistant.servers


def test_every_invariant_has_a_test() -> None:
    text = (Path(assistant.servers.__file__).parent / "README.md").read_text()
    stated = set(re.findall(r"^- \*\*(E\d+)\*\*", text, re.M))
    tested = {
        n for f in Path(__file__).parent.glob("test_*.py") for n in re.findall(r"def test_(E\d+)_", f.read_text())
    }
    assert len(stated) == 12
    assert stated == tested
