"""The language in which entries and the report are told: English, or what a catalogue says instead.

What is stored has no language; only the lines that people read are translated, when they are read. Whoever shows lines to a
person says in which language (`speak`).
"""

from __future__ import annotations

from pathlib import Path

from assistant.translation import N_, Catalogue

__all__ = ["N_", "_", "catalogue_of", "language", "ngettext", "speak"]

_catalogue = Catalogue(Path(__file__).parent / "locale", "log")
_ = _catalogue.gettext
ngettext = _catalogue.ngettext
speak = _catalogue.speak
catalogue_of = _catalogue.file


def language() -> str:
    """The language in use, by the name of its setting."""
    return _catalogue.language
