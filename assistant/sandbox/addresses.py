"""Which hosts a call may reach, and which addresses no name may lead to.

A grant names a host, or a host and a port. A granted name opens what it resolves to, but never an address inside this
machine or network: a name that anybody can register must not become a way to the router, the cloud's metadata service
or a database on loopback. Only a grant of exactly that loopback or private host opens it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORTS = (80, 443)
"""What a grant without a port opens."""
_NAME = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
        "::/96", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
        "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
"""IANA special-purpose registries of IPv4 and IPv6 (2025-10), multicast, and Azure's metadata address."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_6TO4 = ipaddress.ip_network("2002::/16")


class HostRefused(Exception):
    """Why a connection is not made, in words for the log."""


def is_public(address: Address) -> bool:
    """Whether an address is of the open internet, also where it wraps another one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or _wrapped(address)
        if inner is not None:
            return is_public(inner)
        if address.scope_id:
            return False
    return not any(address.version == net.version and address in net for net in _NOT_PUBLIC)


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _6TO4:
        return ipaddress.IPv4Address((int(address) >> 80) & 0xFFFFFFFF)
    return None


def canonical_host(text: str) -> str:
    """A name in lower case without a final dot, or an address in its one usual form. Raises HostRefused for anything else.

    `0x7f.1`, `2130706433`, `127.1` and the like are no names and no usual addresses: C libraries read them as addresses.
    """
    host = text.strip().lower()
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    host = host.removesuffix(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            raise HostRefused("not a host name") from None
    if not _NAME.fullmatch(host):
        raise HostRefused("not a host name")
    last = host.rsplit(".", 1)[-1]
    if last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):
        raise HostRefused("an address in disguise")
    return host


def split_host(text: str) -> tuple[str, int | None]:
    """`host`, `host:port`, `[v6]:port` or a bare v6 address apart. Raises HostRefused."""
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?", text.strip())
    if match is None:
        return canonical_host(text), None
    port = int(match[2]) if match[2] else None
    if port is not None and not 0 < port < 65536:
        raise HostRefused("not a port")
    return canonical_host(match[1]), port


class Allowed:
    """The hosts of one call."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._any_port: set[str] = set()
        self._exact: set[tuple[str, int]] = set()
        for text in hosts:
            host, port = split_host(text)
            if port is None:
                self._any_port.add(host)
            else:
                self._exact.add((host, port))

    def names(self, host: str) -> bool:
        """Whether a grant is about this host."""
        return host in self._any_port or any(host == name for name, _ in self._exact)

    def check_name(self, host: str, port: int) -> str:
        """The host's canonical name when it may be asked for. Raises HostRefused."""
        name = canonical_host(host)
        if (name, port) in self._exact or (name in self._any_port and port in _PORTS):
            return name
        if name in self._any_port:
            raise HostRefused(f"port {port} was not granted")
        raise HostRefused("not granted")

    def check_address(self, name: str, port: int, address: Address) -> None:
        """Whether this one address may be connected to for `name`. Raises HostRefused."""
        if is_public(address):
            return
        if name == str(address) or (name == "localhost" and address.is_loopback):
            return  # this very host was granted, as written
        raise HostRefused("leads to an address inside this machine or network")
