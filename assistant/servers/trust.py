"""Which servers a person trusts, and what exactly: how each is started and what it offered, by SHA-256.

Kept with the log's public key, outside the configuration: a program that edits `mcp.json` can't trust a server by it.
"""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from assistant.config import Paths
from assistant.errors import UsageError
from assistant.servers.config import ServerConfig, write_private
from assistant.servers.offer import Offer
from assistant.types import Data
from assistant.visible import one_line


class Pin(Data, frozen=True):
    """One server as it was trusted. Times in Unix milliseconds."""

    config_sha256: str
    offer_sha256: str
    offer: Offer
    trusted_ms: int
    seen: Offer | None = None
    """What it offered since, when that was something else: it is off until trusted again."""


class _File(Data, frozen=True):
    version: int = 1
    servers: dict[str, Pin] = {}


class Trust:
    """The pins. Each change is on disk when the call returns."""

    def __init__(self, paths: Paths) -> None:
        self._file = Path(paths.trust) / "servers.json"

    def pins(self) -> dict[str, Pin]:
        """By server. Raises UsageError for a file that can't be read: then no server is used."""
        try:
            raw = self._file.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise UsageError(f"`{self._file}` can't be read: {error}") from error
        try:
            return msgspec.json.decode(raw, type=_File).servers
        except (msgspec.DecodeError, RecursionError) as error:
            raise UsageError(
                f"`{self._file}` is damaged: {one_line(str(error), 200)}",
                hint="move it away and trust your servers again",
            ) from error

    def state(self, config: ServerConfig) -> str:
        """`new`, `changed` (the configuration or the offer is not what was trusted), or `trusted`."""
        pin = self.pins().get(config.name)
        return state_of(config, pin)

    def trust(self, config: ServerConfig, offer: Offer) -> None:
        """Pin what is there now."""
        pin = Pin(config.sha256, offer.sha256, offer, time.time_ns() // 1_000_000)
        self._write({**self.pins(), config.name: pin})

    def saw(self, name: str, offer: Offer) -> None:
        """Remember an offer that is not the pinned one."""
        pins = self.pins()
        if name in pins and pins[name].seen != offer:
            self._write({**pins, name: msgspec.structs.replace(pins[name], seen=offer)})

    def forget(self, name: str) -> None:
        """No longer trusted."""
        self._write({k: v for k, v in self.pins().items() if k != name})

    def _write(self, pins: dict[str, Pin]) -> None:
        write_private(self._file, msgspec.json.encode(_File(servers=pins)).decode())


def state_of(config: ServerConfig, pin: Pin | None) -> str:
    """See Trust.state."""
    if pin is None:
        return "new"
    changed = pin.config_sha256 != config.sha256 or pin.seen is not None or pin.offer.sha256 != pin.offer_sha256
    return "changed" if changed else "trusted"
