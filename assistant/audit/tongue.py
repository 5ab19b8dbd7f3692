"""The language in which the sentences about entries are told: English, or what a catalogue says instead.

What is stored has no language; only the lines that people read are translated, when they are read. This floor can't know
the screen's language: whoever shows lines to a person hands over a catalogue (`speak`), which lies here beside the texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
"""`LOCALE/zh_CN/LC_MESSAGES/log.po`: the catalogue of a language, in gettext's format."""

_catalogue: dict[str, tuple[str, ...]] = {}


def catalogue_of(language: str) -> Path:
    """Where the catalogue of a language would lie."""
    return LOCALE / language / "LC_MESSAGES" / "log.po"


def speak(catalogue: Mapping[str, tuple[str, ...]]) -> None:
    """From now on, tell with the translations in `catalogue` (msgid → forms); with none, in English."""
    _catalogue.clear()
    _catalogue.update(catalogue)


def _(text: str) -> str:
    """`text` in the language in use, or as it is."""
    found = _catalogue.get(text)
    return found[0] if found and found[0] else text


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translate this later"
    """Marks a text that is translated where it is told."""
    return text


def ngettext(one: str, many: str, count: int) -> str:
    """The form that fits `count`, with `{n}` filled in. Chinese has a single form."""
    found = _catalogue.get(one)
    if found and found[0]:
        return found[0].format(n=count)
    return (one if count == 1 else many).format(n=count)
