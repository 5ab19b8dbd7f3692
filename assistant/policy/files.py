"""Policy files as text with the layer they belong to, and their statements with line numbers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from enum import StrEnum

from assistant.types import Data


class Layer(StrEnum):
    """Who wrote a file, most trusted first. The order is also the order of evaluation for messages."""

    SHIPPED = "shipped"
    ORGANISATION = "organisation"
    USER = "user"
    PROJECT = "project"
    """A file of the task's folder: anyone may have written it, so it may only forbid."""


class PolicyFile(Data, frozen=True):
    """One file. `name` is its path below the layer's folder, with `/`.

    Shipped names have a meaning: `schema.cedarschema`, `base.cedar`, `autonomy/LEVEL.cedar`, `packs/PACK.cedar`. In every
    layer, a file named `packs` lists packs to turn on, one a line.
    """

    layer: Layer
    name: str
    text: str

    @property
    def path(self) -> str:
        """How messages name it."""
        return f"{self.layer}/{self.name}"


class Problem(Data, frozen=True):
    """Something wrong with a file. `broken` problems close the door: see `Engine`."""

    file: str
    line: int
    message: str
    hint: str = ""
    broken: bool = True

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class Statement(Data, frozen=True):
    """The text of one policy with the line of its first sign (1 is the first line)."""

    text: str
    line: int


_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|;|\S', re.DOTALL)


def statements(text: str) -> list[Statement]:
    """Split Cedar text at each `;` outside strings and comments. What follows the last one is a statement too."""
    found: list[Statement] = []
    start = -1
    for token in _TOKEN.finditer(text):
        if token[0].startswith("//"):
            continue
        if start < 0:
            start = token.start()
        if token[0] == ";":
            found.append(Statement(text[start : token.end()], text.count("\n", 0, start) + 1))
            start = -1
    if start >= 0:
        found.append(Statement(text[start:], text.count("\n", 0, start) + 1))
    return found


def sha256(files: Iterable[PolicyFile]) -> str:
    """The name of a set of files: its layers, names and texts, in order."""
    hashed = hashlib.sha256()
    for file in files:
        for part in (file.layer.value, file.name, file.text):
            raw = part.encode("utf-8", "surrogateescape")
            hashed.update(len(raw).to_bytes(8, "big") + raw)
    return hashed.hexdigest()
