"""Everything this model says, English beside Chinese.

A phrase may hold `{name}` and, for counts, `{n:file|files}`, which writes the number and the form that fits it.
"""

from __future__ import annotations

from assistant.models.offline.phrases import changes, files, talk, trouble

PHRASES: dict[str, tuple[str, str]] = {**files.PHRASES, **changes.PHRASES, **talk.PHRASES, **trouble.PHRASES}


class Count(int):
    """A number that knows its plural: `{n:file|files}`."""

    def __format__(self, form: str) -> str:
        one, _, many = form.partition("|")
        words = one if self == 1 else many
        return f"{int(self):,} {words}" if words else f"{int(self):,}"


class Say:
    """Says phrases in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._side = 1 if language == "zh" else 0

    def __call__(self, phrase: str, /, **values: object) -> str:
        """The phrase with its values. Raises KeyError for a phrase that does not exist."""
        shown = {k: Count(v) if isinstance(v, int) and not isinstance(v, Count) else v for k, v in values.items()}
        words = PHRASES[phrase][self._side].format(**shown)
        return f"T{words[1:]}" if words.startswith("this folder") and phrase != "here" else words
