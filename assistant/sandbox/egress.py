"""The one way out of a room: a proxy that opens granted hosts and counts what they are used for.

It runs in the assistant's process on a listening socket that was made inside the room's network namespace: the room
reaches it on its own loopback, nothing outside can, and nothing lies on disk. Each call gets a password of its own, so
that a call without hosts can't use the proxy of one that has some. Speaks HTTP/1.1 CONNECT, plain HTTP by absolute
address (RFC 9110, 9112) and SOCKS5 with user and password (RFC 1928, 1929).
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from assistant.errors import UsageError
from assistant.sandbox.addresses import Address, Allowed, HostRefused
from assistant.sandbox.egress_http import BadRequest, Request, read_request, refusal
from assistant.sandbox.egress_socks import SocksRefused, read_socks_request, socks_reply
from assistant.types import HostUse

_FIRST_S = 30.0
"""How long a client may take to say what it wants."""
_CONNECT_S = 20.0
_IDLE_S = 600.0
_CONNECTIONS = 256
_CHUNK = 1 << 16
_USER = "room"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Reached without the proxy: the room's own servers. The host's only where granted."""

Resolver = Callable[[str, int], Awaitable[list[Address]]]


class _Use(msgspec.Struct):
    sent: int = 0
    received: int = 0
    since: float = 0.0
    spent: float = 0.0
    open: int = 0
    refused: str = ""


async def resolve(name: str, port: int) -> list[Address]:
    """Addresses of a name, as the system resolves it, in its order."""
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(str(info[4][0])) for info in found))


class EgressProxy:
    """The proxy of one call. Raises UsageError for a grant that is not a host."""

    def __init__(self, hosts: Iterable[str], resolver: Resolver = resolve) -> None:
        try:
            self._allowed = Allowed(hosts)
        except HostRefused as error:
            raise UsageError(f"a granted host can't be used: {error}", hint="write HOST or HOST:PORT") from error
        self._resolve = resolver
        self._password = secrets.token_urlsafe(18)
        self._uses: dict[tuple[str, int], _Use] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, fd: int) -> None:
        """Serve on a listening socket, which becomes ours."""
        sock = socket.socket(fileno=fd)
        sock.setblocking(False)
        self._server = await asyncio.start_server(self._client, sock=sock, limit=_CHUNK)

    def environment(self, port: int) -> dict[str, str]:
        """Variables by which programs find it. Lower case too: curl reads `http_proxy` only so."""
        at = f"{_USER}:{self._password}@127.0.0.1:{port}"
        direct = ",".join(name for name in _LOOPBACK if not self._allowed.names(name))
        found = {"HTTP_PROXY": f"http://{at}", "HTTPS_PROXY": f"http://{at}", "ALL_PROXY": f"socks5h://{at}"}
        return {
            **found,
            **{name.lower(): value for name, value in found.items()},
            "NO_PROXY": direct,
            "no_proxy": direct,
            "NODE_USE_ENV_PROXY": "1",
        }

    def used(self) -> tuple[HostUse, ...]:
        """What each host was used for so far, in order of first use."""
        now = time.monotonic()
        return tuple(
            HostUse(host, port, use.sent, use.received, int((use.spent + self._open_for(use, now)) * 1000), use.refused)
            for (host, port), use in self._uses.items()
        )

    def close(self) -> None:
        """End every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()

    def _open_for(self, use: _Use, now: float) -> float:
        return now - use.since if use.open else 0.0

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._tasks) >= _CONNECTIONS:
            writer.close()
            return
        self._tasks.add(task)
        try:
            async with asyncio.timeout(_FIRST_S):
                first = await reader.readexactly(1)
            if first == b"\x05":
                await self._socks(reader, writer)
            else:
                await self._http(first, reader, writer)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, BadRequest, SocksRefused, ValueError):
            pass  # the client went away or speaks nothing we know: closing is the answer
        finally:
            self._tasks.discard(task)
            writer.close()

    # ------------------------------------------------------------ HTTP

    async def _http(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_FIRST_S):
            try:
                request = await read_request(first, reader)
            except BadRequest as error:
                writer.write(refusal(400, str(error)))
                await writer.drain()
                return
        if not self._knows(request.password):
            writer.write(refusal(407, "this proxy belongs to one call and needs its password"))
            await writer.drain()
            return
        try:
            far = await self._connect(request.host, request.port)
        except HostRefused as error:
            writer.write(refusal(403, f"{request.host}:{request.port}: {error}"))
            await writer.drain()
            return
        except (OSError, TimeoutError) as error:
            writer.write(refusal(502, f"{request.host}:{request.port}: {error or 'no answer in time'}"))
            await writer.drain()
            return
        if request.tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._carry(request, far, reader, writer)
        else:
            await self._forward(request, far, reader, writer)

    async def _forward(
        self,
        request: Request,
        far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """One plain request: its head, rewritten, then exactly its body. What a client sends after that is dropped.

        A second request on the same connection could name another host, so every connection carries one.
        """
        use = self._uses[request.host, request.port]
        far[1].write(request.head)
        use.sent += len(request.head)
        await self._carry(request, far, reader, writer, body=request.body)

    # ------------------------------------------------------------ SOCKS

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_FIRST_S):
            host, port = await read_socks_request(reader, writer, self._knows)
        request = Request(host, port, True, b"", None, "")
        try:
            far = await self._connect(host, port)
        except HostRefused:
            writer.write(socks_reply(2))
        except (OSError, TimeoutError):
            writer.write(socks_reply(4))
        else:
            writer.write(socks_reply(0))
            await self._carry(request, far, reader, writer)
            return
        await writer.drain()

    # ------------------------------------------------------------ both

    def _knows(self, password: str) -> bool:
        return hmac.compare_digest(password.encode(), f"{_USER}:{self._password}".encode())

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Resolve once, check every address, connect to the one that was checked. Raises HostRefused, OSError."""
        use = self._uses.setdefault((host, port), _Use())
        try:
            name = self._allowed.check_name(host, port)
            addresses = await self._addresses(name, port)
            allowed: list[Address] = []
            reason = HostRefused("has no address")
            for address in addresses:
                try:
                    self._allowed.check_address(name, port, address)
                    allowed.append(address)
                except HostRefused as error:
                    reason = error
            if not allowed:
                raise reason
        except HostRefused as error:
            use.refused = str(error)
            raise
        return await self._first_that_answers(allowed, port)

    async def _addresses(self, name: str, port: int) -> list[Address]:
        try:
            return [ipaddress.ip_address(name)]
        except ValueError:
            pass
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await self._resolve(name, port)
        except socket.gaierror as error:
            raise OSError(f"name not found ({error.strerror})") from error

    async def _first_that_answers(
        self, addresses: list[Address], port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        last: Exception = OSError("no address")
        for address in addresses[:4]:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    return await asyncio.open_connection(str(address), port, limit=_CHUNK)
            except (OSError, TimeoutError) as error:
                last = error
        raise last

    async def _carry(
        self,
        request: Request,
        far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        body: int | None = None,
    ) -> None:
        use = self._uses[request.host, request.port]
        use.since = use.since if use.open else time.monotonic()
        use.open += 1

        def sent(count: int) -> None:
            use.sent += count

        def received(count: int) -> None:
            use.received += count

        try:
            async with asyncio.TaskGroup() as group:
                up = group.create_task(_copy(reader, far[1], sent, body, end=request.tunnel))
                await _copy(far[0], writer, received, None, end=True)
                up.cancel()
        except* (OSError, TimeoutError):
            pass  # either side went away
        finally:
            use.open -= 1
            if not use.open:
                use.spent += time.monotonic() - use.since
            far[1].close()


async def _copy(
    source: asyncio.StreamReader,
    target: asyncio.StreamWriter,
    count: Callable[[int], None],
    limit: int | None,
    *,
    end: bool,
) -> None:
    """Carry bytes until the end, or until `limit` of them. `end`: pass the end on, so that half-closed streams work."""
    left = limit
    while left is None or left > 0:
        async with asyncio.timeout(_IDLE_S):
            data = await source.read(_CHUNK if left is None else min(_CHUNK, left))
        if not data:
            break
        count(len(data))
        target.write(data)
        async with asyncio.timeout(_IDLE_S):
            await target.drain()
        left = None if left is None else left - len(data)
    if end and target.can_write_eof():
        target.write_eof()
