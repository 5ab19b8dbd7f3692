"""Makes a room's namespaces and mounts, then serves.

Two processes: the outer one stays in the host's process namespace and only waits; the inner one is the first process of the
room's own, so that its end, however it comes, is the end of everything in the room: the kernel sees to it.
"""

from __future__ import annotations

import _socket
import fcntl
import os
import struct
import sys

from assistant.sandbox.holder import kernel
from assistant.sandbox.holder.groups import remove_groups
from assistant.sandbox.holder.loose import LooseServer, kill_below, wait_for
from assistant.sandbox.holder.root import RoomRoot, disowned_trees
from assistant.sandbox.holder.serve import Server
from assistant.sandbox.holder.wire import Inbox, send

TYPE_CHECKING = False  # not typing's own: see __init__
if TYPE_CHECKING:
    from typing import Any

_SOCKET_FD = 3
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_ALL_IDS = "0 0 4294967295"


def main() -> None:
    """Never returns."""
    os.setsid()
    os.closerange(_SOCKET_FD + 1, 1 << 20)  # what the assistant itself inherited is not for the room
    sock = _socket.socket(fileno=_SOCKET_FD)
    os.set_inheritable(_SOCKET_FD, False)
    kernel.set_name("assistant-room")
    inbox = Inbox(sock)
    taken = None
    while taken is None and not inbox.closed:
        inbox.fill()
        taken = inbox.take()
    if taken is None:
        os._exit(0)
    plan = taken[0]
    if plan["engine"] == "landlock":
        _without_namespaces(sock, plan)
    try:
        disowned = _enter(plan)
    except OSError as error:
        send(sock, {"op": "unavailable", "errno": error.errno or 0, "what": str(error)})
        os._exit(1)
    inner = os.fork()
    if inner:
        os.waitpid(inner, 0)
        _clean_up(plan)
        sock.close()  # now: the assistant waits for this, and giving back the mounts takes the kernel 10 ms more
        os._exit(0)
    kernel.die_with_parent()
    try:
        _inside(sock, plan, disowned)
    except BaseException as error:  # whatever it is: the room must not stay half made
        try:
            send(sock, {"op": "unavailable", "errno": getattr(error, "errno", 0) or 0, "what": str(error)})
        finally:
            os._exit(1)
    os._exit(0)


def _enter(plan: dict[str, Any]) -> dict[str, str]:
    disowned: dict[str, str] = {}
    for name in ("base", "root", "keep"):
        os.makedirs(f"{plan['where']}/{name}", mode=0o700, exist_ok=True)
    if plan["root"]:
        kernel.unshare(kernel.CLONE_NEWNS)
        kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)
        base = f"{plan['where']}/base"
        kernel.mount("base", base, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755,size=1m")
        disowned = disowned_trees(base)
    namespaces = kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET
    uid, gid = os.geteuid(), os.getegid()
    if plan["root"]:
        _unshare_with_all_ids(namespaces)
    else:
        kernel.unshare(namespaces)
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    return disowned


def _unshare_with_all_ids(namespaces: int) -> None:
    """Only a process that stayed outside may map more than one id."""
    go, done = os.pipe(), os.pipe()
    parent = os.getpid()
    helper = os.fork()
    if helper == 0:
        try:
            os.close(go[1])
            if os.read(go[0], 1):
                for kind in ("uid", "gid"):
                    with open(f"/proc/{parent}/{kind}_map", "w") as file:
                        file.write(_ALL_IDS)
                os.write(done[1], b"1")
        finally:
            os._exit(0)
    os.close(done[1])
    kernel.unshare(namespaces)
    os.write(go[1], b"1")
    mapped = os.read(done[0], 1)
    for fd in (*go, done[0]):
        os.close(fd)
    os.waitpid(helper, 0)
    if not mapped:
        raise PermissionError(1, "the owners of files could not be mapped into the room")


def _inside(sock: _socket.socket, plan: dict[str, Any], disowned: dict[str, str]) -> None:
    where = plan["where"]
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)
    # bubblewrap and the watch look processes up by the room's own numbers.
    kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    _loopback_up()
    root = RoomRoot(f"{where}/root", f"{where}/keep", plan, disowned)
    root.build()
    folder = _add_folder(root, plan)
    os.chdir("/")
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("300")  # when memory runs out, a room goes before the person's own programs
    except OSError:
        pass
    send(sock, {"op": "ready"})
    Server(sock, plan, folder).run()


def _without_namespaces(sock: _socket.socket, plan: dict[str, Any]) -> None:
    """Two processes that each end what the other leaves, since without a process namespace the kernel does not.

    Every orphan of a call becomes the inner one's child, and the outer one's when the inner one was killed. Only who kills
    both in the same instant leaves programs behind; from Landlock 6 on no program of the room can signal either.
    """
    kernel.adopt_orphans()
    outer = os.pidfd_open(os.getpid())
    inner = os.fork()
    if inner:
        os.close(outer)
        try:
            wait_for(inner)
        finally:
            kill_below(os.getpid())
            _clean_up(plan)
            os._exit(0)
    kernel.adopt_orphans()
    try:
        server = LooseServer(sock, plan, "")
        send(sock, {"op": "ready"})
        server.end_with(outer)
        server.run()
    finally:
        kill_below(os.getpid())
        _clean_up(plan)
        os._exit(0)


def _clean_up(plan: dict[str, Any]) -> None:
    """By the outer process, since the inner one may have been killed."""
    for path in plan["leave_no"]:
        try:
            os.unlink(path)
        except OSError:
            pass
    remove_groups(plan["groups"])


def _add_folder(root: RoomRoot, plan: dict[str, Any]) -> str:
    """Descriptors name the overlay's layers: a path may hold the commas and colons that separate mount options."""
    if not plan["folder"]:
        return ""
    if not plan["upper"]:  # a copied stage
        root.add_folder(plan["folder"], None, plan["source"])
        return ""
    paths = (plan["folder"], plan["upper"], plan["work"])
    fds = [os.open(path, os.O_PATH | os.O_DIRECTORY) for path in paths]
    try:
        lower, upper, work = (f"/proc/self/fd/{fd}" for fd in fds)
        return root.add_folder(plan["folder"], f"lowerdir={lower},upperdir={upper},workdir={work},userxattr", "")
    finally:
        for fd in fds:
            os.close(fd)


def _loopback_up() -> None:
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(sock.fileno(), _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock.fileno(), _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))
    finally:
        sock.close()


if __name__ == "__main__":
    sys.exit(main())
