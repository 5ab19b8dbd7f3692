"""Finds what paths and patterns name: everything must be there, nothing is taken twice."""

from __future__ import annotations

import os

from _kit.names import absolute, has_wildcard, inner, locate, matcher, show, split_pattern, within
from _kit.problem import Problem, from_os_error
from _kit.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def select(given: Sequence[str], folder: str, *, or_folder: bool = False) -> list[str]:
    """Absolute paths that exist, sorted. What lies in a selected folder is not listed again.

    Raises Problem: not_found for a name or pattern that fits nothing, bad_path for the task's folder itself (unless
    `or_folder`) and for what holds it.
    """
    wanted: dict[str, None] = {}
    for item in given:
        wanted.update(dict.fromkeys(_one(item, folder, or_folder)))
    return sorted((p for p in wanted if not _covered(p, wanted)), key=os.fsencode)


def _covered(path: str, wanted: dict[str, None]) -> bool:
    parent = os.path.dirname(path)
    while parent not in ("/", ""):
        if parent in wanted and not os.path.islink(parent):
            return True
        parent = os.path.dirname(parent)
    return False


def _one(given: str, folder: str, or_folder: bool) -> list[str]:
    given = inner(given, folder)
    path = locate(absolute(given, folder))
    if (path == folder and not or_folder) or folder.startswith(path.rstrip("/") + "/"):
        raise Problem("bad_path", f"`{show(given)}` is the task's folder, or holds it; name what is meant in it")
    if os.path.lexists(path):
        return [path]
    if not has_wildcard(given):
        raise Problem("not_found", f"`{within(path, folder)}` does not exist; nothing was done")
    found = [path for path, _, _ in by_pattern(given, folder)]
    if not found:
        raise Problem("not_found", f"nothing fits `{show(given)}`; nothing was done")
    return found


def by_pattern(pattern: str, folder: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """(path, name, what each wildcard stood for) of all that fits. A pattern without `**` stays in its own folder.

    `.git` is never entered by a pattern: naming it in full is the only way in.
    """
    base, rest = split_pattern(pattern, folder)
    fits = matcher(f"/{rest}")
    try:
        return [
            (found.path, found.entry.name, parts)
            for found in Walk(base, everything=True)
            if (parts := fits(f"/{found.relative}")) is not None and ".git" not in found.relative.split("/")
        ]
    except OSError as error:
        raise from_os_error(error, within(base, folder)) from error
