"""Builds what a room's programs see: a fresh root of read-only system folders, scratch space and the task's folder."""

from __future__ import annotations

import os

from assistant.sandbox.holder import kernel
from assistant.sandbox.holder.kernel import ATTR_NODEV, ATTR_NOSUID, ATTR_RDONLY

TYPE_CHECKING = False  # not typing's own: see __init__
if TYPE_CHECKING:
    from typing import Any

SYSTEM = ("/usr", "/etc", "/opt", "/nix/store", "/gnu/store")
"""Programs and their settings. Only those that the host has."""
LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""On most systems symbolic links into /usr; shown as they are."""
SECRETS = (
    "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/sudoers.d", "/etc/sudo.conf",
    "/etc/sudo_logsrvd.conf", "/etc/ssl/private", "/etc/security/opasswd", "/etc/krb5.keytab", "/etc/wireguard",
    "/etc/NetworkManager/system-connections", "/etc/wpa_supplicant", "/etc/ipsec.secrets", "/etc/ipsec.d/private",
    "/etc/openvpn", "/etc/docker", "/etc/kubernetes", "/etc/rancher", "/etc/letsencrypt", "/etc/pki/private",
    "/etc/pki/tls/private", "/etc/cups", "/etc/samba", "/etc/msmtprc", "/etc/exim4/passwd.client",
    "/etc/mysql/debian.cnf", "/etc/boto.cfg", "/etc/environment", "/etc/credstore", "/etc/credstore.encrypted",
    "/etc/machine-id", "/etc/ppp", "/etc/fstab", "/etc/crypttab", "/etc/polkit-1", "/etc/cloud",
)  # fmt: skip
"""Hidden whoever asks. Beyond these, what only root can read is hidden by ownership (see `hide_root_files`)."""
_SSH = "/etc/ssh"
_READ_ONLY = ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV
_WALK_LIMIT = 20_000
_NOBODY = 65534


def _make_folder(path: str, mode: int = 0o755) -> None:
    if not os.path.isdir(path):
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)


def disowned_trees(base: str) -> dict[str, str]:
    """As real root: copies of the system folders in which root's files belong to nobody, by folder.

    A room of root runs as root's own id (files of the task's folder are root's), so ownership would open every root-only
    file of /etc. With translated owners it reads what any user could read, and no list has to name it.
    """
    found: dict[str, str] = {}
    userns = _namespace_of_nobody()
    if userns < 0:
        return found
    try:
        for folder in SYSTEM:
            if not os.path.isdir(folder):
                continue
            target = base + folder
            _make_folder(target)
            try:
                kernel.bind_with_ids(folder, target, _READ_ONLY, userns)
            except OSError:  # a file system that can't translate owners: `hide_root_files` walks instead
                continue
            found[folder] = target
    finally:
        os.close(userns)
    return found


def _namespace_of_nobody() -> int:
    """A descriptor of a user namespace in which on-disk 0 is nobody; -1 when the kernel makes none."""
    go, gone = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            kernel.unshare(kernel.CLONE_NEWUSER)
            os.write(go[1], b"1")
            os.close(gone[1])
            os.read(gone[0], 1)
        finally:
            os._exit(0)
    os.close(go[1])
    try:
        if os.read(go[0], 1) != b"1":
            return -1
        for kind in ("uid", "gid"):
            with open(f"/proc/{child}/{kind}_map", "w") as file:
                file.write(f"0 {_NOBODY} 1")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY)
    except OSError:
        return -1
    finally:
        for fd in (go[0], gone[0], gone[1]):
            os.close(fd)
        os.waitpid(child, 0)


class RoomRoot:
    """The root folder of one room, under `where`, built in the holder's own mount namespace."""

    def __init__(self, where: str, keep: str, plan: dict[str, Any], disowned: dict[str, str]) -> None:
        self._root = where
        self._keep = keep
        self._empty_file = f"{keep}/empty"
        self._empty_folder = f"{keep}/none"
        self._plan = plan
        self._disowned = disowned
        self._masked: set[str] = set()

    def build(self) -> None:
        """Raises OSError naming the step that the kernel refused."""
        kernel.mount("room", self._root, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755,size=4m")
        kernel.mount("keep", self._keep, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755,size=4m")
        os.close(os.open(self._empty_file, os.O_CREAT | os.O_WRONLY, 0o444))
        os.mkdir(self._empty_folder, 0o555)
        for folder in SYSTEM:
            if os.path.isdir(folder):
                self._show(self._disowned.get(folder, folder), folder)
                if self._plan["root"] and folder not in self._disowned:
                    self._hide_root_files(folder)
        for path in LINKED:
            if os.path.islink(path):
                os.symlink(os.readlink(path), self._root + path)
            elif os.path.isdir(path):
                self._show(path, path)
        for path in (*SECRETS, *self._ssh_keys()):
            self.mask(path)
        for name, text in self._plan["accounts"].items():
            self._replace(name, text)
        for folder in ("/proc", "/dev", "/sys", "/mnt", "/media", "/srv", "/run", "/var"):
            _make_folder(self._root + folder)
        for folder, size, mode in self._plan["scratch"]:
            self._scratch(folder, size, mode)

    def add_folder(self, folder: str, overlay: str | None, source: str) -> str:
        """Show the task's folder at its own path: as an overlay with these options, or `source` itself. Returns where."""
        target = self._root + folder
        _make_folder(target)
        if overlay is not None:
            kernel.mount("stage", target, "overlay", kernel.MS_NOSUID | kernel.MS_NODEV, overlay)
        else:
            kernel.bind(source, target, ATTR_NOSUID | ATTR_NODEV)
        for path in self._plan["hidden"]:
            self.mask(path)
        return target

    def mask(self, path: str) -> None:
        """Put nothing in the place of `path`, when it is there."""
        target = self._root + path
        if path in self._masked or not os.path.lexists(target) or os.path.islink(target):
            return
        self._masked.add(path)
        kernel.bind(self._empty_folder if os.path.isdir(target) else self._empty_file, target, _READ_ONLY)

    def _show(self, source: str, folder: str) -> None:
        _make_folder(self._root + folder)
        kernel.bind(source, self._root + folder, _READ_ONLY)

    def _replace(self, path: str, text: str) -> None:
        if not os.path.isfile(self._root + path):
            return
        own = f"{self._keep}/{os.path.basename(path)}"
        with open(own, "w") as file:
            file.write(text)
        os.chmod(own, 0o644)
        kernel.bind(own, self._root + path, _READ_ONLY)

    def _scratch(self, folder: str, size: int, mode: int) -> None:
        target = self._root + folder
        _make_folder(target)
        flags = kernel.MS_NOSUID | kernel.MS_NODEV
        kernel.mount("scratch", target, "tmpfs", flags, f"mode={mode:o},size={size},nr_inodes=200000")

    def _ssh_keys(self) -> list[str]:
        try:
            return [f"{_SSH}/{name}" for name in os.listdir(_SSH) if name.endswith("_key")]
        except OSError:
            return []

    def _hide_root_files(self, top: str) -> None:
        """Mask what others can't read, where owners could not be translated. Bounded: the rest of a huge tree is hidden."""
        waiting, seen = [top], 0
        while waiting:
            folder = waiting.pop()
            if seen > _WALK_LIMIT and folder.count("/") <= 3 and top != "/usr":
                self.mask(folder)
                continue
            try:
                entries = list(os.scandir(folder))
            except OSError:
                continue
            for entry in entries:
                seen += 1
                if entry.is_symlink():
                    continue
                mode = entry.stat(follow_symlinks=False).st_mode
                if not mode & (0o001 if entry.is_dir() else 0o004):
                    self.mask(entry.path)
                elif entry.is_dir() and top != "/usr":
                    waiting.append(entry.path)
