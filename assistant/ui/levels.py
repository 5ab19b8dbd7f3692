"""The levels of autonomy in the person's language. Knows no Textual."""

from __future__ import annotations

from assistant.types import Autonomy
from assistant.ui.language import N_, _

AUTONOMY = {
    Autonomy.OPERATOR: N_("does nothing by itself: you steer each step"),
    Autonomy.COLLABORATOR: N_("works along with you and asks before most effects"),
    Autonomy.CONSULTANT: N_("works on the stage, asks where your word is needed"),
    Autonomy.APPROVER: N_("goes on by itself, asks only for what is risky"),
    Autonomy.OBSERVER: N_("does all that policy allows; you watch and can stop it"),
}


def autonomy_word(level: str) -> str:
    """An autonomy level in the person's language."""
    return {
        "operator": _("operator"),
        "collaborator": _("collaborator"),
        "consultant": _("consultant"),
        "approver": _("approver"),
        "observer": _("observer"),
    }.get(level, level)
