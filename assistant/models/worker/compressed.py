"""Bodies that come compressed although nobody asked for it.

We say `Accept-Encoding: identity`; some gateways compress all the same, and some say that they did and did not. So what the
body begins with decides, not its header. Brotli and Zstandard would each need a library: they are refused by name.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, Iterator
from typing import Protocol

from assistant.models.worker.failure import cut, unreadable

PIECE_BYTES = 2**20
"""A megabyte of zeros compresses to a kilobyte: what is unpacked is passed on in bounded pieces."""

_GZIP = b"\x1f\x8b"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"


class _Unpacker(Protocol):
    """What `zlib.decompressobj` gives; its class has no public name."""

    @property
    def unconsumed_tail(self) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


async def plain(body: AsyncGenerator[bytes], encoding: str) -> AsyncGenerator[bytes]:
    """The bytes of `body` unpacked, as they come. `encoding` is the `content-encoding` header.

    Raises ModelError `server` for what can't be unpacked, `incomplete_stream` when it ends early.
    """
    head = b""
    unpacker: _Unpacker | None = None
    begun = False
    async for piece in body:
        if begun:
            data = piece
        else:
            head += piece
            if len(head) < len(_ZSTANDARD) and (_GZIP.startswith(head[:2]) or _ZSTANDARD.startswith(head)):
                continue
            begun, unpacker, data = True, _unpacker(head, encoding), head
        if unpacker is None:
            yield data
            continue
        for unpacked in _unpack(unpacker, data):
            yield unpacked
    if not begun and head:
        yield head
    if unpacker is not None and not unpacker.eof:
        raise cut("its compressed form is not whole")


def _unpack(unpacker: _Unpacker, data: bytes) -> Iterator[bytes]:
    left, full = data, True
    while left or full:
        try:
            unpacked = unpacker.decompress(left, PIECE_BYTES)
        except zlib.error as error:
            raise unreadable(f"it can't be unpacked: {error}") from error
        left, full = unpacker.unconsumed_tail, len(unpacked) == PIECE_BYTES
        if unpacked:
            yield unpacked


def _unpacker(head: bytes, encoding: str) -> _Unpacker | None:
    if head.startswith(_GZIP):
        return zlib.decompressobj(wbits=31)
    if head.startswith(_ZSTANDARD) or ("br" in encoding.split(",") and not head.lstrip().startswith(_PLAIN)):
        raise unreadable(f"it is compressed ({encoding or 'zstd'}), which was not asked for")
    if "deflate" in encoding and head[:1] == b"\x78":
        return zlib.decompressobj()
    return None


_PLAIN = (b"{", b"[", b"data:", b"event:", b":", b"id:", b"retry:")
