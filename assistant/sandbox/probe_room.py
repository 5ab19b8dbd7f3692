"""What `doctor` tries inside a room, from the inside."""

from __future__ import annotations

import json
from pathlib import Path

from assistant.config import Paths
from assistant.sandbox.channel import Channel
from assistant.sandbox.once import OneCommand
from assistant.sandbox.protocol import Command
from assistant.types import Limits

_SCRIPT = r"""
import ctypes, json, os, socket
a = {}
def names(path):
    try: return os.listdir(path)
    except OSError: return []
def can(path, mode='r'):
    try: open(path, mode).close(); return True
    except OSError: return False
a['stage'] = 'writable' if can('probe', 'w') else 'read-only'
a['home'] = 'empty' if os.path.isdir(os.environ['HOME']) and not names(os.environ['HOME']) else 'not empty'
a['passwords'] = 'hidden' if not can('/etc/shadow') or not os.path.getsize('/etc/shadow') else 'readable'
a['system'] = 'read-only' if not can('/usr/.probe', 'w') and not can('/etc/.probe', 'w') else 'writable'
a['kernel settings'] = 'read-only' if not can('/proc/sys/kernel/core_pattern', 'a') else 'writable'
a['processes'] = 'its own only' if len([p for p in names('/proc') if p.isdigit()]) < 8 else 'others visible'
a['network'] = 'none'
try: socket.create_connection(('192.0.2.1', 80), 0.2); a['network'] = 'reachable'
except OSError as e: a['network'] = 'none' if e.errno in (1, 13, 101) else 'a route exists'
l = ctypes.CDLL(None, use_errno=True)
a['privileges'] = 'none' if 'CapEff:\t0000000000000000' in open('/proc/self/status').read() else 'some'
a['filter'] = 'on' if 'Seccomp:\t2' in open('/proc/self/status').read() and l.unshare(0x10000000) else 'off'
print(json.dumps(a))
"""

ROOM_PROBES = (
    ("stage", "writable", "the overlay can't be written: see `user namespaces`; a copied stage is used instead"),
    ("home", "empty", "the room shows your own files: do not use it, and report this"),
    ("passwords", "hidden", "the room shows the system's passwords: do not use it, and report this"),
    ("system", "read-only", "the room can write to the system: do not use it, and report this"),
    ("kernel settings", "read-only", "the room can change the kernel: do not use it, and report this"),
    ("processes", "its own only", "the room sees other processes: do not use it, and report this"),
    ("network", "none", "the room reaches the network without the proxy: do not use it, and report this"),
    ("privileges", "none", "the room keeps privileges: do not use it, and report this"),
    ("filter", "on", "system calls are not filtered: use a kernel with CONFIG_SECCOMP_FILTER"),
)
"""(property, the answer of a room that holds, what to do about any other)."""


STAND_IN = ("stage", "passwords", "system", "kernel settings", "network", "filter")
"""Those that hold without namespaces too."""


def look_inside(scratch: Path, *, loose: bool = False) -> dict[str, str]:
    """Open a room over an empty folder in `scratch` and ask. Raises SandboxUnavailable, SandboxError.

    `loose`: what stands in for a room where no namespaces can be made.
    """
    folder = scratch / "folder"
    folder.mkdir(exist_ok=True)
    paths = Paths(*(str(scratch / name) for name in ("config", "data", "trust", "cache", "run")))
    out = bytearray()
    command = Command(("python3", "-I", "-S", "-c", _SCRIPT), limits=Limits(wall_s=20.0))
    one = OneCommand(paths, folder, command, Channel.start(), loose=loose)
    try:
        one.run(lambda stream, data: out.extend(data))
    finally:
        one.discard()
    try:
        answers: dict[str, str] = json.loads(bytes(out))
    except ValueError:
        return {}
    return answers
