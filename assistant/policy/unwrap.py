"""Programs that run other programs: which of their arguments are the command that really runs.

Sources: the manual pages of GNU coreutils, findutils, util-linux, sudo, the POSIX shell and Bash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from assistant.types import Data

_DYNAMIC = "\ufffd"
SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "fish"})
_EVALUATORS = frozenset({"python", "python3", "perl", "ruby", "node", "php", "lua", "tclsh", "osascript"})

# Wrapper → its options that take a value in the next word. Options are skipped, then `_SKIPPED` plain words, the rest runs.
_WRAPPERS: Mapping[str, frozenset[str]] = {
    "command": frozenset(), "builtin": frozenset(), "exec": frozenset({"-a"}), "nohup": frozenset(),
    "nice": frozenset({"-n", "--adjustment"}), "ionice": frozenset({"-c", "-n", "-t", "--class", "--classdata"}),
    "time": frozenset({"-f", "-o", "--format", "--output"}), "timeout": frozenset({"-k", "-s", "--kill-after", "--signal"}),
    "stdbuf": frozenset({"-i", "-o", "-e", "--input", "--output", "--error"}), "setsid": frozenset(), "unbuffer": frozenset(),
    "env": frozenset({"-u", "-C", "--unset", "--chdir"}), "chrt": frozenset({"-p"}), "taskset": frozenset({"-c"}),
    "xargs": frozenset({"-a", "-d", "-E", "-I", "-L", "-n", "-P", "-s", "--arg-file", "--delimiter", "--max-args", "--max-procs",
                        "--max-lines", "--replace", "--eof", "--max-chars"}),
    "sudo": frozenset({"-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U", "-r", "-t", "--user", "--group", "--host", "--chdir"}),
    "doas": frozenset({"-u", "-C"}), "pkexec": frozenset({"--user"}), "watch": frozenset({"-n", "-d", "--interval"}),
    "strace": frozenset({"-e", "-o", "-p", "-s"}), "ltrace": frozenset({"-e", "-o"}), "entr": frozenset(), "caffeinate": frozenset(),
    "faketime": frozenset({"-f"}), "unshare": frozenset(), "proxychains": frozenset({"-f"}), "torsocks": frozenset(),
    "firejail": frozenset(), "systemd-run": frozenset({"-u", "-p"}), "busybox": frozenset(), "toybox": frozenset(),
    "flock": frozenset({"-w", "-E"}), "chronic": frozenset(), "ts": frozenset(), "uv run": frozenset({"--with", "-p", "--python"}),
}  # fmt: skip
_SKIPPED = {"timeout": 1, "chrt": 1, "taskset": 1, "faketime": 1, "flock": 1}
_SUBCOMMANDED = frozenset(
    {"git", "gh", "docker", "podman", "npm", "pip", "pip3", "kubectl", "aws", "cargo", "apt", "apt-get", "brew"}
)
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_GLOB = re.compile(r"[*?\[\]{}]")


class Opened(Data, frozen=True):
    """What a command runs besides itself."""

    commands: tuple[list[str], ...] = ()
    scripts: tuple[str, ...] = ()
    """Shell text."""
    unclear: str = ""


def is_unclear_name(name: str) -> bool:
    """Whether only the shell will know which program a name means."""
    return not name or _DYNAMIC in name or (name not in ("[", "[[", "{", "}") and bool(_GLOB.search(name)))


def hides_subcommand(name: str, words: list[str]) -> bool:
    """`git $x`: what it does can't be read. Options that define commands of their own hide it too."""
    if name not in _SUBCOMMANDED:
        return False
    for item in words[1:]:
        if _DYNAMIC in item or (name == "git" and item.lower().startswith(("alias.", "--exec-path="))):
            return True
        if item == "-c" or item.startswith("--config"):
            continue
        if "=" in item and re.match(
            r"(?i)^(alias|core\.(?:sshcommand|pager|editor|fsmonitor|hookspath)|diff\.external)", item
        ):
            return True
        if not item.startswith("-"):
            return bool(_GLOB.search(item))
    return False


def opened(name: str, words: list[str]) -> Opened:
    """The commands and scripts that `words` would run, one layer deep."""
    if name in SHELLS:
        return _shell(words)
    if name == "eval":
        text = " ".join(words[1:])
        return (
            Opened(unclear="`eval` of text that only the shell will know")
            if _DYNAMIC in text
            else Opened(scripts=(text,))
        )
    if name in ("source", "."):
        return Opened(unclear="`source` of a file")
    if name == "trap" and len(words) > 2:
        return Opened(scripts=(words[1],), unclear="`trap` of unknown text" if _DYNAMIC in words[1] else "")
    if name in ("find", "fd", "fdfind"):
        return _find(words)
    if name == "env" and any(w in ("-S", "--split-string") or w.startswith(("-S", "--split-string=")) for w in words):
        return _env_split(words)
    if name in _WRAPPERS:
        return _wrapped(name, words)
    return Opened()


def _shell(words: list[str]) -> Opened:
    for place, item in enumerate(words[1:], 1):
        if item.startswith("-") and not item.startswith("--") and "c" in item:
            script = words[place + 1] if place + 1 < len(words) else ""
            if _DYNAMIC in script:
                return Opened(
                    scripts=(script.replace(_DYNAMIC, "$_"),), unclear="a shell runs text that only it will know"
                )
            return Opened(scripts=(script,))
        if _DYNAMIC in item:
            return Opened(unclear="a shell runs a file that only it will know")
    return Opened()


def _find(words: list[str]) -> Opened:
    commands: list[list[str]] = []
    place = 0
    while place < len(words):
        if words[place] in ("-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch"):
            end = place + 1
            while end < len(words) and words[end] not in (";", "\\;", "+"):
                end += 1
            if words[place + 1 : end]:
                commands.append(words[place + 1 : end])
            place = end
        place += 1
    unclear = "`find` with arguments that only the shell will know" if any(w == _DYNAMIC for w in words[2:]) else ""
    return Opened(tuple(commands), unclear=unclear)


def _env_split(words: list[str]) -> Opened:
    for place, item in enumerate(words):
        if item in ("-S", "--split-string"):
            return Opened(scripts=(" ".join(words[place + 1 :]),))
        if item.startswith(("-S", "--split-string=")):
            first = item.removeprefix("--split-string=").removeprefix("-S")
            return Opened(scripts=(" ".join([first, *words[place + 1 :]]),))
    return Opened()


def _wrapped(name: str, words: list[str]) -> Opened:
    takes = _WRAPPERS[name]
    skip = _SKIPPED.get(name, 0)
    place = 1
    while place < len(words):
        item = words[place]
        if item == "--":
            place += 1
        elif item.startswith("-") and len(item) > 1:
            place += 2 if item in takes else 1
            continue
        elif name in ("env", "sudo", "doas") and _ASSIGNMENT.match(item):
            place += 1
            continue
        elif skip:
            skip -= 1
            place += 1
            continue
        break
    inner = words[place:]
    if not inner:
        return Opened()
    if name in ("watch", "flock") and " " in inner[0]:
        return Opened(scripts=(" ".join(inner),))
    if name == "flock" and inner[0] == "-c":
        return Opened(scripts=(" ".join(inner[1:]),))
    unclear = ""
    if name == "xargs" and len(inner) == 1 and inner[0].rpartition("/")[2] in SHELLS | _SUBCOMMANDED:
        unclear = f"`xargs {inner[0]}` with arguments that are read from elsewhere"
    elif name == "xargs" and inner[0].rpartition("/")[2] in SHELLS:
        unclear = "a shell runs text that is read from elsewhere"
    return Opened((inner,), unclear=unclear)


def reads_commands(words: list[str]) -> bool:
    """Whether the command takes what it reads on standard input as commands."""
    while words:
        name = words[0].rpartition("/")[2]
        rest = words[1:]
        if name in ("source", ".", "eval", "at", "batch", "parallel"):
            return True
        if name == "xargs":
            inner = _wrapped(name, words).commands
            return bool(inner) and (inner[0][0].rpartition("/")[2] in SHELLS | _EVALUATORS)
        if name in SHELLS | _EVALUATORS:
            plain = [w for w in rest if not w.startswith("-") or w == "-"]
            has_script = any(w.startswith("-") and not w.startswith("--") and w[-1:] in ("c", "e", "m") for w in rest)
            stdin_file = any(w in ("-", "/dev/stdin", "/proc/self/fd/0") for w in rest) or "-s" in rest
            return stdin_file or not (plain or has_script)
        if name not in _WRAPPERS:
            return False
        inner = _wrapped(name, words).commands
        if not inner:
            return False
        words = inner[0]
    return False
