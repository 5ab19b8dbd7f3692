"""The sentence for each kind of entry.

Each function takes the body and a way to ask for a content by its name, and may fail on a body that no writer of ours has
written: `summary` then lists its fields instead. Texts are whole phrases with named places, so that they can be translated;
values from an entry are only ever put into such places, never looked up or taken for a text with places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from assistant.audit.phrases import (
    NAMED,
    Body,
    answer,
    channel,
    effect,
    join,
    money,
    more,
    ms,
    quoted,
    resource,
    short,
    some,
    status,
    tokens,
    told,
)
from assistant.audit.tongue import N_, _, ngettext

Said: TypeAlias = Callable[[str], str]
"""The text of a content by its name; empty when there is none."""

# ---------------------------------------------------------------- tasks and settings


def _opened(body: Body, said: Said) -> str:
    folder = body.get("folder") or said("about") or "?"
    why = (
        _("to replay a task")
        if body.get("purpose") == "replay"
        else told(N_("as a branch that leaves {parent} before entry {branched_at}"), body, "parent", "branched_at")
        if body.get("branched_at")
        else _("as the helper of a task")
        if body.get("parent")
        else ""
    )
    opened = _("task opened on {folder}").format(folder=folder)
    return join(opened, body.get("model"), told(N_("kit {kit}"), body, "kit"), why)


def _setting(body: Body, said: Said) -> str:
    """A setting whose values name people or addresses has them apart."""
    if "new" in body:
        return _changed(body, said)
    return f"{body.get('name', 'setting')}: {said('old') or '?'} → {said('new') or '?'}"


def _changed(body: Body, said: Said) -> str:
    what, old, new = body.get("what", body.get("name", "setting")), body.get("old"), body.get("new")
    match what:
        case "title":
            if not new:
                return join(_("task renamed"), said("about"))
            return _("task called {title}").format(title=quoted(str(new)))
        case "tools":
            on, off = [t for t in new or () if t not in (old or ())], [t for t in old or () if t not in (new or ())]
            return join(
                _("tools on: {names}").format(names=some(on)) if on else "",
                _("tools off: {names}").format(names=some(off)) if off else "",
            ) or _("tools: unchanged")
        case "budgets":
            return _("budgets: {old} → {new}").format(old=_limits(old), new=_limits(new))
        case _:
            return join(f"{what}: {old} → {new}", said("why"))


def _settings(body: Body, said: Said) -> str:
    names = [str(name) for name in body.get("names") or ()]
    return (
        _("settings read: the first time")
        if body.get("first")
        else _("settings read: other than last time: {names}").format(names=some(names))
    )


def _limits(budgets: Body | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in budgets.items()) if budgets else _("none")


def _context(body: Body, said: Said) -> str:
    if body.get("parent"):
        return _("took over what the folder said of itself from the task that started it")
    names = [str(file.get("path", "?")) for file in body.get("files") or ()]
    refused = body.get("not_allowed") or ()
    return join(
        _("read what the folder says of itself: {names}").format(names=some(names)),
        _("{n} not allowed").format(n=len(refused)) if refused else "",
    )


# ---------------------------------------------------------------- conversation and models


def _message(body: Body, said: Said) -> str:
    words = quoted(said("message"))
    match body.get("role"):
        case "user":
            return _("the person said {words}").format(words=words).rstrip()
        case "assistant":
            return _("the model said {words}").format(words=words).rstrip()
        case _other:
            return told(N_("{role} said {words}"), body, "role", words=words).rstrip()


def _delegated(body: Body, said: Said) -> str:
    return _("the task that started this one asked {words}").format(words=quoted(said("message"))).rstrip()


def _call(body: Body, said: Said) -> str:
    if body.get("purpose") == "summary":
        return told(N_("asked {model} for a summary"), body, "model")
    return join(told(N_("asked {model}"), body, "model"), told(N_("step {step}"), body, "step"))


def _result(body: Body, said: Said) -> str:
    facts = join(
        body.get("finish"), tokens(body.get("usage")), money(body.get("cost_uusd")), ms(body.get("duration_ms"))
    )
    text = N_("{model} summarised {words}") if body.get("purpose") == "summary" else N_("{model} answered {words}")
    return join(told(text, body, "model", words=quoted(said("message"))).rstrip(), facts)


def _model_failed(body: Body, said: Said) -> str:
    if body.get("kind") == "stopped":
        stopped = told(N_("{model} was stopped in the middle of an answer"), body, "model")
        return join(stopped, quoted(said("message")))
    failed = told(N_("{model} failed"), body, "model")
    return join(failed, body.get("kind"), said("reason") or body.get("message"))


def _compacted(body: Body, said: Said) -> str:
    how = "" if body.get("by_model", True) else _("without the model's own summary")
    gone = ngettext("{n} earlier message", "{n} earlier messages", int(body.get("cut", 0)))
    text = _("{gone} replaced by a summary for the model; {kept} stay as they were")
    return join(text.format(gone=gone, kept=body.get("kept", 0)), how)


def _replayed(body: Body, said: Said) -> str:
    return (
        _("the recorded result was given")
        if body.get("recorded")
        else _("no result of this call is recorded, and it was not run")
    )


# ---------------------------------------------------------------- calls


def _intent(body: Body, said: Said) -> str:
    kind, _, name = str(body.get("resource", "")).partition(":")
    if kind == "command":
        name = said("action") or name
    what = f"{resource(kind)} {name}" if name else ""
    return told(N_("{tool} wants to {effect} {what}"), body, "tool", effect=effect(body), what=what).rstrip()


def _decision(body: Body, said: Said) -> str:
    policies = ", ".join(str(p) for p in body.get("policies") or ()) or _("no policy")
    reason = said("reason") or body.get("reason")
    match body.get("decision"):
        case "allow":
            return join(_("allowed by {policies}").format(policies=policies), reason)
        case "ask":
            return join(_("asks the person"), reason, policies)
        case "deny":
            return join(_("refused"), reason, policies)
        case other:
            return join(_("{decision} by {policies}").format(decision=other, policies=policies), reason)


def _approval(body: Body, said: Said) -> str:
    answered = _("answered {answer}").format(answer=answer(body.get("answer", "?")))
    return join(answered, channel(body.get("channel", "?")), said("reason"))


def _rejected(body: Body, said: Said) -> str:
    return join(told(N_("call of {tool} not accepted"), body, "tool"), body.get("code"))


def _outcome(body: Body, said: Said) -> str:
    changes, hosts = body.get("changes") or (), body.get("hosts") or ()
    code = body.get("exit_status")
    count = int(body.get("changed", len(changes)))
    names = [str(host.get("host", "?")) for host in hosts]
    return join(
        body.get("tool"),
        status(body.get("status", "?")),
        "" if code in (0, None) else _("exit {status}").format(status=code),
        told(N_("signal {signal}"), body, "signal") if body.get("signal") else "",
        _("changed {paths}").format(paths=_paths(changes, count)) if changes else "",
        _("reached {hosts}").format(hosts=some(list(dict.fromkeys(names)))) if names else "",
        ms(body.get("wall_ms")),
    )


def _paths(changes: Sequence[Body], count: int) -> str:
    return more(", ".join(str(change.get("path", "?")) for change in changes[:NAMED]), count)


def _stage(some: str, hunks_of: str, none: str) -> Callable[[Body, Said], str]:
    def words(body: Body, said: Said) -> str:
        changes, conflicts, failed = (body.get(name) or () for name in ("changes", "conflicts", "failed"))
        count = int(body.get("count", len(changes)))
        hunks = ", ".join(str(number) for number in body.get("hunks") or ())
        what = ngettext("{n} change", "{n} changes", count)
        text = _(hunks_of if hunks else some).format(changes=what, hunks=hunks, paths=_paths(changes, count))
        return join(
            text if changes else _(none),
            _conflicts(len(conflicts)),
            _("{n} not possible").format(n=len(failed)) if failed else "",
        )

    return words


def _begun(body: Body, said: Said) -> str:
    task, at = body.get("from", "?"), body.get("at", "?")
    if not body.get("known"):
        text = _("the stage begins empty: what task {task} had staged before entry {at} is not known")
        return text.format(task=task, at=at)
    lost, elsewhere = (len(body.get(name) or ()) for name in ("missing", "elsewhere"))
    return join(
        _("the stage begins as task {task} was before entry {at}: {changes}").format(
            task=task, at=at, changes=ngettext("{n} change", "{n} changes", int(body.get("staged", 0)))
        ),
        _("{n} not possible").format(n=lost) if lost else "",
        _conflicts(elsewhere),
    )


def _conflicts(count: int) -> str:
    return ngettext("{n} conflict", "{n} conflicts", count) if count else ""


def _edited(body: Body, said: Said) -> str:
    text = N_("merged {path} on the stage") if body.get("merged") else N_("edited {path} on the stage")
    return join(told(text, body, "path"), _("by {channel}").format(channel=body.get("channel", "?")))


def _child(body: Body, said: Said) -> str:
    spent: Body = body.get("spent") or {}
    tokens = _("{n} tokens").format(n=spent.get("tokens", 0))
    used = join(tokens, money(spent.get("cost_uusd", 0))) if spent else ""
    reason = status(body.get("reason", "?"))
    return join(told(N_("the helper's task {task} ended: {reason}"), body, "task", reason=reason), used)


def _crash(body: Body, said: Said) -> str:
    which = (
        told(N_("the call of {tool}"), body, "tool")
        if body.get("tool")
        else _("entry {seq}").format(seq=body.get("intent_seq", body.get("call", "?")))
    )
    return _("{which} may have happened: the program ended before its outcome was known").format(which=which)


# ---------------------------------------------------------------- servers and memory


def _sampling(body: Body, said: Said) -> str:
    return told(N_("server {server} had {model} asked a question of its own"), body, "server", "model")


def _sampled(body: Body, said: Said) -> str:
    facts = join(tokens(body.get("usage")), money(body.get("cost_uusd")))
    text = N_("{model} answered server {server} {words}")
    return join(told(text, body, "model", "server", words=quoted(said("text"))).rstrip(), facts)


def _elicitation(body: Body, said: Said) -> str:
    answers = {"accept": _("filled in"), "decline": _("declined"), "cancel": _("cancelled")}
    text = (
        N_("server {server} asked the person to open an address: {answer}")
        if body.get("kind") == "url"
        else N_("server {server} asked the person to fill in a form: {answer}")
    )
    names = ", ".join(map(str, body.get("fields") or ()))
    asked = told(text, body, "server", answer=answers.get(str(body.get("answer")), "?"))
    return join(asked, names, quoted(said("message")))


def _remembered(body: Body, said: Said) -> str:
    text = told(N_("remembered fact {id} {words}"), body, "id", words=quoted(said("text")))
    return join(text.rstrip(), body.get("source"))


def _rewritten(body: Body, said: Said) -> str:
    return told(N_("the person rewrote fact {id} {words}"), body, "id", words=quoted(said("text"))).rstrip()


# ---------------------------------------------------------------- permissions and the log itself


def _grant(body: Body, said: Said) -> str:
    grant: Body = body.get("grant") or {}
    if not grant:
        return join(told(N_("granted {id}"), body, "id"), said("about"))
    resource: Body = grant.get("resource") or {}
    scope = (
        N_("granted in this task: {effect} {type} {id}")
        if grant.get("task")
        else N_("granted in every task: {effect} {type} {id}")
    )
    uses = told(N_("{uses} times"), grant, "uses") if grant.get("uses") else ""
    return join(
        told(scope, resource, "type", "id", effect=effect(grant)),
        grant.get("tool"),
        uses,
        _("until a time") if grant.get("expires_ms") else "",
    )


def _boundary(body: Body, said: Said) -> str:
    boundary: Body = body.get("boundary") or {}
    if not boundary.get("words"):
        return join(_("a boundary was set"), said("about"))
    text = N_("forbidden in this task: {words}") if boundary.get("task") else N_("forbidden in every task: {words}")
    return told(text, boundary, "words")


def _erased(body: Body, said: Said) -> str:
    return join(_("erased content {sha256}").format(sha256=short(body.get("sha256"))), body.get("reason"))


def _rotated(body: Body, said: Said) -> str:
    lost = _("the old key was lost and did not agree") if body.get("lost") else ""
    return join(told(N_("the log is signed with a new key from here on: {new_vkey}"), body, "new_vkey"), lost)


def _tail(body: Body, said: Said) -> str:
    entries = ngettext("{n} entry", "{n} entries", int(body.get("count", 0)))
    text = N_("{entries} from {first_seq} on, signed by nobody, were taken in by a person")
    return told(text, body, "first_seq", entries=entries)


def _planted(body: Body, said: Said) -> str:
    text = (
        N_("a planted check was noticed: answered {answer}")
        if body.get("noticed")
        else N_("a planted check was missed: answered {answer}")
    )
    return told(text, body, answer=answer(body.get("answer", "?")))


def _kit(body: Body, said: Said) -> str:
    return told(N_("kit {name} saved: {tools}"), body, "name", tools=some(body.get("tools") or ()))


def _trusted(body: Body, said: Said) -> str:
    offer = _("offer {offer}").format(offer=short(body.get("offer")))
    return join(told(N_("the person trusts server {server}"), body, "server"), offer)


def _later(body: Body, said: Said) -> str:
    return _("the person agreed afterwards to {digest}").format(digest=short(body.get("digest")))


def _call_edited(body: Body, said: Said) -> str:
    text = _("the person changed the call {old} → {new}")
    return text.format(old=short(body.get("digest")), new=short(body.get("new")))


def _ended(body: Body, said: Said) -> str:
    return join(told(N_("turn ended: {reason}"), body, reason=status(body.get("reason", "?"))), ms(body.get("wall_ms")))


def _plain(text: str, *names: str) -> Callable[[Body, Said], str]:
    """The sentence of a kind that says nothing but some of its fields."""
    return lambda body, said: told(text, body, *names)


SENTENCES: dict[str, Callable[[Body, Said], str]] = {
    "task.opened": _opened,
    "task.changed": _changed,
    "setting.changed": _setting,
    "kit.saved": _kit,
    "kit.deleted": _plain(N_("kit {name} deleted"), "name"),
    "server.trusted": _trusted,
    "server.distrusted": _plain(N_("the person no longer trusts server {server}"), "server"),
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
    "check.planted": _planted,
    "approval.later": _later,
    "call.rejected": _rejected,
    "call.edited": _call_edited,
    "process.stopped": _plain(N_("the person stopped program {id}"), "id"),
    "outcome": _outcome,
    "stage.apply": _stage(
        N_("applied {changes}: {paths}"), N_("applied hunk {hunks} of {paths}"), N_("applied nothing")
    ),
    "stage.drop": _stage(
        N_("dropped {changes}: {paths}"), N_("dropped hunk {hunks} of {paths}"), N_("dropped nothing")
    ),
    "stage.undo": _stage(
        N_("took back {changes}: {paths}"), N_("took back hunk {hunks} of {paths}"), N_("took back nothing")
    ),
    "stage.begun": _begun,
    "stage.edit": _edited,
    "child.finished": _child,
    "crash.found": _crash,
    "sampling": _sampling,
    "sampling.result": _sampled,
    "elicitation": _elicitation,
    "memory.added": _remembered,
    "memory.changed": _rewritten,
    "memory.forgotten": _plain(N_("forgot fact {id}"), "id"),
    "grant.added": _grant,
    "grant.revoked": _plain(N_("took back grant {id}"), "id"),
    "boundary.added": _boundary,
    "boundary.removed": _plain(N_("lifted boundary {id}"), "id"),
    "turn.finished": _ended,
    "failure": lambda body, said: join(body.get("what"), body.get("message")),
    "erased": _erased,
    "key.rotated": _rotated,
    "tail.accepted": _tail,
    "unreadable": _plain(N_("this entry can't be read: see `assistant log verify`")),
}
