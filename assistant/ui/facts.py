"""What was found out about an action, in words: one line each. Knows no Textual.

The facts are those of `gateway/README.md`. One that nothing here knows is shown as it stands: a fact is part of what the
person agrees to, so none is left out but those that say "nothing special".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import msgspec

from assistant.types import JSON, Action, Effect, Role, as_list
from assistant.ui.language import _, ngettext

Line: TypeAlias = tuple[str, str]
"""Words and their style. Foreign values in the words are not made visible yet."""

QUIET = "$quiet"
WARNS = "$warning"


def in_words(action: Action) -> list[Line]:
    """Every fact that says something, what matters most first; then those that nothing here knows."""
    told: list[Line] = []
    for name, words in _KNOWN.items():
        if name in action.facts:
            told += words(action.facts[name], action)
    told.sort(key=lambda line: line[1] != WARNS)
    return told + [(f"{name}: {_json(value)}", QUIET) for name, value in action.facts.items() if name not in _KNOWN]


def effect_word(effect: Effect) -> str:
    """What a call does to the world, in a word or two."""
    return {
        Effect.READ: _("reads"),
        Effect.WRITE: _("creates or changes"),
        Effect.DELETE: _("deletes"),
        Effect.EXECUTE: _("runs a program"),
        Effect.FETCH: _("fetches from the network"),
        Effect.SEND: _("sends"),
        Effect.ACT: _("acts outside the task"),
        Effect.CONSULT: _("asks a model"),
        Effect.DELEGATE: _("starts a helper"),
        Effect.APPLY: _("applies changes"),
    }[effect]


def resource_word(kind: str) -> str:
    """What an action is about."""
    words = {
        "file": _("file"),
        "folder": _("folder"),
        "command": _("command"),
        "host": _("host"),
        "model": _("model"),
        "service": _("service"),
        "account": _("account"),
        "stage": _("stage"),
        "task": _("task"),
    }
    return words.get(kind, kind)


def role_word(role: Role) -> str:
    """What an argument means."""
    return {
        Role.TARGET: _("acted on"),
        Role.DEST: _("where it goes"),
        Role.PAYLOAD: _("content"),
        Role.PARAM: _("option"),
        Role.SECRET: _("secret"),
    }[role]


# ---------------------------------------------------------------- one fact each


def _outside(value: JSON, action: Action) -> Iterator[Line]:
    if value is False:
        return
    if action.facts.get("system") is True:
        yield _("outside this task's folder, among the system's own read-only files"), QUIET
    elif action.effect is Effect.READ:
        yield _("reads outside this task's folder"), WARNS
    else:
        yield _("leads outside this task's folder"), WARNS


def _bulk(value: JSON, _action: Action) -> Iterator[Line]:
    if value is not False:
        yield _("several things at once, or all that fit a pattern"), QUIET


def _count(value: JSON, action: Action) -> Iterator[Line]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield f"count: {_json(value)}", QUIET
    elif value > 1 and action.tool != "move_files":  # its two are from where and to where
        yield ngettext("{n} named target", "{n} named targets", value).format(n=value), QUIET


def _staged(value: JSON, action: Action) -> Iterator[Line]:
    if value is not True and action.effect in (Effect.WRITE, Effect.DELETE):
        yield _("not on the stage: it would take effect at once"), WARNS


def _commands(value: JSON, _action: Action) -> Iterator[Line]:
    programs = [str(as_list(argv)[0]) for argv in as_list(value) if as_list(argv)]
    if len(programs) > 1:
        told = ngettext("{n} command", "{n} commands", len(programs)).format(n=len(programs))
        yield f"{told}: {', '.join(programs)}", QUIET


def _understood(value: JSON, _action: Action) -> Iterator[Line]:
    if value is not True:
        yield _("not all of this command line is understood, so it may do more than it seems to"), WARNS


def _hosts(value: JSON, action: Action) -> Iterator[Line]:
    hosts = ", ".join(str(host) for host in as_list(value))
    if not hosts:
        return
    if action.effect is Effect.EXECUTE:
        yield _("the program may reach, and send to: {hosts}").format(hosts=hosts), WARNS
    elif action.effect is Effect.FETCH:
        yield _("asks over the network: {hosts}").format(hosts=hosts), QUIET
    else:
        yield _("reaches over the network: {hosts}").format(hosts=hosts), WARNS


def _held(value: JSON, _action: Action) -> Iterator[Line]:
    if value is not False:
        yield _("among it is something that would run code later on this computer"), WARNS


def _deletes(value: JSON, _action: Action) -> Iterator[Line]:
    if value is not False:
        yield _("some files are deleted or renamed"), WARNS


def _local(value: JSON, _action: Action) -> Iterator[Line]:
    if value is True:
        yield _("the model runs on this computer: nothing leaves it"), QUIET
    else:
        yield _("the model runs elsewhere: the conversation leaves this computer"), WARNS


def _provider(value: JSON, action: Action) -> Iterator[Line]:
    if action.facts.get("local") is not True:
        yield _("it goes to: {name}").format(name=value), QUIET


def _confidentiality(value: JSON, _action: Action) -> Iterator[Line]:
    words = {
        "public": (_("nothing private is in the conversation"), QUIET),
        "private": (_("private data is in the conversation"), QUIET),
        "secret": (_("something secret is in the conversation"), WARNS),
    }
    yield words.get(str(value), (f"confidentiality: {_json(value)}", WARNS))


def _integrity(value: JSON, _action: Action) -> Iterator[Line]:
    if value != "trusted":
        yield _("text that somebody else wrote is in the conversation"), QUIET


def _kind(value: JSON, _action: Action) -> Iterator[Line]:
    words = {
        "pay": _("it pays, or moves money"),
        "book": _("it books, or reserves"),
        "admin": _("it changes an account or a setting"),
    }
    yield words.get(str(value), f"kind: {_json(value)}"), WARNS


def _nothing(_value: JSON, _action: Action) -> Iterator[Line]:
    return iter(())


_KNOWN: Mapping[str, Callable[[JSON, Action], Iterator[Line]]] = {
    "outside": _outside,
    "system": _nothing,  # said with `outside`, and nothing without it
    "staged": _staged,
    "held": _held,
    "deletes": _deletes,
    "understood": _understood,
    "commands": _commands,
    "hosts": _hosts,
    "kind": _kind,
    "local": _local,
    "provider": _provider,
    "confidentiality": _confidentiality,
    "integrity": _integrity,
    "bulk": _bulk,
    "count": _count,
}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode("utf-8", "replace")
