"""The sentences about entries in the languages that the screen speaks: a catalogue that fits the source, and whole lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import assistant.audit
from assistant.audit import tongue
from assistant.audit.log import Log
from assistant.audit.summary import preview
from assistant.cli import main as run
from assistant.config import Paths
from assistant.ui.language import read_po, set_language

from .conftest import Copy
from .test_summary import LINES

AUDIT = Path(assistant.audit.__file__).parent
CATALOGUE = tongue.catalogue_of("zh_CN")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def _in_english_again() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    yield
    set_language("en")


def source_strings() -> set[str]:
    """Every text marked with `_`, `N_` or `ngettext` in this floor."""
    found: set[str] = set()
    for file in AUDIT.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                if node.func.id in ("_", "N_", "ngettext") and texts:
                    found.add(texts[0])
    return found


class TestTheCatalogue:
    def test_has_every_text_of_the_source_and_no_other(self) -> None:
        assert set(read_po(CATALOGUE)) == source_strings()

    def test_keeps_every_placeholder(self) -> None:
        for text, forms in read_po(CATALOGUE).items():
            for form in forms:
                assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", form)), text


class TestLines:
    @pytest.mark.parametrize(
        ("kind", "body", "line"), LINES[:-1], ids=[f"{kind}-{i}" for i, (kind, _, _) in enumerate(LINES[:-1])]
    )
    def test_each_sentence_is_chinese_there_and_names_the_same(
        self, log: Log, kind: str, body: dict[str, Any], line: str
    ) -> None:
        entry = log.append(kind, "t", body)
        set_language("zh_CN")
        told = preview(log, entry)
        if (kind, body.get("what")) != ("task.changed", "model"):  # names and values alone
            assert CHINESE.search(told), told
        for number in re.findall(r"\d+", line):
            assert number in told
        set_language("en")
        assert preview(log, entry) == line

    def test_a_value_is_never_taken_for_a_text_or_a_place(self, log: Log) -> None:
        hostile = "{0.__class__} {model} done %s"
        entry = log.append("model.call", "t", {"model": hostile, "step": hostile})
        for language in ("en", "zh_CN"):
            set_language(language)
            assert preview(log, entry).count(hostile) == 2


def test_the_command_lists_in_the_persons_language_and_json_in_none(
    copy: Copy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(copy.home))
    told: dict[str, tuple[str, str]] = {}
    for language in ("en", "zh_CN"):
        monkeypatch.setenv("ASSISTANT_LANGUAGE", language)
        assert run(["log", "list", "--limit", "3"]) == 0
        lines = capsys.readouterr().out
        assert run(["log", "list", "--limit", "3", "--json"]) == 0
        told[language] = lines, capsys.readouterr().out
    assert "wants to" in told["en"][0]
    assert "想要" in told["zh_CN"][0]
    assert told["en"][1] == told["zh_CN"][1]


def test_an_outcome_and_a_turn_read_well(log: Log, paths: Paths) -> None:
    set_language("zh_CN")
    outcome = {"tool": "run", "status": "done", "exit_status": 1, "changes": [{"path": "a"}], "changed": 5}
    with closing(log):
        assert preview(log, log.append("outcome", "t", outcome)) == "run · 完成 · 退出码 1 · 更改了 a 等（另有 2 个）"
        assert (
            preview(log, log.append("turn.finished", "t", {"reason": "done", "wall_ms": 3})) == "回合结束：完成 · 3 ms"
        )
