"""Waits on loopback for the browser that comes back from an authorization server (RFC 8252, section 7.3)."""

from __future__ import annotations

import asyncio
import hashlib
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from assistant.errors import UsageError

WAIT_S = 300.0
"""How long a person may take to sign in."""
_FIRST_PORT, _PORTS = 20000, 10000
_MOST_BYTES = 16 * 1024
_PAGE = (
    "<!doctype html><meta charset=utf-8><title>Assistant</title>"
    "<p>{words} You can close this window and go back to the assistant.</p>"
)


class Came(NamedTuple):
    """What the authorization server sent along."""

    code: str
    state: str
    iss: str


def redirect_uri(server: str) -> str:
    """The address for a server, always the same: it is registered once and kept."""
    number = int.from_bytes(hashlib.sha256(server.encode()).digest()[:4], "big") % _PORTS
    return f"http://127.0.0.1:{_FIRST_PORT + number}/callback"


class Callback:
    """Listens from `open` to `close`. Takes exactly one answer, for the state that was sent."""

    def __init__(self, uri: str, state: str) -> None:
        self._uri = urlsplit(uri)
        self._state = state
        self._came: asyncio.Future[Came] = asyncio.get_running_loop().create_future()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Raises UsageError when the port is taken."""
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._uri.port, limit=_MOST_BYTES)
        except OSError as error:
            raise UsageError(
                f"port {self._uri.port} of this computer is taken, so signing in can't come back: {error}",
                hint="end the program that listens there and try again",
            ) from error

    async def wait(self, wait_s: float = WAIT_S) -> Came:
        """The answer. Raises UsageError when the person was refused or did not come back in time."""
        try:
            async with asyncio.timeout(wait_s):
                return await self._came
        except TimeoutError:
            raise UsageError(f"nobody signed in within {wait_s:.0f} s", hint="try again") from None

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        if not self._came.done():
            self._came.cancel()
        elif not self._came.cancelled():
            self._came.exception()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10.0):
                head = await reader.readuntil(b"\r\n\r\n")
                status, words = self._take(head)
                body = _PAGE.format(words=words).encode()
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
                    "Connection: close\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    def _take(self, head: bytes) -> tuple[str, str]:
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(words) != 3 or words[0] != "GET":
            return "400 Bad Request", "This is not what was expected."
        target = urlsplit(words[1])
        if target.path != self._uri.path:
            return "404 Not Found", "There is nothing here."
        given = {key: values[0] for key, values in parse_qs(target.query).items()}
        if self._state and given.get("state") != self._state:
            return "400 Bad Request", "This answer belongs to another question."
        if self._came.done():
            return "400 Bad Request", "This was answered already."
        if "code" not in given:
            self._came.set_exception(
                UsageError(f"signing in was refused: {given.get('error', 'no reason given')[:200]}", hint="try again")
            )
            return "200 OK", "Signing in was refused."
        self._came.set_result(Came(given["code"], given.get("state", ""), given.get("iss", "")))
        return "200 OK", "You are signed in."
