"""Confines this process by Landlock, seccomp and limits, and becomes the command. Run once a call by the landlock engine."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import sys
import termios
from typing import Any

from assistant.sandbox.landlock import restrict_self

_OPTIONS_FD, _FILTER_FD, _STATUS_FD = 10, 9, 11
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _PR_SET_DUMPABLE = 1, 22, 38, 4
_FILTER_MODE = 2
_NOT_FOUND, _NOT_RUNNABLE = 127, 126


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def main(_: list[str]) -> None:
    """Never returns."""
    options: dict[str, Any] = json.loads(_read(_OPTIONS_FD))
    program = _read(_FILTER_FD)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0)
    os.setsid()
    if options["pty"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    memory, processes, file_size = options["limits"]
    for what, value in (
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_NPROC, processes + _own_processes()),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (bound, bound))
    os.chdir(options["cwd"])
    restrict_self(options["readable"], options["writable"], options["ports"])
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError("no_new_privs is refused")
    rules = _Program(len(program) // 8, program)
    if libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(rules), 0, 0):
        raise OSError("the system call filter is refused")
    # From here on whatever the status says came from the command.
    os.write(_STATUS_FD, b'"exit-code"')
    os.closerange(3, 4096)
    environment = dict(item.split("=", 1) for item in options["env"])
    os.environ.clear()
    os.environ["PATH"] = environment.get("PATH", "/usr/bin:/bin")
    try:
        os.execvpe(options["argv"][0], options["argv"], environment)  # noqa: S606
    except FileNotFoundError as error:
        _give_up(options["argv"][0], error, _NOT_FOUND)
    except OSError as error:
        _give_up(options["argv"][0], error, _NOT_RUNNABLE)


def _give_up(name: str, error: OSError, status: int) -> None:
    sys.stderr.write(f"failed to execute {name}: {error.strerror}\n")
    sys.stderr.flush()
    os._exit(status)


def _own_processes() -> int:
    """This person's processes of before count too: the limit is for all of them together."""
    uid, count = os.getuid(), 0
    for name in os.listdir("/proc"):
        try:
            count += name.isdigit() and os.stat(f"/proc/{name}").st_uid == uid
        except OSError:
            continue
    return count


def _read(fd: int) -> bytes:
    data = bytearray()
    while chunk := os.read(fd, 1 << 16):
        data += chunk
    os.close(fd)
    return bytes(data)
