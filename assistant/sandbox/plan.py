"""What one room looks like: who its programs are, what they see, and what is kept from them. Pure but for looking at paths."""

from __future__ import annotations

import os
import pwd
from typing import Any

import msgspec

from assistant.sandbox.cgroup import find_cgroups
from assistant.sandbox.seccomp import room_filter

DEFAULT_SCRATCH_BYTES = 1 << 30
"""Each of /tmp, /var/tmp and HOME. Memory that is used only as far as it is filled."""
ROOM_UID = 1000
"""What root's programs take themselves for. They get no more than a person's anyway, and act accordingly (tar, npm, git)."""
_SYSTEM_ACCOUNTS_BELOW = 1000
_NOBODY = 65534
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class RoomPlan(msgspec.Struct, frozen=True):
    """One room. Paths are absolute and real."""

    where: str
    """A folder of ours with `base`, `root`, `keep` and `proc` to mount on; empty for everyone outside the room."""
    home: str
    uid: int
    gid: int
    folder: str = ""
    """The task's folder; empty for a private room."""
    upper: str = ""
    """The stage's layer; empty when `source` is shown instead of an overlay."""
    work: str = ""
    source: str = ""
    hidden: tuple[str, ...] = ()
    """Below the folder, and shown empty: the assistant's own files."""
    scratch_bytes: int = DEFAULT_SCRATCH_BYTES
    groups: bool = True
    """Whether the kernel's control groups may be used where this person can make them."""
    engine: str = "bubblewrap"
    filter: bytes = b""
    """The system call filter; empty for the usual one."""
    leave_no: tuple[str, ...] = ()
    """Files to unlink when the room ends, also when the assistant died."""

    @property
    def root(self) -> bool:
        """Whether the host's root runs this."""
        return os.geteuid() == 0

    @property
    def user(self) -> str:
        """The name of the person's account in the room."""
        return account_name(self.uid)

    def message(self) -> dict[str, Any]:
        """What the holder is told."""
        return {
            "where": self.where,
            "root": self.root,
            "folder": self.folder,
            "upper": self.upper,
            "work": self.work,
            "source": self.source or self.folder,
            "hidden": list(self.hidden),
            "leave_no": list(self.leave_no),
            "scratch": [list(item) for item in self.scratch()],
            "accounts": {"/etc/passwd": self._passwd(), "/etc/group": self._group()},
            "engine": self.engine,
            "filter": self.filter or room_filter(),
            "groups": self._groups(),
        }

    def scratch(self) -> list[tuple[str, int, int]]:
        """(folder, bytes, mode) of the memory-backed folders. One that holds or lies in the task's folder is the folder's."""
        wanted = [("/tmp", 0o1777), ("/var/tmp", 0o1777), (self.home, 0o700), ("/run", 0o755)]  # noqa: S108
        return [
            (path, self.scratch_bytes, mode)
            for path, mode in wanted
            if path != "/" and not is_below(path, self.folder) and not (path == self.home and shown_by_system(path))
        ]

    def environment(self) -> dict[str, str]:
        """The room's basics."""
        return {
            "PATH": PATH,
            "HOME": self.home,
            "USER": self.user,
            "LOGNAME": self.user,
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
            "TMPDIR": "/tmp",  # noqa: S108
        }

    def _groups(self) -> dict[str, Any] | None:
        found = find_cgroups() if self.groups else None
        return found.message(f"{os.getpid()}-{os.urandom(4).hex()}") if found is not None else None

    def _passwd(self) -> str:
        """System accounts, so that names resolve, and the person. Other people's names stay out."""
        lines = [
            ":".join((a.pw_name, "x", str(a.pw_uid), str(a.pw_gid), "", a.pw_dir, "/usr/sbin/nologin"))
            for a in pwd.getpwall()
            if (a.pw_uid < _SYSTEM_ACCOUNTS_BELOW or a.pw_uid == _NOBODY) and a.pw_uid != self.uid
        ]
        lines = [line for line in lines if not line.startswith(f"{self.user}:")]
        return "\n".join([*lines, f"{self.user}:x:{self.uid}:{self.gid}::{self.home}:/bin/sh"]) + "\n"

    def _group(self) -> str:
        lines = ["root:x:0:", "tty:x:5:", "users:x:100:", f"nogroup:x:{_NOBODY}:"]
        lines = [line for line in lines if line.split(":")[2] != str(self.gid)]
        return "\n".join([*lines, f"{self.user}:x:{self.gid}:"]) + "\n"


def room_ids() -> tuple[int, int]:
    """The ids that the room's programs see as their own."""
    return (os.geteuid() or ROOM_UID, os.getegid() or ROOM_UID)


def account_name(uid: int) -> str:
    """The account's own name, or `user` for root, whose name would promise too much, and for one without a name."""
    if os.geteuid() == 0:
        return "user"
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "user"


def home_folder() -> str:
    """The person's real home, where the room shows an empty one."""
    home = os.path.realpath(os.environ.get("HOME") or "/nonexistent")
    return home if home.startswith("/") and home != "/" else "/home/user"


def is_below(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it."""
    return bool(folder) and (path == folder or path.startswith(folder.rstrip("/") + "/"))


def shown_by_system(path: str) -> bool:
    """Whether `path` lies in a folder that every room shows read-only, where no new folder can be made."""
    return any(is_below(path, top) for top in ("/usr", "/etc", "/opt", "/nix/store", "/gnu/store", "/bin", "/lib"))
