"""A log with a known content: single commits, groups, contents, erasures, in a home of its own."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.audit.log import Draft, Log
from assistant.audit.trust import Trust
from assistant.audit.verification import Verification
from assistant.audit.verify import evidence_of, verify
from assistant.config import Paths, find_paths

SINGLES = 30
GROUP = 10
ENTRIES = SINGLES + 2 * GROUP
"""The log of `copy`: 30 commits of one entry, two of ten."""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Where a log of this test lives."""
    return find_paths({"ASSISTANT_HOME": str(tmp_path / "home")})


@pytest.fixture
def log(paths: Paths) -> Iterator[Log]:
    """An open, empty log."""
    with closing(Log.open(paths)) as opened:
        yield opened


def fill(log: Log) -> None:
    """30 single commits, every third with a content, then two groups of ten."""
    for i in range(SINGLES):
        blobs = {"message": f"content {i}".encode()} if i % 3 == 0 else {}
        log.append("message", f"task{i % 4}", {"role": "user", "number": i}, blobs=blobs)
    for group in range(2):
        log.append_many(
            [Draft("intent", "task1", {"call": f"c{group}-{i}", "tool": "read_file"}) for i in range(GROUP)]
        )


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed log that nobody changes: copy it."""
    home = tmp_path_factory.mktemp("sample")
    with closing(Log.open(find_paths({"ASSISTANT_HOME": str(home)}))) as opened:
        fill(opened)
    return home


class Copy:
    """A copy of the sample that may be spoilt."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.db = home / "data" / "log.db"
        self.trust = home / "trust"
        self.paths = find_paths({"ASSISTANT_HOME": str(home)})

    def run(self, sql: str, *values: object) -> None:
        """Change the database behind the log's back."""
        with closing(sqlite3.connect(self.db)) as connection, connection:
            connection.execute(sql, values)

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Read the database."""
        with closing(sqlite3.connect(self.db)) as connection:
            return connection.execute(sql, values).fetchall()

    def body(self, seq: int) -> str:
        """The stored text of an entry."""
        return str(self.rows("SELECT body FROM entries WHERE seq=?", seq)[0][0])

    def settle(self) -> None:
        """Move the WAL into the database."""
        with closing(sqlite3.connect(self.db)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def verify(self) -> Verification:
        """Verify against the trust folder."""
        return verify(self.db, evidence_of(Trust(self.trust)))


@pytest.fixture
def copy(sample: Path, tmp_path: Path) -> Copy:
    """A fresh copy of the sample."""
    shutil.copytree(sample, tmp_path / "copy")
    return Copy(tmp_path / "copy")
