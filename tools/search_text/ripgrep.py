"""The search by ripgrep: parallel, its answer put in order afterwards."""

from __future__ import annotations

import os

from hits import HELD_BYTES, LINE_BYTES, Hit, Query

from _kit.problem import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def search(query: Query, rg: str) -> tuple[list[Hit], bool]:
    """(hits, whether that is all). Raises Problem(bad_pattern) with ripgrep's own explanation."""
    argv = [
        rg,
        "--no-config",
        "--null",
        "--line-number",
        "--no-heading",
        "--with-filename",
        "--color=never",
        "--hidden",
    ]
    argv += ["--no-ignore-dot", "--no-ignore-global", "--no-ignore-exclude", "--no-ignore-parent", "--no-require-git"]
    argv += ["--no-messages", "--glob=!.git", f"--max-columns={LINE_BYTES}", "--max-columns-preview"]
    is_folder = os.path.isdir(query.path)
    if is_folder:
        os.chdir(query.path)  # globs are relative to where ripgrep starts
    argv += ["--ignore-case"] if query.ignore_case else []
    argv += ["--fixed-strings"] if query.literal else []
    argv += ["--no-ignore"] if query.everything else []
    argv += [f"--context={query.context}", "--no-context-separator"] if query.context else []
    name = query.glob.rpartition("/")[2]
    # Not --glob: it would take in what .gitignore names. A type looks at names only; the rest is compared below.
    argv += [f"--type-add=wanted:{name}", "--type=wanted"] if name and name != "**" else []
    rest = ["--regexp", query.pattern, "--", "./" if is_folder else query.path]
    out, err, status, complete = _run([*argv, *rest])
    if not complete:
        # Too much to put in order afterwards: once more, in ripgrep's own order, so that the same part is seen each time.
        out, err, status, complete = _run([*argv, "--sort=path", *rest])
    if status == 2 and err and not out:
        raise Problem("bad_pattern", _why(err, query.pattern))
    hits = _hits(out, query.path if is_folder else "")
    return list(_chosen(hits, query) if is_folder and query.glob else hits), complete


def _chosen(hits: Iterator[Hit], query: Query) -> Iterator[Hit]:
    """The hits in files whose path below the start fits the glob."""
    from _kit.names import matcher

    fits = matcher(query.glob)
    start = len(query.path.rstrip("/")) + 1
    last, chosen = "", False
    for hit in hits:
        if hit.path != last:
            last, chosen = hit.path, fits(os.path.normpath(hit.path)[start:]) is not None
        if chosen:
            yield hit


def _run(argv: list[str]) -> tuple[bytes, bytes, int, bool]:
    """Standard output, standard error, exit status, whether all output was read."""
    # Not `subprocess`: importing it costs as much as starting the interpreter.
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    null = os.open(os.devnull, os.O_RDONLY)
    actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, out_write, 1), (os.POSIX_SPAWN_DUP2, err_write, 2)]
    pid = os.posix_spawn(argv[0], [os.fsencode(a) for a in argv], os.environ, file_actions=actions)
    for fd in (out_write, err_write, null):
        os.close(fd)
    out, complete = _read(out_read, HELD_BYTES)
    os.close(out_read)
    err, _ = _read(err_read, 4096)
    os.close(err_read)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if not complete:
        out = out[: out.rfind(b"\n") + 1]
    return out, err, status, complete


def _read(fd: int, limit: int) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    held = 0
    while held <= limit:
        part = os.read(fd, 1 << 20)
        if not part:
            return b"".join(parts), True
        parts.append(part)
        held += len(part)
    return b"".join(parts), False


def _hits(out: bytes, folder: str) -> Iterator[Hit]:
    """The hits in what ripgrep printed: `path NUL number : text LF`, where the path may hold line feeds itself."""
    at = 0
    while (nul := out.find(b"\0", at)) >= 0:
        end = out.find(b"\n", nul)
        end = len(out) if end < 0 else end
        path = out[at:nul]
        # A remark of ripgrep (that it stopped in a binary file) stands on a line of its own, without a NUL.
        while b"\n" in path and not os.path.lexists(path):
            path = path.partition(b"\n")[2]
        colon = out.find(b":", nul, end)
        dash = out.find(b"-", nul, end)
        matched = colon >= 0 and (dash < 0 or colon < dash)
        mark = colon if matched else dash
        if mark >= 0 and out[nul + 1 : mark].isdigit():
            yield Hit(os.path.join(folder, os.fsdecode(path)), int(out[nul + 1 : mark]), out[mark + 1 : end], matched)
        at = end + 1


def _why(err: bytes, pattern: str) -> str:
    lines = [line.strip() for line in err.decode("utf-8", "replace").splitlines()]
    reason = next(
        (line.removeprefix("error: ") for line in reversed(lines) if line.startswith("error:")), lines[-1][:200]
    )
    return f"the pattern `{pattern[:100]}` can't be understood: {reason}; literal=true takes it as plain text"
