"""The words on screen, in the person's language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assistant.audit import tongue
from assistant.translation import LANGUAGES, N_, Catalogue, choose, read_po

__all__ = ["LANGUAGES", "LOCALE", "N_", "_", "choose", "ngettext", "pick", "read_po", "set_language"]

LOCALE = Path(__file__).parent / "locale"

_catalogue = Catalogue(LOCALE, "assistant")
_ = _catalogue.gettext
ngettext = _catalogue.ngettext


def set_language(name: str) -> None:
    """Use the words of `name` from now on, those of the log's sentences too. An unknown name is English."""
    _catalogue.speak(name)
    tongue.speak(name)


def pick(words: Mapping[str, str]) -> str:
    """Of a text that its author wrote in several languages (`en`, `zh`), the one in use, else English, else any."""
    return words.get(_catalogue.language[:2]) or words.get("en") or next(iter(words.values()), "")
