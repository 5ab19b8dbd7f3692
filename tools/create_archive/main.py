"""Packs files: links as links, special files left out, always in the same order."""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile

from _kit.names import show, within
from _kit.problem import Problem, from_os_error
from _kit.select import select
from _kit.text import size
from _kit.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from _kit.call import Call

_TARS = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tbz2": "w:bz2", ".tar.xz": "w:xz"}


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    archive = os.path.realpath(args["archive"])
    name = within(args["archive"], call.folder)
    mode = next((m for s, m in _TARS.items() if archive.lower().endswith(s)), "")
    if not mode and not archive.lower().endswith(".zip"):
        raise Problem("invalid_arguments", f"`{name}` must end with .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz")
    if os.path.lexists(archive):
        raise Problem("exists", f"`{name}` exists already; delete it first or choose another name")
    entries, left = _entries(args["paths"], call.folder, archive)
    if not entries:
        raise Problem("not_found", "there is nothing to pack")
    part = f"{os.path.dirname(archive)}/.{os.urandom(6).hex()}.part"
    try:
        os.makedirs(os.path.dirname(archive), exist_ok=True)
        (_write_tar if mode else _write_zip)(part, mode, entries, call)
        os.replace(part, archive)
    except OSError as error:
        if os.path.exists(part):
            os.unlink(part)
        raise from_os_error(error) from error
    files = sum(not is_folder for _, _, is_folder in entries)
    total = sum(os.lstat(p).st_size for p, _, is_folder in entries if not is_folder)
    notes = f"; left out: {', '.join(left[:5])}{' ...' if len(left) > 5 else ''}" if left else ""
    return {
        "text": f"created {name}: {files} files, {size(total)} packed into {size(os.path.getsize(archive))}{notes}",
        "data": {"path": name, "files": files},
    }


def _entries(paths: list[str], folder: str, archive: str) -> tuple[list[tuple[str, str, bool]], list[str]]:
    """((path, name in the archive, whether a folder), names of what can't be packed)."""
    found: dict[str, tuple[str, str, bool]] = {}
    left: list[str] = []

    def take(path: str, is_folder: bool) -> None:
        mode = os.lstat(path).st_mode
        if (
            path == archive
            or not (is_folder or stat.S_ISREG(mode) or stat.S_ISLNK(mode))
            or not os.access(path, os.R_OK, follow_symlinks=False)
        ):
            left.append(within(path, folder))
        else:
            found[path] = (
                path,
                os.path.relpath(path, folder) if path.startswith(folder + "/") else os.path.basename(path),
                is_folder,
            )

    for path in select(paths, folder, or_folder=True):
        is_folder = os.path.isdir(path) and not os.path.islink(path)
        if path != folder:
            take(path, is_folder)
        if is_folder:
            for below in Walk(path, everything=True, enter_git=True):
                take(below.path, below.is_folder)
    return sorted(found.values(), key=lambda e: os.fsencode(e[1])), left


def _write_zip(part: str, _mode: str, entries: list[tuple[str, str, bool]], call: Call) -> None:
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for path, name, _ in entries:
            safe = show(name) if not name.isprintable() else name
            if os.path.islink(path):
                info = zipfile.ZipInfo(safe)
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(info, os.readlink(path))
            else:
                archive.write(path, safe)
            call.output(f"{safe}\n")


def _write_tar(part: str, mode: str, entries: list[tuple[str, str, bool]], call: Call) -> None:
    opener: Any = tarfile.open
    with opener(part, mode) as archive:
        for path, name, _ in entries:
            archive.add(path, name, recursive=False)
            call.output(f"{show(name)}\n")
