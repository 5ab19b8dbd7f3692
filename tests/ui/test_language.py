"""Every word on the screen has a translation, and every translation a word."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from assistant.gateway import consent, sentences
from assistant.policy.session import REASONS
from assistant.policy.signs import SIGNS
from assistant.shipped import shipped
from assistant.ui import language
from assistant.ui.language import LOCALE, choose, read_po, set_language
from tests.ui.fake_desk import FakeDesk, changes

UI = Path(language.__file__).parent
CATALOGUE = LOCALE / "zh_CN" / "LC_MESSAGES" / "assistant.po"


def texts_of_other_floors() -> set[str]:
    """What is said on a card in words of the floors below, which know no catalogue: sentences, scopes, signs, reasons."""
    reasons = (re.findall(r'@reason\("([^"]+)"\)', file.read_text()) for file in shipped("policies").rglob("*.cedar"))
    return {
        *sentences.texts(),
        *consent.texts(),
        *SIGNS.values(),
        *REASONS,
        *(reason for found in reasons for reason in found),
    }


def source_strings() -> dict[str, str]:
    """msgid → plural of every text marked with `_`, `N_` or `ngettext` in the screen's source, and those of other floors."""
    found = dict.fromkeys(texts_of_other_floors(), "")
    for file in sorted(UI.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                if node.func.id in ("_", "N_") and texts:
                    found.setdefault(texts[0], "")
                elif node.func.id == "ngettext":
                    assert len(texts) == 2, f"{file}:{node.lineno}: ngettext needs two literal texts"
                    found[texts[0]] = texts[1]
    return found


class TestTheCatalogue:
    def test_has_every_text_of_the_source(self) -> None:
        missing = sorted(set(source_strings()) - set(read_po(CATALOGUE)))
        assert not missing, f"without a translation: {missing}"

    def test_has_nothing_that_the_source_lost(self) -> None:
        stale = sorted(set(read_po(CATALOGUE)) - set(source_strings()))
        assert not stale, f"no longer in the source: {stale}"

    def test_keeps_every_placeholder(self) -> None:
        for text, forms in read_po(CATALOGUE).items():
            for form in forms:
                assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", form)), text

    def test_keeps_the_space_at_both_ends(self) -> None:
        for text, (form, *_) in read_po(CATALOGUE).items():
            assert text.startswith(" ") <= form.startswith((" ", "（", "，")), text

    def test_is_a_catalogue_that_gettext_reads_as_we_do(self, tmp_path: Path) -> None:
        import shutil
        import subprocess

        if not shutil.which("msgfmt"):
            pytest.skip("msgfmt (gettext) is not installed")
        subprocess.run(["msgfmt", "--check-format", "-o", str(tmp_path / "x.mo"), str(CATALOGUE)], check=True)
        import gettext

        with open(tmp_path / "x.mo", "rb") as file:
            real = gettext.GNUTranslations(file)
        for text, forms in read_po(CATALOGUE).items():
            assert real.gettext(text) == forms[0] or real.ngettext(text, text, 1) == forms[0]


class TestChoosing:
    @pytest.mark.parametrize(
        ("wanted", "environ", "language"),
        [
            ("zh_CN", {}, "zh_CN"),
            ("en", {"LANG": "zh_CN.UTF-8"}, "en"),
            ("auto", {"LANG": "zh_CN.UTF-8"}, "zh_CN"),
            ("auto", {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
            ("auto", {"LANG": "de_DE.UTF-8"}, "en"),
            ("auto", {}, "en"),
        ],
    )
    def test_the_setting_wins_then_the_environment(self, wanted: str, environ: dict[str, str], language: str) -> None:
        assert choose(wanted, environ) == language

    def test_an_unknown_language_is_english(self) -> None:
        set_language("tlh")
        assert language._("done") == "done"


class TestChinese:
    async def test_the_chat_and_the_card_speak_it(self, open_chat: Any) -> None:
        set_language("zh_CN")
        async with open_chat(FakeDesk(stage=changes())) as chat:
            await chat.until(lambda: "5 项待审" in chat.text())
            assert "顾问" in chat.text()
            await chat.say("/help")
            await chat.until(lambda: "返回" in chat.text())

    def test_a_count_fills_its_place(self) -> None:
        set_language("zh_CN")
        assert language.ngettext("{n} change", "{n} changes", 3) == "3 项更改"
        set_language("en")
        assert language.ngettext("{n} change", "{n} changes", 1) == "1 change"
