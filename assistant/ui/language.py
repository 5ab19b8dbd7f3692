"""The words on screen, in the person's language: gettext catalogues, read straight from their `.po` files.

`.po` rather than compiled `.mo`: translators edit it with any gettext editor, nothing binary lies in the repository, and
reading one takes a few milliseconds, only when the language isn't English.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from pathlib import Path

from assistant.audit import tongue

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "zh_CN": "简体中文"}

_catalogue: dict[str, tuple[str, ...]] = {}
_chosen = ["en"]
"""The language in use; a list, so that it is one object for everyone who imports it."""


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


def set_language(name: str) -> None:
    """Use the catalogue of `name` from now on. Text that is already drawn stays as it is. An unknown name is English."""
    _catalogue.clear()
    _chosen[0] = name if name in LANGUAGES else "en"
    file = LOCALE / name / "LC_MESSAGES" / "assistant.po"
    if name != "en" and file.is_file():
        _catalogue.update(read_po(file))
    speak_log(name)


def speak_log(name: str) -> None:
    """Tell the log's sentences in the language `name` from now on: all that a command line needs, which says the rest in English."""
    file = tongue.catalogue_of(name)
    tongue.speak(read_po(file) if name in LANGUAGES and file.is_file() else {})


def _(text: str) -> str:
    """`text` in the chosen language, or as it is."""
    found = _catalogue.get(text)
    return found[0] if found and found[0] else text


def pick(words: Mapping[str, str]) -> str:
    """Of a text that its author wrote in several languages (`en`, `zh`), the one in use, else English, else any."""
    return words.get(_chosen[0][:2]) or words.get("en") or next(iter(words.values()), "")


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translate this later"
    """Marks a text that is translated where it is shown."""
    return text


def ngettext(one: str, many: str, count: int) -> str:
    """The form that fits `count`, with `{n}` filled in. Chinese has a single form."""
    found = _catalogue.get(one)
    if found and found[0]:
        return found[0].format(n=count)
    return (one if count == 1 else many).format(n=count)


def read_po(file: Path) -> dict[str, tuple[str, ...]]:
    """msgid → translations. The header (empty msgid) and fuzzy or untranslated entries are left out.

    Format: GNU gettext manual, "The Format of PO Files". Contexts (`msgctxt`) aren't used here.
    """
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
