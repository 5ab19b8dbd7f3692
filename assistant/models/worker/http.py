"""HTTP/1.1 for the worker: one request out, bytes of the answer in as they come.

h11 over asyncio streams rather than httpx: importing httpx with what it needs costs 75 ms of processor time and 11 MB
more, in a process that stands between a person's Enter and the first byte that leaves. h11 is the state machine that
httpx itself runs on. Kept: proxies from the environment, reuse of idle connections, TLS by the system's certificates.
Left out since no provider needs it: HTTP/2, redirects (a redirect of a request with a key in it is an error), cookies.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import h11

from assistant.errors import ModelError
from assistant.models.worker.compressed import plain
from assistant.models.worker.proxy import Proxy, proxy_for

if TYPE_CHECKING:
    import ssl

CONNECT_S = 15.0
"""Longest wait for a connection; httpx and the providers' SDKs use 5 to 10 s, slow links need more."""
IDLE_S = 45.0
"""How long an idle connection is kept: below the 60 s after which common load balancers close it."""
READ_BYTES = 65536
MAX_BODY_BYTES = 512 * 2**20
"""A body beyond this is no answer of a model."""


@dataclass
class Connection:
    """One open connection to one origin (or to the proxy in front of it)."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    state: h11.Connection = field(default_factory=lambda: h11.Connection(h11.CLIENT))
    idle_since: float = 0.0

    def usable(self) -> bool:
        """Whether another request may be sent on it."""
        return not self.reader.at_eof() and not self.writer.is_closing() and time.monotonic() - self.idle_since < IDLE_S

    def close(self) -> None:
        """Close at once; never waits for the other side."""
        transport = self.writer.transport
        transport.abort()


@dataclass
class Response:
    """Status and headers, and the body to come."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    _body: AsyncGenerator[bytes]

    def body(self) -> AsyncGenerator[bytes]:
        """The body's bytes as they arrive, never empty pieces.

        Raises ModelError `timeout` on silence, `incomplete_stream` when the connection ends before the body does.
        """
        return self._body

    async def all(self, limit: int = MAX_BODY_BYTES) -> bytes:
        """The whole body, or its first `limit` bytes."""
        pieces: list[bytes] = []
        size = 0
        async for piece in self._body:
            pieces.append(piece)
            size += len(piece)
            if size >= limit:
                break
        return b"".join(pieces)[:limit]


_idle: dict[tuple[str, str, int], list[Connection]] = {}


@asynccontextmanager
async def post(url: str, headers: Mapping[str, str], body: bytes, *, timeout_s: float) -> AsyncGenerator[Response]:
    """Send one POST. `timeout_s` bounds each silence, not the whole.

    The connection is kept for the next request when the body was read to its end, and closed in every other case, so
    leaving the block early stops the provider's work. What goes to a plain address through a proxy is never kept. Raises ModelError `connection`, `timeout` or `bad_request` (an
    address that can't be used).
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ModelError(f"`{url}` is no web address", kind="bad_request", hint="it begins with http:// or https://")
    origin = (parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))
    proxy = proxy_for(origin[0], origin[1], os.environ)
    connection = _take(origin) or await _connect(origin, proxy, min(CONNECT_S, timeout_s))
    done = False
    try:
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        if proxy and origin[0] == "http":
            target = f"{url.partition('://')[0]}://{parts.netloc}{target}"
            # a proxy may pass one request of a connection and drop the rest (ours does, since it judges each)
            headers = {**headers, **proxy.headers, "Connection": "close"}
        await _send(connection, parts.netloc.rpartition("@")[2], target, headers, body, timeout_s)
        head = await _head(connection, timeout_s)
        said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
        body_bytes = plain(_read_body(connection, timeout_s), said.get("content-encoding", ""))
        yield Response(head.status_code, said, body_bytes)
        done = connection.state.our_state is h11.DONE and connection.state.their_state is h11.DONE
    finally:
        if done:
            _keep(origin, connection)
        else:
            connection.close()


def _take(origin: tuple[str, str, int]) -> Connection | None:
    waiting = _idle.get(origin, [])
    while waiting:
        connection = waiting.pop()
        if connection.usable():
            return connection
        connection.close()
    return None


def _keep(origin: tuple[str, str, int], connection: Connection) -> None:
    try:
        connection.state.start_next_cycle()
    except h11.LocalProtocolError:
        connection.close()
        return
    connection.idle_since = time.monotonic()
    _idle.setdefault(origin, []).append(connection)


def close_idle() -> None:
    """Close every connection that waits for reuse."""
    for waiting in _idle.values():
        for connection in waiting:
            connection.close()
    _idle.clear()


async def _connect(origin: tuple[str, str, int], proxy: Proxy | None, timeout_s: float) -> Connection:
    scheme, host, port = origin
    where = f"{host}:{port}"
    try:
        async with asyncio.timeout(timeout_s):
            if proxy is None:
                secure = tls() if scheme == "https" else None
                return Connection(*await _open(host, port, secure, host))
            where = f"the proxy {proxy.host}:{proxy.port}"
            opened = Connection(*await _open(proxy.host, proxy.port, tls() if proxy.secure else None, proxy.host))
            if scheme == "https":
                try:
                    await _tunnel(opened, host, port, proxy)
                except BaseException:
                    opened.close()
                    raise
            return opened
    except TimeoutError as error:
        raise ModelError(f"no connection to {where} within {timeout_s:g} s", kind="timeout", retryable=True) from error
    except (OSError, asyncio.IncompleteReadError) as error:
        raise ModelError(f"no connection to {where}: {_reason(error)}", kind="connection", retryable=True) from error


async def _open(
    host: str, port: int, secure: ssl.SSLContext | None, name: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if secure is None:
        return await asyncio.open_connection(host, port, limit=READ_BYTES, happy_eyeballs_delay=0.25)
    return await asyncio.open_connection(
        host, port, ssl=secure, server_hostname=name, limit=READ_BYTES, happy_eyeballs_delay=0.25
    )


async def _tunnel(connection: Connection, host: str, port: int, proxy: Proxy) -> None:
    """CONNECT through the proxy, then TLS to the host itself (RFC 9110, section 9.3.6)."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}", *(f"{n}: {v}" for n, v in proxy.headers.items()), "", ""]
    connection.writer.write("\r\n".join(lines).encode("latin-1"))
    await connection.writer.drain()
    head = await connection.reader.readuntil(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].decode("latin-1", "replace")
    if status.split(" ")[1:2] != ["200"]:
        raise ModelError(f"the proxy refused to connect to {where}: {status}", kind="connection", retryable=False)
    await connection.writer.start_tls(tls(), server_hostname=host)


@cache
def tls() -> ssl.SSLContext:
    """The system's trusted certificates; those of certifi where the system has none. Costs 15 ms once."""
    import ssl

    context = ssl.create_default_context()
    if not context.get_ca_certs() and not (ssl.get_default_verify_paths().capath or os.environ.get("SSL_CERT_FILE")):
        import certifi

        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


async def _send(
    connection: Connection, host: str, target: str, headers: Mapping[str, str], body: bytes, timeout_s: float
) -> None:
    fields: Iterable[tuple[str, str]] = (
        ("Host", host),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Content-Length", str(len(body))),
        *headers.items(),
    )
    state, writer = connection.state, connection.writer
    try:
        writer.write(state.send(h11.Request(method="POST", target=target, headers=list(fields))) or b"")
        writer.write(state.send(h11.Data(data=body)) or b"")
        writer.write(state.send(h11.EndOfMessage()) or b"")
        async with asyncio.timeout(timeout_s):
            await writer.drain()
    except h11.LocalProtocolError as error:
        raise ModelError(f"the request can't be sent: {error}", kind="bad_request") from error
    except TimeoutError as error:
        raise ModelError(f"the request was not taken within {timeout_s:g} s", kind="timeout", retryable=True) from error
    except OSError as error:
        raise ModelError(f"the connection broke: {_reason(error)}", kind="connection", retryable=True) from error


async def _head(connection: Connection, timeout_s: float) -> h11.Response:
    try:
        async with asyncio.timeout(timeout_s):  # the whole head: a byte now and then does not put it off
            return await _response(connection, timeout_s)
    except TimeoutError as error:
        raise ModelError(f"no answer began within {timeout_s:g} s", kind="timeout", retryable=True) from error


async def _response(connection: Connection, timeout_s: float) -> h11.Response:
    while True:
        try:
            event = await _next_event(connection, timeout_s)
        except (OSError, h11.RemoteProtocolError) as error:
            raise ModelError(
                f"the connection broke before an answer came: {_reason(error)}", kind="connection", retryable=True
            ) from error
        if isinstance(event, h11.Response):
            return event
        if isinstance(event, h11.ConnectionClosed):
            raise ModelError("the connection was closed before an answer came", kind="connection", retryable=True)


async def _read_body(connection: Connection, timeout_s: float) -> AsyncGenerator[bytes]:
    while True:
        try:
            event = await _next_event(connection, timeout_s)
        except (OSError, h11.RemoteProtocolError) as error:
            raise ModelError(
                f"the answer broke off: {_reason(error)}", kind="incomplete_stream", retryable=True
            ) from error
        if isinstance(event, h11.Data):
            if event.data:
                yield bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return
        elif isinstance(event, h11.ConnectionClosed):
            raise ModelError("the answer broke off", kind="incomplete_stream", retryable=True)


async def _next_event(connection: Connection, timeout_s: float) -> Any:
    state = connection.state
    while (event := state.next_event()) is h11.NEED_DATA:
        try:
            async with asyncio.timeout(timeout_s):
                data = await connection.reader.read(READ_BYTES)
        except TimeoutError as error:
            raise ModelError(f"nothing came for {timeout_s:g} s", kind="timeout", retryable=True) from error
        state.receive_data(data)
    return event


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
