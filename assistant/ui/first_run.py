"""The note of the first run: which models were found, and which one answers."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.agent.events import Notice
from assistant.types import ModelInfo
from assistant.ui.language import _, ngettext


def found_models(models: Sequence[ModelInfo], chosen: ModelInfo) -> Notice:
    """Which models can be used here, by provider, and that the built-in one answers when there is no other."""
    usable = [m for m in models if m.usable and m.provider != "builtin"]
    if not usable:
        return Notice(
            "info",
            _(
                "No model was found (no API key, no local server), so the built-in `{model}` answers. It follows rules, it does not think."
            ).format(model=chosen.id),
            _("`assistant models keys` keeps a key; /model shows what each provider needs"),
        )
    names: dict[str, int] = {}
    for model in usable:
        name = f"{model.provider} ({_('on this machine')})" if model.local else model.provider
        names[name] = names.get(name, 0) + 1
    found = ", ".join(ngettext("{n} model", "{n} models", n) + f" · {name}" for name, n in sorted(names.items()))
    return Notice(
        "info",
        _("Found: {found}. `{model}` answers.").format(found=found, model=chosen.id),
        _("/model changes it at any time"),
    )
