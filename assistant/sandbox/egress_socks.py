"""Reads one SOCKS5 request (RFC 1928) with user and password (RFC 1929). Only CONNECT."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable

_NO_METHOD = 0xFF
_USER_PASSWORD = 2
_CONNECT = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4


class SocksRefused(Exception):
    """The client was told, and the connection is to be closed."""


def socks_reply(code: int) -> bytes:
    """0 connected, 2 not allowed, 4 unreachable, 7 command not known, 8 address type not known."""
    return bytes((5, code, 0, 1, 0, 0, 0, 0, 0, 0))


async def read_socks_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, knows: Callable[[str], bool]
) -> tuple[str, int]:
    """(host, port) that the client wants; its first byte was read already. Raises SocksRefused."""
    methods = await reader.readexactly((await reader.readexactly(1))[0])
    if _USER_PASSWORD not in methods:
        await _say(writer, bytes((5, _NO_METHOD)))
    writer.write(bytes((5, _USER_PASSWORD)))
    if (await reader.readexactly(1)) != b"\x01":
        raise SocksRefused
    user = await reader.readexactly((await reader.readexactly(1))[0])
    password = await reader.readexactly((await reader.readexactly(1))[0])
    if not knows(f"{user.decode('utf-8', 'replace')}:{password.decode('utf-8', 'replace')}"):
        await _say(writer, b"\x01\x01")
    writer.write(b"\x01\x00")
    version, command, _, kind = await reader.readexactly(4)
    if version != 5:
        raise SocksRefused
    if kind == _IPV4:
        host = str(ipaddress.IPv4Address(await reader.readexactly(4)))
    elif kind == _IPV6:
        host = str(ipaddress.IPv6Address(await reader.readexactly(16)))
    elif kind == _NAME:
        raw = await reader.readexactly((await reader.readexactly(1))[0])
        host = raw.decode("ascii", "replace").lower()
    else:
        await _say(writer, socks_reply(8))
        raise SocksRefused
    port = int.from_bytes(await reader.readexactly(2), "big")
    if command != _CONNECT:
        await _say(writer, socks_reply(7))
    return host, port


async def _say(writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.write(answer)
    await writer.drain()
    raise SocksRefused
