"""One change as text: a unified diff, or one plain sentence where a diff would say nothing."""

from __future__ import annotations

import os

from assistant.sandbox.stage.hunks import CONTEXT, lines_of
from assistant.sandbox.stage.seen import unquote
from assistant.sandbox.stage.tree import Tree
from assistant.types import Change
from assistant.visible import one_line

MAX_BYTES = 1 << 20
_MAX_LINES = 20_000


def diff_text(change: Change, real: Tree, content: Tree, before_target: str, after_target: str) -> str:
    """What a person reads. Link targets are quoted as in Seen. Content is given as it is: whoever shows it makes it safe."""
    name = one_line(change.path)
    if change.kind == "renamed":
        return f"renamed from {one_line(change.old_path)} to {name}, content unchanged\n"
    if change.kind == "link" and change.type == "file":
        return f"{name} becomes a further name of {one_line(change.old_path)}\n"
    if change.kind == "mode":
        return f"{name}: mode {change.before_mode or 0:04o} becomes {change.after_mode or 0:04o}\n"
    if change.type != "file":
        return _other(change, name, unquote(before_target), unquote(after_target))
    before = read_small(real, change.path) if change.kind != "created" and change.before_sha256 else b""
    after = read_small(content, change.path) if change.kind != "deleted" else b""
    if before is None or after is None:
        return f"{name}: {change.kind}, too large for a diff ({change.size_bytes:,} bytes)\n"
    try:
        old, new = before.decode("utf-8"), after.decode("utf-8")
    except UnicodeDecodeError:
        old = new = "\0"
    if "\0" in old or "\0" in new:
        return f"{name}: binary, {change.kind} ({len(before):,} bytes before, {len(after):,} after)\n"
    if old.count("\n") + new.count("\n") > _MAX_LINES:
        return f"{name}: {change.kind}, too long for a diff ({old.count(chr(10)):,} lines before, {new.count(chr(10)):,} after)\n"
    return unified(name, old, new, change)


def unified(name: str, old: str, new: str, change: Change) -> str:
    """A unified diff, the change of mode above it; one sentence for equal texts."""
    import difflib  # 6 ms that only a diff needs

    lines = difflib.unified_diff(
        lines_of(old),
        lines_of(new),
        "/dev/null" if change.kind == "created" else f"a/{name}",
        "/dev/null" if change.kind == "deleted" else f"b/{name}",
        n=CONTEXT,
    )
    out = [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]
    if change.before_mode is not None and change.after_mode is not None and change.before_mode != change.after_mode:
        out.insert(0, f"{name}: mode {change.before_mode:04o} becomes {change.after_mode:04o}\n")
    return "".join(out) or f"{name}: {change.kind}, empty\n"


def _other(change: Change, name: str, before: str, after: str) -> str:
    if change.type == "symlink":
        if change.kind == "deleted":
            return f"link {name} to {one_line(before)} deleted\n"
        was = f" (was to {one_line(before)})" if before else ""
        return f"link {name} to {one_line(after)}{was}\n"
    word = {"dir": "folder"}.get(change.type, change.type)
    return f"{word} {name} {change.kind}\n"


def read_small(tree: Tree, path: str) -> bytes | None:
    """A file's bytes; empty when there is none, None when it is larger than a diff is good for. Raises OSError."""
    found = tree.lstat(path)
    if found is None:
        return b""
    if found.st_size > MAX_BYTES:
        return None
    fd = tree.open(path)
    try:
        data = bytearray()
        while len(data) <= MAX_BYTES and (chunk := os.read(fd, MAX_BYTES)):
            data += chunk
    finally:
        os.close(fd)
    return bytes(data) if len(data) <= MAX_BYTES else None
