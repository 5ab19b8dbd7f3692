"""What a person has arranged for every task: settings, kits, trusted servers. Each change is in the log before it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.agent.kits import Kit, own_kit, remove_kit, write_kit
from assistant.config import change_setting
from assistant.errors import UsageError
from assistant.gateway.roles import correct
from assistant.gateway.servers import ServerState
from assistant.servers.config import FILE
from assistant.types import JSON, Role
from assistant.visible import one_line

if TYPE_CHECKING:
    from assistant.agent.parts import Parts
    from assistant.config import Settings
    from assistant.gateway.approver import Elicitor
    from assistant.servers.offer import Offer

_PERSONAL = ("me", "tools", "model.api_base")
"""Settings whose values may name people, accounts or addresses: the log keeps them apart, so that they can be erased."""


class Arrangements:
    """For the screens and commands where a person changes them. Built by the Desk."""

    def __init__(self, parts: Parts, environ: Mapping[str, str] | None = None) -> None:
        self._parts = parts
        self._environ = environ
        self._settings = parts.settings
        self.changed: list[Callable[[Settings], None]] = []
        """Called with the new settings after each change."""

    # ------------------------------------------------------------ settings

    @property
    def settings(self) -> Settings:
        """As they stand now. What is already running keeps what it began with."""
        return self._settings

    async def change_setting(self, name: str, value: Any) -> Settings:
        """Set one in the person's file, or with None take it out again. Raises UsageError when it does not fit, LogError."""
        change = await asyncio.to_thread(change_setting, self._parts.paths, name, value, self._environ)
        old, new = change.old, change.new
        body: dict[str, JSON] = {"name": name}
        if name in _PERSONAL or not isinstance(new, (str, int, type(None))):
            blobs = {"old": msgspec.json.encode(old), "new": msgspec.json.encode(new)}
        else:
            body |= {"old": old, "new": new}
            blobs = None
        await self._parts.log.write("setting.changed", "", body, blobs=blobs)
        await asyncio.to_thread(change.write)
        self._settings = change.settings
        for tell in self.changed:
            tell(change.settings)
        return change.settings

    # ------------------------------------------------------------ kits

    @property
    def kits(self) -> Mapping[str, Kit]:
        """By name, the person's own among them."""
        return self._parts.kits

    def is_own(self, name: str) -> bool:
        """Whether the person made this kit."""
        return own_kit(self._kits_folder, name).is_file()

    async def save_kit(self, name: str, tools: Sequence[str], title: str = "") -> Kit:
        """Keep these tools as a kit of the person's own. Raises UsageError for a name that can't be used, LogError."""
        if name in self._parts.kits and not self.is_own(name):
            raise UsageError(f"`{name}` is a kit that came with the program", hint="choose another name")
        kit = Kit(name, {"en": one_line(title, 60) or name}, tuple(tools))
        own_kit(self._kits_folder, name)
        await self._parts.log.write("kit.saved", "", {"name": name, "tools": list(kit.tools)})
        await asyncio.to_thread(write_kit, self._kits_folder, kit)
        self._parts.kits[name] = kit
        return kit

    async def delete_kit(self, name: str) -> None:
        """Forget a kit of the person's own. Tasks that began with it go on. Raises UsageError for any other, LogError."""
        if not self.is_own(name):
            raise UsageError(f"`{one_line(name, 60)}` is no kit of your own", hint="only those can be deleted")
        await self._parts.log.write("kit.deleted", "", {"name": name})
        await asyncio.to_thread(remove_kit, self._kits_folder, name)
        self._parts.kits.pop(name, None)

    @property
    def _kits_folder(self) -> Path:
        return Path(self._parts.paths.config) / "kits"

    # ------------------------------------------------------------ servers

    def servers(self) -> list[ServerState]:
        """Every configured MCP server and whether it is what the person trusted. Raises UsageError."""
        return self._parts.servers.states()

    async def offer_of(self, name: str, elicitor: Elicitor) -> Offer:
        """Start a server apart from any task and ask what it offers; nothing of it is on by that.

        Raises UsageError, ToolError, SandboxUnavailable.
        """
        from assistant.gateway.checking import offered

        offer, _took_s = await offered(self._parts.servers, self._state(name).config, self._parts.launcher(), elicitor)
        return offer

    async def trust_server(self, name: str, offer: Offer, roles: Sequence[tuple[str, str, Role]] = ()) -> None:
        """Pin exactly this offer: its tools can be turned on. `roles` (tool, argument, role) is what the person says of
        arguments; it is written into the server's entry. Raises UsageError, LogError."""
        servers = self._parts.servers
        config = self._state(name).config
        if roles:
            file = Path(self._parts.paths.config) / FILE
            config = await asyncio.to_thread(correct, servers, file, name, offer, list(roles))
        body: dict[str, JSON] = {"server": name, "offer": offer.sha256, "config": config.sha256}
        await self._parts.log.write("server.trusted", "", body)
        await asyncio.to_thread(servers.trust.trust, config, offer)
        self._parts.servers.load()

    async def distrust_server(self, name: str) -> None:
        """Take the trust back: its tools are gone, in every task, at once. Raises UsageError, LogError."""
        self._state(name)
        await self._parts.log.write("server.distrusted", "", {"server": name})
        await asyncio.to_thread(self._parts.servers.trust.forget, name)
        self._parts.servers.load()

    def _state(self, name: str) -> ServerState:
        found = next((s for s in self.servers() if s.config.name == name), None)
        if found is None:
            raise UsageError(f"there is no server `{one_line(name, 60)}`", hint="see `assistant servers list`")
        return found
