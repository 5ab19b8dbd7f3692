"""Unpacks an archive beside its destination, checks it, then moves it there: all of it or nothing."""

from __future__ import annotations

import os
import shutil

from unpack import Unpacked, unpack

from _kit.archive import unsafe
from _kit.files import open_file
from _kit.names import absolute, locate, show, within
from _kit.page import Page
from _kit.problem import Problem, from_os_error
from _kit.text import size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from _kit.call import Call

_SUFFIXES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".zip", ".jar", ".epub")


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    fd, _, archive = open_file(args["archive"])
    os.close(fd)
    stem = next((archive[: -len(s)] for s in _SUFFIXES if archive.lower().endswith(s)), f"{archive}.unpacked")
    to = locate(absolute(args.get("to") or stem, call.folder))
    if unsafe(os.path.basename(to)):
        raise Problem("bad_path", f"`{show(to)}` is no name for a folder")
    temporary = f"{os.path.dirname(to)}/.{os.urandom(6).hex()}.part"
    try:
        os.makedirs(temporary)
        done = unpack(archive, temporary, args.get("max_mb", 1000) * 1_000_000)
        _settle(temporary, to, bool(args.get("overwrite")), call.folder)
    except OSError as error:
        raise from_os_error(error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return _report(done, to, call)


def _settle(temporary: str, to: str, overwrite: bool, folder: str) -> None:
    """Move what was unpacked to its place."""
    if not os.path.lexists(to):
        os.rename(temporary, to)
        return
    if not os.path.isdir(to):
        raise Problem("exists", f"`{within(to, folder)}` exists already and is no folder")
    moves: list[tuple[str, str]] = []
    for root, folders, files in os.walk(temporary):
        here = os.path.normpath(os.path.join(to, os.path.relpath(root, temporary)))
        for name in [*files, *(f for f in folders if os.path.islink(os.path.join(root, f)))]:
            moves.append((os.path.join(root, name), os.path.join(here, name)))
    real = os.path.realpath(to)
    for _, target in moves:
        # A link that lies in the destination could lead the new files elsewhere.
        if not (os.path.realpath(os.path.dirname(target)) + "/").startswith(real + "/"):
            raise Problem(
                "bad_path", f"`{within(target, folder)}` would be written through a link; nothing was unpacked"
            )
        if os.path.lexists(target) and (os.path.isdir(target) or not overwrite):
            raise Problem(
                "exists",
                f"`{within(target, folder)}` exists already; set `overwrite`, or unpack elsewhere; nothing was unpacked",
            )
    for root, folders, _ in os.walk(temporary):
        for name in folders:
            if not os.path.islink(os.path.join(root, name)):
                os.makedirs(os.path.join(to, os.path.relpath(os.path.join(root, name), temporary)), exist_ok=True)
    for source, target in moves:
        os.replace(source, target)


def _report(done: Unpacked, to: str, call: Call) -> dict[str, Any]:
    name = within(to, call.folder)
    page = Page(call.output_bytes - 500)
    for entry in sorted(done.names):
        page.add(f"{name}/{show(entry)}", f"{name}/{show(entry)}")
    result = page.result("files")
    head = f"unpacked {len(done.names)} files, {size(done.bytes)}, into {name}/"
    if done.skipped:
        shown = ", ".join(show(s) for s in done.skipped[:5])
        head += (
            f"; left out {len(done.skipped)} links and special files: {shown}{' ...' if len(done.skipped) > 5 else ''}"
        )
    return {**result, "text": f"{head}\n{result['text']}", "data": {"path": name, "files": len(done.names)}}
