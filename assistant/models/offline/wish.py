"""What a request comes down to: one intent and its slots."""

from __future__ import annotations

from enum import StrEnum

from assistant.types import Data


class Intent(StrEnum):
    """Everything this model can be asked for."""

    LIST = "list"
    FIND = "find"
    SEARCH = "search"
    READ = "read"
    SUMMARISE = "summarise"
    COUNT = "count"
    SIZE = "size"
    COMPARE = "compare"
    COMPUTE = "compute"
    MOVE = "move"
    RENAME = "rename"
    COPY = "copy"
    TIDY = "tidy"
    WRITE = "write"
    APPEND = "append"
    FOLDER = "folder"
    REPLACE = "replace"
    LINES = "lines"
    TODO = "todo"
    DELETE = "delete"
    RUN = "run"
    TESTS = "tests"
    GIT = "git"
    EXPLAIN = "explain"
    CONTINUE = "continue"
    UNDO = "undo"
    HELP = "help"
    WHO = "who"
    GREET = "greet"
    THANKS = "thanks"
    DECLINE = "decline"
    """The person said what not to do."""
    BARE = "bare"
    """Only a file or a piece of text, perhaps the answer to a question we asked."""
    UNKNOWN = "unknown"


class Wish(Data, frozen=True):
    """One thing the person wants. Which slots carry meaning depends on the intent; the rest stay at their defaults."""

    intent: Intent
    paths: tuple[str, ...] = ()
    """Files or folders that the person named, relative to the task's folder as typed."""
    folder: str = ""
    """Where to look; empty means the whole of the task's folder."""
    names: tuple[str, ...] = ()
    """Globs of file names."""
    text: str = ""
    """What to look for, to write, to replace, to compute, to run."""
    new: str = ""
    """What comes instead of `text`; the new ending, prefix or suffix of names; how an expression was worded."""
    dest: str = ""
    """Where something goes: a file, or a folder."""
    how: str = ""
    """A variant of the intent: an order (`size`, `newest`), a unit (`lines`), a change of names (`extension`)."""
    limit: int | None = None
    lines: tuple[int, int] | None = None
    """First and last line, from 1; negative numbers count from the end, as in (-10, -1)."""
    min_bytes: int | None = None
    max_bytes: int | None = None
    since: str = ""
    """Changed since: `3d`, `2h`, or an ISO date."""
    before: str = ""
    """Changed before: in the same forms."""
    save_to: str = ""
    """Where the answer is to be written as well."""
    missing: str = ""
    """The slot that has to be asked for."""
