"""One line for each entry, for timelines: what happened, in words, safe to show anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.audit.entry import Entry
from assistant.errors import LogError
from assistant.types import Message
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.audit.log import Log

Body = Mapping[str, Any]


def preview(log: Log, entry: Entry) -> str:
    """The line of one entry with the beginning of what was said in it, for messages and answers."""
    line = summarise(entry)
    if entry.kind not in ("message", "model.result") or "message" not in entry.blobs:
        return line
    try:
        data = log.blob(str(entry.body.get("message_sha256")))
        said = msgspec.json.decode(data, type=Message).text if data is not None else "(erased)"
    except (msgspec.DecodeError, LogError):
        return line
    return one_line(f"{line}: {said}") if said else line


def summarise(entry: Entry) -> str:
    """The line of one entry. Never raises, whatever a body holds."""
    words = _WORDS.get(entry.kind)
    try:
        text = words(entry.body) if words else ""
    except (TypeError, ValueError, KeyError, AttributeError):
        text = ""
    return one_line(text or _fields(entry.body))


def _fields(body: Body) -> str:
    return " · ".join(
        f"{name} {value}"
        for name, value in body.items()
        if isinstance(value, (str, int)) and not name.endswith("sha256")
    )


def _join(*parts: Any) -> str:
    return " · ".join(str(part) for part in parts if part not in ("", None, [], {}))


def _short(value: Any) -> str:
    return str(value or "")[:12]


def _opened(body: Body) -> str:
    return _join(f"opened on {body.get('folder', '?')}", body.get("model"), f"kit {body.get('kit', '')}")


def _changed(body: Body) -> str:
    return f"{body.get('what', body.get('name', 'setting'))}: {body.get('old')} → {body.get('new')}"


def _message(body: Body) -> str:
    return f"message by {body.get('role', '?')}"


def _result(body: Body) -> str:
    usage: dict[str, Any] = body.get("usage") or {}
    tokens = f"{usage.get('input', 0)} + {usage.get('output', 0)} tokens" if usage else ""
    cost = body.get("cost_uusd")
    price = f"${cost / 1e6:.4f}" if isinstance(cost, int) else "no price known"
    return _join(
        f"{body.get('model', '?')} answered", body.get("finish"), tokens, price, f"{body.get('duration_ms', '?')} ms"
    )


def _decision(body: Body) -> str:
    policies = ", ".join(str(p) for p in body.get("policies") or ())
    return _join(f"{body.get('decision', '?')} by {policies or 'no policy'}", body.get("reason"), body.get("tool"))


def _approval(body: Body) -> str:
    return _join(f"answered {body.get('answer', '?')}", f"by {body.get('channel', '?')}", _short(body.get("digest")))


def _outcome(body: Body) -> str:
    changes, hosts = body.get("changes") or (), body.get("hosts") or ()
    status = body.get("exit_status")
    return _join(
        body.get("tool"),
        body.get("status", "?"),
        "" if status in (0, None) else f"exit {status}",
        f"signal {body['signal']}" if body.get("signal") else "",
        f"{len(changes)} changes" if changes else "",
        f"{len(hosts)} hosts" if hosts else "",
        f"{body.get('wall_ms', 0)} ms",
    )


def _stage(verb: str) -> Callable[[Body], str]:
    def words(body: Body) -> str:
        changes = body.get("changes") or ()
        first = ", ".join(str(c.get("path", "?")) for c in changes[:3])
        more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
        conflicts = body.get("conflicts") or ()
        return _join(
            f"{verb} {len(changes)} changes: {first}{more}", f"{len(conflicts)} conflicts" if conflicts else ""
        )

    return words


def _grant(body: Body) -> str:
    grant: Body = body.get("grant") or body
    resource: dict[str, Any] = grant.get("resource") or {}
    return _join(
        f"granted {grant.get('effect', '?')} on {resource.get('type', '?')} {resource.get('id', '?')}",
        grant.get("tool"),
    )


_WORDS: dict[str, Callable[[Body], str]] = {
    "task.opened": _opened,
    "task.changed": _changed,
    "setting.changed": _changed,
    "message": _message,
    "model.call": lambda body: _join(f"asked {body.get('model', '?')}", f"step {body.get('step', '?')}"),
    "model.result": _result,
    "model.failed": lambda body: _join(f"{body.get('model', '?')} failed", body.get("kind"), body.get("message")),
    "intent": lambda body: _join(
        f"{body.get('tool', '?')} wants to {body.get('effect', '?')}", _short(body.get("digest"))
    ),
    "decision": _decision,
    "approval": _approval,
    "call.edited": lambda body: _join(
        "the person changed the call", f"{_short(body.get('digest'))} → {_short(body.get('new'))}"
    ),
    "outcome": _outcome,
    "stage.apply": _stage("applied"),
    "stage.drop": _stage("dropped"),
    "stage.undo": _stage("took back"),
    "grant.added": _grant,
    "grant.revoked": lambda body: f"revoked grant {body.get('id', '?')}",
    "boundary.added": lambda body: f"boundary: {(body.get('boundary') or body).get('words', '?')}",
    "boundary.removed": lambda body: f"lifted boundary {body.get('id', '?')}",
    "process.stopped": lambda body: f"the person stopped program {body.get('id', '?')}",
    "turn.finished": lambda body: f"turn ended: {body.get('reason', '?')}",
    "failure": lambda body: _join(body.get("what"), body.get("message")),
    "crash.found": lambda body: (
        f"entry {body.get('intent_seq', '?')} may have happened: the program ended before its outcome"
    ),
    "erased": lambda body: f"erased content {_short(body.get('sha256'))}",
    "key.rotated": lambda body: f"signing key rotated to {body.get('new_vkey', '?')}",
}
