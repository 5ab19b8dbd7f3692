"""Why a call could not even begin, in the person's language. What the model is told of it is in English and for the model."""

from __future__ import annotations

from assistant.ui.language import _


def in_words(code: str, told: str) -> str:
    """What the person reads where the model was told `told`: a sentence, and below it what the model got to know. Any code
    that isn't of a call that could not begin leaves `told` as it is."""
    sentence = {
        "unknown_tool": _("the model asked for a tool that it does not have in this task"),
        "invalid_arguments": _("the model filled in this tool's arguments wrongly, so nothing was run"),
        "log_unavailable": _("nothing was run, since the log can't be written"),
        "sandbox_unavailable": _("nothing was run, since no sandbox holds here: `assistant doctor` says why"),
    }.get(code)
    return f"{sentence}\n{told.removeprefix(f'{code}: ')}" if sentence else told
