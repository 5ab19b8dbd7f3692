"""What counts as consent, and what it stretches to."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Sequence

from assistant.gateway.describe import relative
from assistant.types import Answer, Approval, Channel, Grant
from assistant.visible import one_line

_TRUSTED = frozenset({Channel.KEY, Channel.TERMINAL, Channel.ACP, Channel.COMMAND})


def is_consent(approval: Approval, digest: str) -> bool:
    """Whether `approval` is a yes to the Action of this digest, from a channel that a person holds."""
    return (
        approval.answer is not Answer.NO
        and is_persons(approval.channel)
        and hmac.compare_digest(approval.digest, digest)
    )


def is_persons(channel: Channel) -> bool:
    """Whether a person holds this channel."""
    return channel in _TRUSTED


_MAY = {
    "read": "read {what}",
    "write": "create or change {what}",
    "delete": "delete {what}",
    "execute": "run {what}",
    "fetch": "fetch from {what}",
    "send": "send to {what}",
    "act": "act on {what}",
    "consult": "ask {what}",
    "delegate": "start helpers",
    "apply": "apply staged changes",
}
_WHAT = {
    "file": "`{id}`",
    "folder": "`{id}` and all in it",
    "command": "`{id} …`, whatever follows",
    "host": "`{id}` and hosts below it",
    "model": "the model `{id}`",
    "service": "the service `{id}`",
    "account": "`{id}`",
}
_ENDS = {Answer.TASK: "until this task ends: {what}", Answer.ALWAYS: "in every task, until revoked: {what}"}
_WITH = "{what} ({tool})"


def texts() -> Iterator[str]:
    """Every text that is given to a translator."""
    yield from (*_MAY.values(), *_WHAT.values(), _WITH)


def scope_words(grants: Sequence[Grant], answer: Answer) -> str:
    """What an answer that lasts allows, and until when."""
    return _ENDS.get(answer, "{what}").format(what=grants_words(grants)) if grants else ""


def grants_words(grants: Sequence[Grant], _: Callable[[str], str] = str, folder: str = "") -> str:
    """What grants allow, spelled out for the card: each kind once, with all that it is for. `_` translates. Paths in `folder`
    are named as seen from there where the grant is bound to one task, and so to its folder."""
    kinds: dict[tuple[str, str], dict[str, None]] = {}
    for grant in grants:
        kinds.setdefault((grant.effect.value, grant.tool), {})[_thing(grant, _, folder)] = None
    return "; ".join(_words(effect, tool, ", ".join(things), _) for (effect, tool), things in kinds.items())


def _words(effect: str, tool: str, things: str, _: Callable[[str], str]) -> str:
    may = _(_MAY[effect]).format(what=things)
    return _(_WITH).format(what=may, tool=one_line(tool, 60)) if tool else may


def _thing(grant: Grant, _: Callable[[str], str], folder: str) -> str:
    kind, name = grant.resource.type, grant.resource.id
    if folder and grant.task and kind in ("file", "folder"):
        name = relative(name, folder)
    if kind == "host" and (":" in name or name.replace(".", "").isdigit()):  # a port, an IP address: nothing is below
        kind = "account"
    return _(_WHAT.get(kind, "{id}")).format(id=one_line(name, 300))
