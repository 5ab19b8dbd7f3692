"""Reads one proxy request of HTTP/1.1, as strictly as the difference between two readers could be used against us."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from urllib.parse import urlsplit

import msgspec

_HEAD_BYTES = 64 << 10
_METHOD = re.compile(rb"[A-Z]{1,20}")
_FIELD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HOP = frozenset((b"proxy-authorization", b"proxy-connection", b"connection", b"keep-alive", b"te", b"upgrade"))


class BadRequest(Exception):
    """What is wrong with it."""


class Request(msgspec.Struct, frozen=True):
    """What a client wants. `tunnel`: CONNECT. Else `head` is to be sent, and `body` bytes follow (None: until the end)."""

    host: str
    port: int
    tunnel: bool
    head: bytes
    body: int | None
    password: str
    """`user:password` as it was given, or empty."""


async def read_request(first: bytes, reader: asyncio.StreamReader) -> Request:
    """The head of one request. Raises BadRequest, asyncio.IncompleteReadError."""
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise BadRequest("the request's head is too long") from None
    if len(head) > _HEAD_BYTES:
        raise BadRequest("the request's head is too long")
    line, *lines = head[:-4].split(b"\r\n")
    words = line.split(b" ")
    if len(words) != 3 or not _METHOD.fullmatch(words[0]) or words[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise BadRequest("not a request of HTTP/1")
    fields = [_field(item) for item in lines]
    password = _password(fields)
    if words[0] == b"CONNECT":
        host, port = _authority(words[1].decode("ascii", "replace"), None)
        return Request(host, port, True, b"", None, password)
    return _plain(words, fields, password)


def _plain(words: list[bytes], fields: list[tuple[bytes, bytes]], password: str) -> Request:
    try:
        target = urlsplit(words[1].decode("ascii"))
    except (UnicodeDecodeError, ValueError):
        raise BadRequest("not an address") from None
    if target.scheme != "http" or "@" in target.netloc:
        raise BadRequest("only http:// without a user can be forwarded; for https use CONNECT")
    host, port = _authority(target.netloc, 80)
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    out = [words[0] + b" " + path.encode() + b" HTTP/1.1", b"Host: " + target.netloc.encode()]
    out += [n + b": " + v for n, v in fields if n.lower() not in _HOP and n.lower() != b"host"]
    return Request(host, port, False, b"\r\n".join([*out, b"Connection: close"]) + b"\r\n\r\n", _body(fields), password)


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not _FIELD.fullmatch(name) or any(c < 0x20 and c != 0x09 for c in value):
        raise BadRequest("a header that is not one")
    return name, value.strip()


def _body(fields: list[tuple[bytes, bytes]]) -> int | None:
    lengths = {v for n, v in fields if n.lower() == b"content-length"}
    coded = [v for n, v in fields if n.lower() == b"transfer-encoding"]
    if coded:
        if lengths or coded != [b"chunked"]:
            raise BadRequest("a body of two lengths")
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or not (text := lengths.pop()).isdigit():
        raise BadRequest("a body of two lengths")
    return int(text)


def _password(fields: list[tuple[bytes, bytes]]) -> str:
    for name, value in fields:
        if name.lower() == b"proxy-authorization" and value[:6].lower() == b"basic ":
            try:
                return base64.b64decode(value[6:], validate=True).decode("utf-8")
            except (binascii.Error, UnicodeDecodeError):
                return ""
    return ""


def _authority(text: str, default: int | None) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]]+)(?::(\d{1,5}))?", text)
    if match is None or (match[2] is None and default is None):
        raise BadRequest("not a host and port")
    port = int(match[2]) if match[2] else default
    if port is None or not 0 < port < 65536:
        raise BadRequest("not a port")
    return match[1].strip("[]").lower(), port


_WORDS = {
    400: "Bad Request",
    403: "Forbidden",
    407: "Proxy Authentication Required",
    502: "Bad Gateway",
}


def refusal(status: int, reason: str) -> bytes:
    """An answer that says why, in words a person and a model can use."""
    body = f"assistant: {reason}\n".encode()
    extra = b"Proxy-Authenticate: Basic realm=room\r\n" if status == 407 else b""
    return (
        (
            f"HTTP/1.1 {status} {_WORDS[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n"
        ).encode()
        + extra
        + b"\r\n"
        + body
    )
