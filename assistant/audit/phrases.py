"""Parts of which the sentences about entries are made: counts, names, money, times, and words that entries hold as codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from assistant.audit.tongue import N_, _

Body: TypeAlias = Mapping[str, Any]

NAMED = 3
"""So many paths, hosts or tools are named in a line; the rest is counted."""


def fields(body: Body) -> str:
    """What a body says, for kinds that are not known here."""
    return join(
        *(f"{n} {v}" for n, v in body.items() if isinstance(v, (str, int)) and v != "" and not n.endswith("sha256"))
    )


def join(*parts: object) -> str:
    """The parts that say something."""
    return " · ".join(str(part) for part in parts if part not in ("", None, [], {}, ()))


def some(names: Sequence[str]) -> str:
    """The first names, and how many there are besides."""
    return more(", ".join(names[:NAMED]), len(names))


def more(first: str, count: int) -> str:
    """The same where the first are put together already, of `count` in all."""
    return _("{first} and {n} more").format(first=first, n=count - NAMED) if count > NAMED else first


def told(text: str, body: Body, *names: str, **more: object) -> str:
    """The translated `text` with fields of the body in their places, `?` for what is not there."""
    return _(text).format(**{name: body.get(name, "?") for name in names}, **more)


def ms(value: Any) -> str:
    """A time of so many milliseconds; nothing for what is no number."""
    return "" if not isinstance(value, int) else f"{value} ms" if value < 10_000 else f"{value / 1000:.0f} s"


def money(value: Any) -> str:
    """Millionths of a US dollar."""
    return f"${value / 1e6:.4f}" if isinstance(value, int) else _("no price known")


def tokens(usage: Any) -> str:
    """What a model read and wrote."""
    if not usage:
        return ""
    return _("{read} + {written} tokens").format(read=usage.get("input", 0), written=usage.get("output", 0))


def quoted(text: str) -> str:
    """What somebody said."""
    return f"“{text}”" if text else ""


def short(value: Any) -> str:
    """The beginning of a hash."""
    return str(value or "")[:12]


_EFFECTS = {
    "read": N_("read"),
    "write": N_("write"),
    "delete": N_("delete"),
    "execute": N_("execute"),
    "fetch": N_("fetch"),
    "send": N_("send"),
    "act": N_("act"),
    "consult": N_("consult"),
    "delegate": N_("delegate"),
    "apply": N_("apply"),
}


def effect(body: Body) -> str:
    """The effect that a body names, as a verb."""
    return _known(_EFFECTS, body.get("effect", "?"))


_RESOURCES = {
    "file": N_("file"),
    "folder": N_("folder"),
    "command": N_("command"),
    "host": N_("host"),
    "account": N_("account"),
    "model": N_("model"),
    "service": N_("service"),
    "stage": N_("stage"),
    "task": N_("task"),
}


def resource(kind: Any) -> str:
    """What sort of thing an effect is on."""
    return _known(_RESOURCES, kind)


_ANSWERS = {
    "once": N_("yes, this once"),
    "task": N_("yes, for this task"),
    "always": N_("yes, always"),
    "no": N_("no"),
}
_CHANNELS = {
    "key": N_("by a key on the screen"),
    "terminal": N_("at the terminal"),
    "acp": N_("in the editor"),
    "command": N_("by the command itself"),
    "unattended": N_("nobody was there to ask"),
}


def answer(code: Any) -> str:
    """What a person answered."""
    return _known(_ANSWERS, code)


def channel(code: Any) -> str:
    """Where they answered."""
    known = _CHANNELS.get(str(code))
    return _(known) if known else _("by {channel}").format(channel=code)


_ENDS = {
    "done": N_("done"),
    "stopped": N_("stopped"),
    "refused": N_("refused"),
    "failed": N_("failed"),
    "budget": N_("budget"),
    "steps": N_("steps"),
}


def status(code: Any) -> str:
    """How a call, a turn or a helper's task ended."""
    return _known(_ENDS, code)


def _known(words: Mapping[str, str], code: Any) -> str:
    """A code in words; one that is not known here as it is."""
    return _(words[str(code)]) if str(code) in words else str(code)
