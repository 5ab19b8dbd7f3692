"""Messages between the assistant and a room's holder: a length, a marshalled dict, and descriptors riding along.

marshal, since it is the one encoder that is compiled into every Python: json costs 8 ms of imports in a process that lives
for each room. Both ends are our own code run by one interpreter, and no program of the room can reach the socket.
"""

from __future__ import annotations

import _socket
import marshal
import struct

TYPE_CHECKING = False  # not typing's own: see __init__
if TYPE_CHECKING:
    from typing import Any

_MAX_FDS = 8
_INT = struct.calcsize("i")


def send(sock: _socket.socket, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
    """Send one whole message; `fds` arrive with it. Blocks while the other end is busy."""
    body = marshal.dumps(message)
    data = len(body).to_bytes(4, "big") + body
    ancillary = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))] if fds else []
    sent = sock.sendmsg([data], ancillary)
    view = memoryview(data)
    while sent < len(data):
        sent += sock.send(view[sent:])


class Inbox:
    """Takes what arrives on a socket apart into messages with their descriptors."""

    def __init__(self, sock: _socket.socket) -> None:
        self._sock = sock
        self._data = bytearray()
        self._fds: list[int] = []
        self.closed = False

    def fill(self, *, wait: bool = True) -> None:
        """Read once. `closed` says that the other end is gone. Without `wait`: BlockingIOError when there is nothing."""
        room = _socket.CMSG_SPACE(_MAX_FDS * 4)
        flags = _socket.MSG_CMSG_CLOEXEC | (0 if wait else _socket.MSG_DONTWAIT)
        try:
            data, ancillary, _, _ = self._sock.recvmsg(1 << 16, room, flags)
        except ConnectionResetError:
            data, ancillary = b"", []
        for level, kind, payload in ancillary:
            if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
                self._fds += struct.unpack(f"{len(payload) // _INT}i", payload[: len(payload) // _INT * _INT])
        self._data += data
        self.closed = not data

    def take(self) -> tuple[dict[str, Any], list[int]] | None:
        """The next whole message with `message["fds"]` descriptors, or None."""
        if len(self._data) < 4:
            return None
        size = int.from_bytes(self._data[:4], "big")
        if len(self._data) < 4 + size:
            return None
        message: dict[str, Any] = marshal.loads(bytes(self._data[4 : 4 + size]))  # noqa: S302 - our own process
        del self._data[: 4 + size]
        count = int(message.get("fds", 0))
        fds, self._fds = self._fds[:count], self._fds[count:]
        return message, fds
