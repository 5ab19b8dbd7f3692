"""One HTTP request to a server on this machine. By hand: an HTTP library would cost more than the whole look-up."""

from __future__ import annotations

import asyncio

from assistant.models.connection import is_loopback

MAX_REPLY_BYTES = 2**20


async def ask(host: str, path: str, body: bytes = b"") -> bytes:
    """The body of the answer to a GET, or to a POST of JSON when there is a `body`. `host` as `name:port`.

    Raises ValueError for anything but status 200 and for a host that is not on loopback, OSError. The caller sets the time.
    """
    if not is_loopback(host):
        raise ValueError("not on this machine")
    name, _, port = host.rpartition(":")
    reader, writer = await asyncio.open_connection(name.strip("[]"), int(port), limit=MAX_REPLY_BYTES)
    sized = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    head = f"{'POST' if body else 'GET'} {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n{sized}\r\n"
    try:
        writer.write(head.encode() + body)
        reply = await reader.read(MAX_REPLY_BYTES)
        while len(reply) < MAX_REPLY_BYTES and (more := await reader.read(MAX_REPLY_BYTES)):
            reply += more
    finally:
        writer.close()
    said, _, content = reply.partition(b"\r\n\r\n")
    if b" 200 " not in said.split(b"\r\n", 1)[0] + b" ":
        raise ValueError("no answer")
    return _dechunk(content) if b"transfer-encoding: chunked" in said.lower() else content


def _dechunk(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size.split(b";")[0] or b"0", 16)
        if not count:
            break
        whole, body = whole + body[:count], body[count + 2 :]
    return whole
