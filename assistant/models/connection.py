"""Where a model is asked and with which credentials: all that a worker process is given."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from assistant.errors import UsageError
from assistant.types import Data


class Connection(Data, frozen=True):
    """One way to one provider. Two models with equal connections share a worker process.

    Never logged and never shown: its representation leaves the secrets out.
    """

    provider: str
    api_key: str = ""
    api_base: str = ""
    """Empty: the provider's own address."""
    hosts: tuple[str, ...] = ()
    """`host:port` that the egress proxy lets this worker reach. Nothing else."""
    extra: Mapping[str, str] = {}
    """What single providers want besides (Azure's `api_version`, AWS keys and region)."""
    model_file: str = ""
    """For the embedded engine: the one file that its worker may read."""

    def __repr__(self) -> str:
        return f"Connection({self.provider!r}, api_base={self.api_base!r}, hosts={self.hosts!r}, secrets left out)"

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for connections that may share a process."""
        return (
            self.provider,
            self.api_key,
            self.api_base,
            self.hosts,
            tuple(sorted(self.extra.items())),
            self.model_file,
        )


def host_of(address: str) -> str:
    """`host:port` of a web address. Raises UsageError when it is none, or is neither https nor http."""
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    except (ValueError, KeyError):
        parts, port = None, 0
    if parts is None or not parts.hostname or parts.username or parts.password:
        raise UsageError(
            f"`{address}` is not an address of a model server",
            hint="give it like https://llm.example.org/v1 (a key belongs in `assistant models keys`, not in the address)",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether a `host:port` is this machine, judged by its spelling alone (nothing is resolved)."""
    name = host.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def numbered(address: str) -> str:
    """`address` with `localhost` as 127.0.0.1: inside a room the name means the room itself, and is not sent to the proxy."""
    scheme, slashes, rest = address.partition("://")
    name, port, tail = rest.partition(":")
    if name == "localhost":
        return f"{scheme}{slashes}127.0.0.1{port}{tail}"
    return address.replace("://localhost/", "://127.0.0.1/", 1)
