"""The sentence for each kind of entry.

Each function takes the body and a way to ask for a content by its name, and may fail on a body that no writer of ours has
written: `summary` then lists its fields instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Body: TypeAlias = Mapping[str, Any]
Said: TypeAlias = Callable[[str], str]
"""The text of a content by its name; empty when there is none."""

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


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _ms(value: Any) -> str:
    return "" if not isinstance(value, int) else f"{value} ms" if value < 10_000 else f"{value / 1000:.0f} s"


def _money(value: Any) -> str:
    return f"${value / 1e6:.4f}" if isinstance(value, int) else "no price known"


def _tokens(usage: Any) -> str:
    return f"{usage.get('input', 0)} + {usage.get('output', 0)} tokens" if usage else ""


def _quoted(text: str) -> str:
    return f"“{text}”" if text else ""


def _short(value: Any) -> str:
    return str(value or "")[:12]


# ---------------------------------------------------------------- tasks and settings


def _opened(body: Body, said: Said) -> str:
    folder = body.get("folder") or said("about") or "?"
    why = (
        "to replay a task"
        if body.get("purpose") == "replay"
        else f"as a branch that leaves {body.get('parent', '?')} before entry {body['branched_at']}"
        if body.get("branched_at")
        else "as the helper of a task"
        if body.get("parent")
        else ""
    )
    return join(f"task opened on {folder}", body.get("model"), f"kit {body.get('kit', '?')}", why)


def _setting(body: Body, said: Said) -> str:
    """A setting whose values name people or addresses has them apart."""
    if "new" in body:
        return _changed(body, said)
    return f"{body.get('name', 'setting')}: {said('old') or '?'} → {said('new') or '?'}"


def _changed(body: Body, said: Said) -> str:
    what, old, new = body.get("what", body.get("name", "setting")), body.get("old"), body.get("new")
    match what:
        case "title":
            return f"task called {_quoted(str(new))}" if new else join("task renamed", said("about"))
        case "tools":
            on, off = [t for t in new or () if t not in (old or ())], [t for t in old or () if t not in (new or ())]
            return (
                join(f"tools on: {_some(on)}" if on else "", f"tools off: {_some(off)}" if off else "")
                or "tools: unchanged"
            )
        case "budgets":
            return f"budgets: {_limits(old)} → {_limits(new)}"
        case _:
            return join(f"{what}: {old} → {new}", said("why"))


def _settings(body: Body, said: Said) -> str:
    names = [str(name) for name in body.get("names") or ()]
    return (
        "settings read: the first time" if body.get("first") else f"settings read: other than last time: {_some(names)}"
    )


def _limits(budgets: Body | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in budgets.items()) if budgets else "none"


def _context(body: Body, said: Said) -> str:
    if body.get("parent"):
        return "took over what the folder said of itself from the task that started it"
    names = [str(file.get("path", "?")) for file in body.get("files") or ()]
    refused = body.get("not_allowed") or ()
    return join(
        f"read what the folder says of itself: {_some(names)}", f"{len(refused)} not allowed" if refused else ""
    )


# ---------------------------------------------------------------- conversation and models


def _message(body: Body, said: Said) -> str:
    who = {"user": "the person said", "assistant": "the model said"}.get(
        str(body.get("role")), f"{body.get('role', '?')} said"
    )
    return join(f"{who} {_quoted(said('message'))}".rstrip())


def _delegated(body: Body, said: Said) -> str:
    return f"the task that started this one asked {_quoted(said('message'))}".rstrip()


def _call(body: Body, said: Said) -> str:
    model = body.get("model", "?")
    return (
        f"asked {model} for a summary"
        if body.get("purpose") == "summary"
        else join(f"asked {model}", f"step {body.get('step', '?')}")
    )


def _result(body: Body, said: Said) -> str:
    facts = join(
        body.get("finish"), _tokens(body.get("usage")), _money(body.get("cost_uusd")), _ms(body.get("duration_ms"))
    )
    verb = "summarised" if body.get("purpose") == "summary" else "answered"
    return join(f"{body.get('model', '?')} {verb} {_quoted(said('message'))}".rstrip(), facts)


def _model_failed(body: Body, said: Said) -> str:
    if body.get("kind") == "stopped":
        return join(f"{body.get('model', '?')} was stopped in the middle of an answer", _quoted(said("message")))
    return join(f"{body.get('model', '?')} failed", body.get("kind"), said("reason") or body.get("message"))


def _compacted(body: Body, said: Said) -> str:
    how = "" if body.get("by_model", True) else "without the model's own summary"
    gone, kept = _count(int(body.get("cut", 0)), "earlier message"), body.get("kept", 0)
    return join(f"{gone} replaced by a summary for the model; {kept} stay as they were", how)


def _replayed(body: Body, said: Said) -> str:
    return (
        "the recorded result was given"
        if body.get("recorded")
        else "no result of this call is recorded, and it was not run"
    )


# ---------------------------------------------------------------- calls


def _intent(body: Body, said: Said) -> str:
    kind, _, name = str(body.get("resource", "")).partition(":")
    if kind == "command":
        name = said("action") or name
    what = f"{kind} {name}" if name else ""
    return join(f"{body.get('tool', '?')} wants to {body.get('effect', '?')} {what}".rstrip())


def _decision(body: Body, said: Said) -> str:
    policies = ", ".join(str(p) for p in body.get("policies") or ()) or "no policy"
    reason = said("reason") or body.get("reason")
    match body.get("decision"):
        case "allow":
            return join(f"allowed by {policies}", reason)
        case "ask":
            return join("asks the person", reason, policies)
        case "deny":
            return join("refused", reason, policies)
        case other:
            return join(f"{other} by {policies}", reason)


_ANSWERS = {
    "once": "yes, this once",
    "task": "yes, for this task",
    "always": "yes, always",
    "no": "no",
}
_CHANNELS = {
    "key": "by a key on the screen",
    "terminal": "at the terminal",
    "acp": "in the editor",
    "command": "by the command itself",
    "unattended": "nobody was there to ask",
}


def _approval(body: Body, said: Said) -> str:
    answer, channel = str(body.get("answer", "?")), str(body.get("channel", "?"))
    return join(f"answered {_ANSWERS.get(answer, answer)}", _CHANNELS.get(channel, f"by {channel}"), said("reason"))


def _rejected(body: Body, said: Said) -> str:
    return join(f"call of {body.get('tool', '?')} not accepted", body.get("code"))


def _outcome(body: Body, said: Said) -> str:
    changes, hosts = body.get("changes") or (), body.get("hosts") or ()
    status = body.get("exit_status")
    count = int(body.get("changed", len(changes)))
    names = [str(host.get("host", "?")) for host in hosts]
    return join(
        body.get("tool"),
        body.get("status", "?"),
        "" if status in (0, None) else f"exit {status}",
        f"signal {body['signal']}" if body.get("signal") else "",
        f"changed {_paths(changes, count)}" if changes else "",
        f"reached {_some(list(dict.fromkeys(names)))}" if names else "",
        _ms(body.get("wall_ms")),
    )


def _paths(changes: Sequence[Body], count: int) -> str:
    first = ", ".join(str(change.get("path", "?")) for change in changes[:NAMED])
    return first + (f" and {count - NAMED} more" if count > NAMED else "")


def _stage(verb: str) -> Callable[[Body, Said], str]:
    def words(body: Body, said: Said) -> str:
        changes, conflicts, failed = (body.get(name) or () for name in ("changes", "conflicts", "failed"))
        count = int(body.get("count", len(changes)))
        hunks = ", ".join(str(number) for number in body.get("hunks") or ())
        what = f"hunk {hunks} of" if hunks else f"{_count(count, 'change')}:"
        return join(
            f"{verb} {what} {_paths(changes, count)}" if changes else f"{verb} nothing",
            _count(len(conflicts), "conflict") if conflicts else "",
            f"{len(failed)} not possible" if failed else "",
        )

    return words


def _begun(body: Body, said: Said) -> str:
    task, at = body.get("from", "?"), body.get("at", "?")
    if not body.get("known"):
        return f"the stage begins empty: what task {task} had staged before entry {at} is not known"
    lost, elsewhere = (len(body.get(name) or ()) for name in ("missing", "elsewhere"))
    return join(
        f"the stage begins as task {task} was before entry {at}: {_count(int(body.get('staged', 0)), 'change')}",
        f"{lost} not possible" if lost else "",
        _count(elsewhere, "conflict") if elsewhere else "",
    )


def _edited(body: Body, said: Said) -> str:
    verb = "merged" if body.get("merged") else "edited"
    return join(f"{verb} {body.get('path', '?')} on the stage", f"by {body.get('channel', '?')}")


def _child(body: Body, said: Said) -> str:
    spent: Body = body.get("spent") or {}
    used = join(f"{spent.get('tokens', 0)} tokens", _money(spent.get("cost_uusd", 0))) if spent else ""
    return join(f"the helper's task {body.get('task', '?')} ended: {body.get('reason', '?')}", used)


def _crash(body: Body, said: Said) -> str:
    which = (
        f"the call of {body['tool']}" if body.get("tool") else f"entry {body.get('intent_seq', body.get('call', '?'))}"
    )
    return f"{which} may have happened: the program ended before its outcome was known"


# ---------------------------------------------------------------- servers and memory


def _sampling(body: Body, said: Said) -> str:
    return f"server {body.get('server', '?')} had {body.get('model', '?')} asked a question of its own"


def _sampled(body: Body, said: Said) -> str:
    facts = join(_tokens(body.get("usage")), _money(body.get("cost_uusd")))
    return join(
        f"{body.get('model', '?')} answered server {body.get('server', '?')} {_quoted(said('text'))}".rstrip(), facts
    )


def _elicitation(body: Body, said: Said) -> str:
    answer = {"accept": "filled in", "decline": "declined", "cancel": "cancelled"}.get(str(body.get("answer")), "?")
    what = "to open an address" if body.get("kind") == "url" else "to fill in a form"
    names = ", ".join(map(str, body.get("fields") or ()))
    return join(f"server {body.get('server', '?')} asked the person {what}: {answer}", names, _quoted(said("message")))


def _remembered(body: Body, said: Said) -> str:
    return join(f"remembered fact {body.get('id', '?')} {_quoted(said('text'))}".rstrip(), body.get("source"))


def _rewritten(body: Body, said: Said) -> str:
    return f"the person rewrote fact {body.get('id', '?')} {_quoted(said('text'))}".rstrip()


# ---------------------------------------------------------------- permissions and the log itself


def _grant(body: Body, said: Said) -> str:
    grant: Body = body.get("grant") or {}
    if not grant:
        return join(f"granted {body.get('id', '?')}", said("about"))
    resource: Body = grant.get("resource") or {}
    scope = "in this task" if grant.get("task") else "in every task"
    uses = f"{grant['uses']} times" if grant.get("uses") else ""
    return join(
        f"granted {scope}: {grant.get('effect', '?')} {resource.get('type', '?')} {resource.get('id', '?')}",
        grant.get("tool"),
        uses,
        "until a time" if grant.get("expires_ms") else "",
    )


def _boundary(body: Body, said: Said) -> str:
    boundary: Body = body.get("boundary") or {}
    scope = "this task" if boundary.get("task") else "every task"
    return (
        f"forbidden in {scope}: {boundary['words']}"
        if boundary.get("words")
        else join("a boundary was set", said("about"))
    )


def _erased(body: Body, said: Said) -> str:
    return join(f"erased content {_short(body.get('sha256'))}", body.get("reason"))


def _rotated(body: Body, said: Said) -> str:
    lost = "the old key was lost and did not agree" if body.get("lost") else ""
    return join(f"the log is signed with a new key from here on: {body.get('new_vkey', '?')}", lost)


def _tail(body: Body, said: Said) -> str:
    return f"{_count(int(body.get('count', 0)), 'entry', 'entries')} from {body.get('first_seq', '?')} on, signed by nobody, were taken in by a person"


SENTENCES: dict[str, Callable[[Body, Said], str]] = {
    "task.opened": _opened,
    "task.changed": _changed,
    "setting.changed": _setting,
    "kit.saved": lambda body, said: f"kit {body.get('name', '?')} saved: {_some(body.get('tools') or ())}",
    "kit.deleted": lambda body, said: f"kit {body.get('name', '?')} deleted",
    "server.trusted": lambda body, said: join(
        f"the person trusts server {body.get('server', '?')}", f"offer {_short(body.get('offer'))}"
    ),
    "server.distrusted": lambda body, said: f"the person no longer trusts server {body.get('server', '?')}",
    "settings.read": _settings,
    "context.read": _context,
    "message": _message,
    "delegated": _delegated,
    "model.call": _call,
    "model.result": _result,
    "model.failed": _model_failed,
    "compacted": _compacted,
    "replayed": _replayed,
    "intent": _intent,
    "decision": _decision,
    "approval": _approval,
    "check.planted": lambda body, said: (
        f"a planted check was {'noticed' if body.get('noticed') else 'missed'}: answered {body.get('answer', '?')}"
    ),
    "approval.later": lambda body, said: f"the person agreed afterwards to {_short(body.get('digest'))}",
    "call.rejected": _rejected,
    "call.edited": lambda body, said: (
        f"the person changed the call {_short(body.get('digest'))} → {_short(body.get('new'))}"
    ),
    "process.stopped": lambda body, said: f"the person stopped program {body.get('id', '?')}",
    "outcome": _outcome,
    "stage.apply": _stage("applied"),
    "stage.drop": _stage("dropped"),
    "stage.undo": _stage("took back"),
    "stage.begun": _begun,
    "stage.edit": _edited,
    "child.finished": _child,
    "crash.found": _crash,
    "sampling": _sampling,
    "sampling.result": _sampled,
    "elicitation": _elicitation,
    "memory.added": _remembered,
    "memory.changed": _rewritten,
    "memory.forgotten": lambda body, said: f"forgot fact {body.get('id', '?')}",
    "grant.added": _grant,
    "grant.revoked": lambda body, said: f"took back grant {body.get('id', '?')}",
    "boundary.added": _boundary,
    "boundary.removed": lambda body, said: f"lifted boundary {body.get('id', '?')}",
    "turn.finished": lambda body, said: join(f"turn ended: {body.get('reason', '?')}", _ms(body.get("wall_ms"))),
    "failure": lambda body, said: join(body.get("what"), body.get("message")),
    "erased": _erased,
    "key.rotated": _rotated,
    "tail.accepted": _tail,
}
