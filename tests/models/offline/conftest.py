"""A folder as people have them, and a conversation about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models.offline.toolbox import Chat

NOTES = """# Notes

The project builds a tool that reads files. The tool answers questions about files. It never changes a file without asking.
Testing matters most of all. The weather was nice yesterday.

## Later

TODO: write the docs
"""
MAIN = '''"""Start the program."""
import os


def main():
    pass  # TODO(ann): parse the arguments


class App:
    pass  # FIXME broken
'''
REPORT = "今年公司的销售额增长了百分之二十。新产品受到客户欢迎。客户对新产品的质量表示满意。天气很好。明年公司计划扩大新产品的生产，并进入海外市场。\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A dozen files of several kinds."""
    made = tmp_path / "work"
    (made / "src").mkdir(parents=True)
    for name, text in {
        "a.txt": "alpha\nbeta foo\ngamma\nfoo foo\n",
        "b.txt": "alpha\nbeta bar\ngamma\n",
        "notes.md": NOTES,
        "src/main.py": MAIN,
        "报告.txt": REPORT,
        "x.log": "log\n",
        "my file.log": "log\n",
        "empty.txt": "",
    }.items():
        (made / name).write_text(text, encoding="utf-8")
    (made / "big.bin").write_bytes(bytes(range(256)) * 200)
    (made / "pic.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 100)
    return made


@pytest.fixture
def chat(folder: Path) -> Chat:
    """A conversation about that folder, with the shipped tools."""
    return Chat.on(folder)
