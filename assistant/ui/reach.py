"""How far a tool reaches in a task: folders, hosts, accounts. In words for a person; what holds is policy and the room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.gateway.consent import grants_words
from assistant.gateway.servers import ServerState
from assistant.servers.config import ServerConfig
from assistant.types import Effect, Grant, Kind, ToolSpec
from assistant.ui.language import _

_ON_STAGE = (Effect.WRITE, Effect.DELETE, Effect.EXECUTE)


def reach(
    spec: ToolSpec, folder: str, settings: Mapping[str, Any], server: ServerConfig | None = None
) -> list[tuple[str, str]]:
    """(what kind of place, which). `settings` are the person's for this tool; `server` is whose tool it is."""
    if spec.protocol == "server":
        return _of_server(spec, server)
    rows: list[tuple[str, str]] = []
    paths = any(a.kind in (Kind.PATH, Kind.GLOB) for a in spec.args.values())
    commands = any(a.kind is Kind.COMMAND for a in spec.args.values())
    if paths or commands or spec.effect is Effect.EXECUTE:
        staged = f" · {_('changes wait on the stage')}" if spec.effect in _ON_STAGE else ""
        rows.append((_("Folders"), folder + staged))
    hosts = dict.fromkeys([*spec.hosts, *(str(h) for h in settings.get("hosts", ()))])
    anywhere = any(a.kind in (Kind.URL, Kind.HOST) for a in spec.args.values())
    named = [_("any, each asked about") if h == "*" else h for h in hosts]
    if anywhere and "*" not in hosts:
        named.append(_("those that a call names, each judged"))
    if named or spec.effect in (Effect.EXECUTE, Effect.FETCH, Effect.SEND):
        rows.append((_("Hosts"), ", ".join(named) or _("none, unless a call names one and it is allowed")))
    account = _account(settings)
    if account:
        rows.append((_("Account"), account))
    if spec.desktop:
        rows.append((_("Desktop"), _("clipboard, notifications, opening files and addresses")))
    return rows


def grants_of(spec: ToolSpec, grants: Sequence[Grant]) -> str:
    """What the person has allowed this tool for longer, in a few words."""
    held = [g for g in grants if g.tool in ("", spec.name) and (g.tool or g.effect is spec.effect)]
    return grants_words(held, _)


def given(config: ServerConfig) -> list[tuple[str, str]]:
    """What a server may have beyond its own program."""
    grants = config.grants
    task = {"none": "", "read": _("this task's, read-only"), "stage": _("this task's, through the stage")}[
        grants.folder
    ]
    folders = ", ".join([*([task] if task else []), *grants.folders])
    hosts = ", ".join([*([config.url] if config.url else []), *grants.hosts])
    rows = [(_("Folders"), folders or _("none")), (_("Hosts"), hosts or _("none"))]
    if config.url or config.headers or grants.oauth.client_id:
        rows.append((_("Account"), _("its own: what you signed in with, or what its configuration holds")))
    if grants.sampling:
        rows.append((_("Models"), _("it may ask one, each time judged")))
    return rows


def state_words(state: ServerState) -> tuple[str, str]:
    """(words, style) of a server's state: a sign and a word, never colour alone."""
    return {
        "trusted": ("✓ " + _("trusted"), "$success"),
        "new": ("? " + _("new: off until you trust it"), "$warning"),
        "changed": ("! " + _("changed since you trusted it: off"), "$error"),
        "disabled": ("■ " + _("disabled"), "$quiet"),
    }.get(state.state, ("✗ " + state.state, "$error"))


def _of_server(spec: ToolSpec, server: ServerConfig | None) -> list[tuple[str, str]]:
    name = spec.program[0] if spec.program else spec.origin
    return [(_("Server"), name), *(given(server) if server is not None else [])]


def _account(settings: Mapping[str, Any]) -> str:
    words: list[str] = []
    if provider := settings.get("provider"):
        words.append(str(provider))
    if variable := settings.get("key_env"):
        words.append(_("key from ${name}").format(name=variable))
    if account := settings.get("account") or settings.get("user"):
        words.append(str(account))
    return ", ".join(words)
