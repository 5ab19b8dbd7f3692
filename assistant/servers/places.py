"""Which host folders a server's room must show for its program to start, and nothing more. Looks at paths only.

A program below `/usr` needs none. One in a virtual environment or in `node_modules` needs that, and its interpreter.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from assistant.errors import UsageError
from assistant.servers.config import ServerConfig

_SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/sbin", "/etc", "/opt")


def resolve_command(config: ServerConfig) -> str:
    """The program's path. Raises UsageError when it does not exist."""
    found = shutil.which(str(Path(config.command).expanduser()))
    if found is None:
        raise UsageError(
            f"server `{config.name}`: the program `{config.command}` is not installed",
            hint="install it, or give its full path",
        )
    return os.path.abspath(found)  # noqa: PTH100  # links stay: a virtual environment is known by its link


def needed_folders(config: ServerConfig) -> tuple[str, ...]:
    """Folders shown read-only: of the program, of scripts among its arguments, and those that the person granted.

    Raises UsageError for a program that does not exist and for a grant that opens a whole home.
    """
    found: list[Path] = []
    if config.command:
        program = Path(resolve_command(config))
        found += [*_homes(program), *_homes(program.resolve()), *_interpreter(program)]
        for word in config.args:
            path = Path(word).expanduser()
            if path.is_absolute() and path.is_file():
                found += _homes(path)
    for word in config.grants.folders:
        path = Path(word).expanduser()
        if not path.is_absolute() or not path.exists():
            raise UsageError(
                f"server `{config.name}`: the granted folder `{word}` does not exist", hint="give a full path"
            )
        found.append(path.resolve())
    home = Path.home().resolve()
    for path in found:
        if path == home or path in home.parents:
            raise UsageError(
                f"server `{config.name}` would see your whole home `{path}`",
                hint="move its program into a folder of its own",
            )
    kept = dict.fromkeys(str(p) for p in found if not f"{p}/".startswith(tuple(f"{s}/" for s in _SYSTEM)))
    return tuple(kept)


def needed_hosts(config: ServerConfig) -> tuple[str, ...]:
    """What the egress proxy lets through: the server's own host, and what was granted."""
    own: tuple[str, ...] = ()
    if config.url:
        parts = urlsplit(config.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = parts.hostname or ""
        own = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}",)
    return (*own, *(h for h in config.grants.hosts if h not in own))


def _homes(program: Path) -> Iterator[Path]:
    """What a program or script needs beside itself."""
    parts = program.parts
    if "node_modules" in parts:
        yield Path(*parts[: parts.index("node_modules") + 1])
        return
    folder = program.parent
    for above in (folder, *folder.parents):
        if (above / "pyvenv.cfg").is_file():
            yield above
            yield from _base_python(above)
            return
        if (above / "package.json").is_file() or (above / "pyproject.toml").is_file():
            yield above
            return
    yield folder.parent if folder.name == "bin" and folder.parent != Path("/") else folder


def _base_python(venv: Path) -> Iterator[Path]:
    for line in (venv / "pyvenv.cfg").read_text(errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            home = Path(value.strip())
            yield (home.parent if home.name == "bin" else home).resolve()
    real = (venv / "bin" / "python").resolve()
    if real.parent.name == "bin":
        yield real.parent.parent


def _interpreter(program: Path) -> Iterator[Path]:
    """Of a script: what its first line names, or finds on PATH."""
    try:
        with program.open("rb") as stream:
            first = stream.readline(512)
    except OSError:
        return
    if not first.startswith(b"#!"):
        return
    words = first[2:].decode(errors="replace").split()
    if words and Path(words[0]).name == "env":
        words = [w for w in words[1:] if not w.startswith("-")]
    found = shutil.which(words[0]) if words else None
    if found:
        yield from _homes(Path(found))
        yield from _homes(Path(found).resolve())
