"""Kits: named starting sets of tools for a task, one TOML file each (`data/kits/`, and the person's own)."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from assistant.errors import UsageError
from assistant.types import Data
from assistant.visible import one_line


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


def find_kit(kits: dict[str, Kit], name: str) -> Kit:
    """Raises UsageError naming those there are."""
    if name not in kits:
        raise UsageError(f"there is no kit `{one_line(name, 60)}`", hint=f"kits: {', '.join(sorted(kits))}")
    return kits[name]
