"""File names and patterns: shown safely, found again, matched.

A name may hold any byte but `/` and NUL. What a person or a model reads shows each byte that is no printable UTF-8 as
`\\xNN`, and a path that is written that way is understood again when nothing has that very name. Only bytes that are no
printable ASCII can be written so: a policy about `.git` sees every `.git`.
"""

from __future__ import annotations

import os

from _kit.problem import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def show(path: str | bytes) -> str:
    """`path` on one line, printable, every odd byte as `\\xNN`."""
    text = os.fsdecode(path)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(char: str) -> str:
    return "".join(f"\\x{b:02x}" for b in char.encode("utf-8", "surrogateescape"))


def locate(path: str) -> str:
    """The path that was meant: `path` itself, or what its `\\xNN` escapes stand for when only that exists.

    Raises Problem(bad_path) for a path with a NUL.
    """
    if "\0" in path:
        raise Problem("bad_path", "a path can't hold a NUL character")
    if "\\x" not in path or os.path.lexists(path):
        return path
    return _unescape(path)


def _unescape(path: str) -> str:
    head, *rest = path.split("\\x")
    raw = os.fsencode(head)
    for part in rest:
        try:
            byte = int(part[:2], 16) if len(part) >= 2 and part[:2].isalnum() else -1
        except ValueError:
            byte = -1
        # Printable ASCII is never shown escaped, so it is never read escaped: no second spelling of a plain name.
        if byte > 0 and not 0x20 <= byte < 0x7F:
            raw += bytes([byte]) + os.fsencode(part[2:])
        else:
            raw += b"\\x" + os.fsencode(part)
    return os.fsdecode(raw)


def within(path: str, folder: str) -> str:
    """`path` as the model reads it: relative to the task's folder when it lies inside, escaped."""
    if path == folder:
        return "."
    prefix = folder.rstrip("/") + "/"
    return show(path[len(prefix) :] if path.startswith(prefix) else path)


def absolute(path: str, folder: str) -> str:
    """`path` taken relative to the task's folder, without `..` and `//`. Links are left as they are."""
    return os.path.normpath(os.path.join(folder, path))


def inner(pattern: str, folder: str) -> str:
    """`pattern` without the task's own path, whose name may hold `[` or `*` that are no wildcards."""
    if pattern == folder:
        return "."
    return pattern.removeprefix(folder.rstrip("/") + "/")


def split_pattern(pattern: str, folder: str) -> tuple[str, str]:
    """A pattern as (folder where the search starts, rest relative to it).

    The task's own path is taken as it is, not as a pattern: its name may hold `[` or `*`. The start takes in all leading
    parts without wildcards, so that `src/*.py` doesn't walk everything.
    """
    full = pattern if pattern.startswith("/") else f"{folder.rstrip('/')}/{pattern}"
    prefix = folder.rstrip("/") + "/"
    base, rest = (folder, full[len(prefix) :]) if full.startswith(prefix) else ("/", full.lstrip("/"))
    parts = [p for p in rest.split("/") if p not in ("", ".")]
    if ".." in parts:
        raise Problem("bad_path", f"the pattern `{show(pattern)}` may not hold `..`")
    while len(parts) > 1 and not has_wildcard(parts[0]):
        base = os.path.join(base, parts.pop(0))
    return base, "/".join(parts)


def has_wildcard(pattern: str) -> bool:
    """Whether it holds `*`, `?`, `[` or `{`."""
    return any(c in pattern for c in "*?[{")


def matcher(pattern: str, *, ignore_case: bool = False) -> Callable[[str], tuple[str, ...] | None]:
    """A function that tells whether a relative path fits a glob; it returns what each wildcard stood for, or None.

    `*` and `?` stay inside one name, `**` crosses folders, `[a-z]` and `{a,b}` as usual. A pattern without `/` is
    compared with the last name only.
    """
    import re  # 5 ms: only tools that match patterns pay it

    text = to_regex(pattern)
    try:
        regex = re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    except re.error as error:
        raise Problem("bad_pattern", f"the pattern `{show(pattern)}` can't be understood: {error}") from error
    name_only = "/" not in pattern

    def match(path: str) -> tuple[str, ...] | None:
        found = regex.fullmatch(path.rpartition("/")[2] if name_only else path)
        return None if found is None else tuple(g or "" for g in found.groups())

    return match


def to_regex(pattern: str) -> str:
    """The regular expression of a glob, one group for each wildcard."""
    out: list[str] = []
    i, depth = 0, 0
    while i < len(pattern):
        char = pattern[i]
        if pattern.startswith("**/", i):
            out.append("((?:[^/]+/)*)")
            i += 3
            continue
        if pattern.startswith("**", i):
            out.append("(.*)")
            i += 2
            continue
        i += 1
        if char == "*":
            out.append("([^/]*)")
        elif char == "?":
            out.append("([^/])")
        elif char == "[" and (end := pattern.find("]", i + 1)) > 0:
            body = pattern[i:end].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"([{'^' + body[1:] if body[0] in '!^' else body}])")
            i = end + 1
        elif char == "{" and "}" in pattern[i:]:
            depth += 1
            out.append("(")
        elif char == "}" and depth:
            depth -= 1
            out.append(")")
        elif char == "," and depth:
            out.append("|")
        else:
            out.append(char if char.isalnum() or char in "_/" else "\\" + char)
    return "".join(out)
