"""Kits: named starting sets of tools for a task, one TOML file each (`data/kits/`, and the person's own)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from assistant.errors import UsageError
from assistant.types import Data, plain
from assistant.visible import one_line

NAME = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
"""Of a kit that a person saves: it is a file's name and typed after `--kit`."""


class Kit(Data, frozen=True):
    """A starting set. `title` and `description` by language (`en`, `zh`)."""

    name: str
    title: dict[str, str]
    tools: tuple[str, ...]
    description: dict[str, str] = {}


def load_kits(folders: Sequence[Path]) -> dict[str, Kit]:
    """All kits by name; a later folder's kit replaces an earlier one of the same name. Raises UsageError naming the file."""
    kits: dict[str, Kit] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.toml")) if folder.is_dir() else []:
            try:
                kit = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Kit)
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
                raise UsageError(f"`{file}` is not a kit: {error}") from error
            kits[kit.name] = kit
    return kits


def own_kit(folder: Path, name: str) -> Path:
    """The file of the person's own kit `name` in `folder`. Raises UsageError for what can be no name."""
    if not NAME.match(name):
        raise UsageError(
            f"`{one_line(name, 40)}` can't name a kit", hint="small letters, digits and `-`, at most 32, a letter first"
        )
    return folder / f"{name}.toml"


def write_kit(folder: Path, kit: Kit) -> None:
    """Write the person's own kit, in one step. Raises UsageError."""
    import tomlkit  # 15 ms: only for those who save one

    file = own_kit(folder, kit.name)
    fresh = file.with_suffix(".new")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh.write_text(tomlkit.dumps(plain(kit)), encoding="utf-8")  # pyright: ignore[reportUnknownMemberType]  # untyped
        fresh.replace(file)
    except OSError as error:
        raise UsageError(f"`{file}` can't be written: {error}", hint="nothing was saved") from error


def remove_kit(folder: Path, name: str) -> None:
    """Delete the file of the person's own kit. Raises UsageError."""
    file = own_kit(folder, name)
    try:
        file.unlink()
    except OSError as error:
        raise UsageError(f"`{file}` can't be deleted: {error}") from error


def find_kit(kits: dict[str, Kit], name: str) -> Kit:
    """Raises UsageError naming those there are."""
    if name not in kits:
        raise UsageError(f"there is no kit `{one_line(name, 60)}`", hint=f"kits: {', '.join(sorted(kits))}")
    return kits[name]
