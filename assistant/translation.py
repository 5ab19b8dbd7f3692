"""Words in a person's language: which language that is, and the catalogue that a floor looks its words up in.

Each floor that speaks to people keeps its own catalogue beside its texts: gettext's `.po` files rather than compiled `.mo`, so
translators edit them with any gettext editor, nothing binary lies in the repository, and reading one takes a few
milliseconds, only when the language isn't English.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
"""The languages that there are words in: the name of a setting, and the language's own name."""


def choose(wanted: str, environ: Mapping[str, str] | None = None) -> str:
    """The language for a setting of `auto`, `en` or `zh_CN`: `auto` follows LC_ALL, LC_MESSAGES, LANGUAGE, LANG."""
    if wanted in LANGUAGES:
        return wanted
    env = os.environ if environ is None else environ
    for name in ("LC_ALL", "LC_MESSAGES", "LANGUAGE", "LANG"):
        value = env.get(name, "")
        if value:
            return "zh_CN" if value.lower().startswith(("zh_cn", "zh-cn", "zh_hans", "zh_sg", "zh.", "zh:")) else "en"
    return "en"


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translate this later"
    """Marks a text that is translated where it is shown."""
    return text


class Catalogue:
    """The texts of one floor in the language in use: English as in the source, or what a file says instead.

    `locale` holds `LANGUAGE/LC_MESSAGES/DOMAIN.po`, as gettext lays them out.
    """

    def __init__(self, locale: Path, domain: str) -> None:
        self.locale = locale
        self.domain = domain
        self.language = "en"
        """The language in use, by the name of its setting."""
        self._forms: dict[str, tuple[str, ...]] = {}

    def file(self, language: str) -> Path:
        """Where the texts in a language would lie."""
        return self.locale / language / "LC_MESSAGES" / f"{self.domain}.po"

    def speak(self, language: str) -> None:
        """Use `language` from now on. Text that is already drawn stays as it is. An unknown name is English."""
        self.language = language if language in LANGUAGES else "en"
        file = self.file(self.language)
        self._forms = read_po(file) if self.language != "en" and file.is_file() else {}

    def gettext(self, text: str) -> str:
        """`text` in the language in use, or as it is."""
        found = self._forms.get(text)
        return found[0] if found and found[0] else text

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The form that fits `count`, with `{n}` filled in. Chinese has a single form."""
        found = self._forms.get(one)
        if found and found[0]:
            return found[0].format(n=count)
        return (one if count == 1 else many).format(n=count)


def read_po(file: Path) -> dict[str, tuple[str, ...]]:
    """msgid → translations. The header (empty msgid) and fuzzy or untranslated entries are left out.

    Format: GNU gettext manual, "The Format of PO Files". Contexts (`msgctxt`) aren't used here.
    """
    import ast  # 2 ms, which English doesn't pay

    entries: dict[str, tuple[str, ...]] = {}
    fields: dict[str, str] = {}
    last = ""
    fuzzy = False

    def close() -> None:
        nonlocal fuzzy
        forms = tuple(v for k, v in fields.items() if k.startswith("msgstr"))
        if fields.get("msgid") and not fuzzy and any(forms):
            entries[fields["msgid"]] = forms
        fields.clear()
        fuzzy = False

    for raw in file.read_text(encoding="utf-8").splitlines():
        line = raw.strip()
        if line.startswith("#"):
            if any(k.startswith("msgstr") for k in fields):
                close()
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
        elif line.startswith('"'):
            fields[last] += ast.literal_eval(line)
        elif line:
            last, _space, rest = line.partition(" ")
            if last == "msgid" and fields:
                close()
            fields[last] = ast.literal_eval(rest)
    close()
    return entries
