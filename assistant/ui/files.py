"""Fuzzy search over the file names of a folder. Blocking: call from a thread."""

from __future__ import annotations

import os
import re
import time

MAX_FILES = 50_000
FRESH_S = 10.0
SKIP = {
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    "__pycache__",
    ".venv",
    "venv",
    ".mypy_cache",
    ".pytest_cache",
    ".tox",
    "target",
}
"""Folders that hold thousands of files nobody mentions."""

_cache: dict[str, tuple[float, list[str]]] = {}


def search(folder: str, wanted: str, limit: int) -> list[str]:
    """At most `limit` paths, relative to `folder`, whose letters contain those of `wanted` in order; best first.

    Best: matches in the file's own name before matches in its folders, tight matches before loose, short before long.
    """
    paths = _paths(folder)
    if not wanted:
        return sorted(paths, key=lambda p: (p.count("/"), p))[:limit]
    pattern = re.compile(".*?".join(re.escape(c) for c in wanted), re.IGNORECASE)
    scored: list[tuple[int, int, int, str]] = []
    for path in paths:
        name_at = path.rfind("/", 0, -1) + 1
        found = pattern.search(path, name_at)
        in_name = found is not None
        found = found or pattern.search(path)
        if found is not None:
            scored.append((not in_name, found.end() - found.start() + (found.start() > name_at), len(path), path))
    return [path for _a, _b, _c, path in sorted(scored)[:limit]]


def _paths(folder: str) -> list[str]:
    now = time.monotonic()
    cached = _cache.get(folder)
    if cached and now - cached[0] < FRESH_S:
        return cached[1]
    paths: list[str] = []
    for root, dirs, names in os.walk(folder):
        dirs[:] = sorted(d for d in dirs if d not in SKIP)
        base = os.path.relpath(root, folder)
        prefix = "" if base == "." else base + "/"
        paths += [f"{prefix}{d}/" for d in dirs]
        paths += [prefix + name for name in names]
        if len(paths) > MAX_FILES:
            break
    _cache.clear()  # one folder at a time is enough, and memory stays small
    _cache[folder] = (now, paths)
    return paths
