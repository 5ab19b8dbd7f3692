"""Data files as tables of one DuckDB database in memory."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from _kit.files import open_file
from _kit.names import show
from _kit.problem import Problem
from _kit.text import media_type

MEMORY = "2GB"
THREADS = 2
SHEET_CELLS = 20_000_000

_READERS = {
    ".csv": "read_csv({path}, sample_size=20000)",
    ".tsv": "read_csv({path}, sample_size=20000)",
    ".txt": "read_csv({path}, sample_size=20000)",
    ".gz": "read_csv({path}, sample_size=20000)",
    ".json": "read_json({path})",
    ".jsonl": "read_json({path}, format='newline_delimited')",
    ".ndjson": "read_json({path}, format='newline_delimited')",
    ".parquet": "read_parquet({path})",
}
_SHEETS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
_SQLITE = {".sqlite", ".sqlite3", ".db"}


class Tables:
    """`connection` holds a table or view for each file; `names` lists them with the file each came from."""

    def __init__(self, paths: list[str]) -> None:
        self.duckdb: Any = import_module("duckdb")
        self.connection: Any = self.duckdb.connect(":memory:")
        self.names: list[tuple[str, str]] = []
        for line in (
            f"SET memory_limit='{MEMORY}'",
            f"SET threads={THREADS}",
            "SET temp_directory='/tmp/duckdb'",
            "SET autoinstall_known_extensions=false",
            "SET autoload_known_extensions=false",
            "SET allow_community_extensions=false",
        ):
            self.connection.execute(line)
        for path in paths:
            self._add(path)
        self.connection.execute("SET lock_configuration=true")

    def query(self, sql: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """(columns, rows as they come). Raises Problem(bad_query) with what DuckDB says."""
        try:
            cursor = self.connection.execute(sql)
            description: list[Any] = cursor.description or []
            columns = [str(c[0]) for c in description]
        except self.duckdb.Error as error:
            raise self._problem(error) from error
        return columns, self._rows(cursor)

    def _rows(self, cursor: Any) -> Iterator[tuple[Any, ...]]:
        try:
            while rows := cursor.fetchmany(1000):
                yield from rows
        except self.duckdb.Error as error:
            raise self._problem(error) from error

    def _problem(self, error: Exception) -> Problem:
        known = ", ".join(name for name, _ in self.names)
        return Problem("bad_query", f"{str(error).strip()[:600]}\n[tables: {known}]")

    def _add(self, path: str) -> None:
        fd, _, path = open_file(path)
        head = os.pread(fd, 64, 0)
        os.close(fd)
        stem, suffix = os.path.splitext(os.path.basename(path))
        suffix = suffix.lower()
        if suffix in _SQLITE or media_type(head) == "application/vnd.sqlite3":
            self._add_sqlite(path, stem)
        elif suffix in _SHEETS:
            self._add_sheets(path, stem)
        elif suffix in _READERS:
            quoted = "'" + path.replace("'", "''") + "'"
            # A glob in DuckDB's paths would read other files than the one that was named.
            if set(path) & set("*?["):
                quoted = "'" + re.sub(r"([*?\[])", r"[\1]", path).replace("'", "''") + "'"
            self._create(self._free(stem), "VIEW", _READERS[suffix].format(path=quoted), path)
        else:
            raise Problem(
                "bad_document",
                f"`{show(path)}` is no data file that can be queried (csv, tsv, json, jsonl, parquet, xlsx, sqlite)",
            )

    def _create(self, name: str, what: str, source: str, path: str) -> None:
        try:
            self.connection.execute(f"CREATE {what} {_quoted(name)} AS SELECT * FROM {source}")
        except self.duckdb.Error as error:
            raise Problem(
                "bad_document", f"`{show(path)}` can't be read as data: {str(error).strip()[:400]}"
            ) from error
        self.names.append((name, path))

    def _free(self, stem: str) -> str:
        name = re.sub(r"\W+", "_", stem).strip("_").lower() or "data"
        name = f"t_{name}" if name[0].isdigit() else name
        taken = {n for n, _ in self.names}
        number = 2
        free = name
        while free in taken:
            free, number = f"{name}_{number}", number + 1
        return free

    def _add_rows(self, name: str, columns: list[str], rows: Iterator[tuple[Any, ...]], path: str) -> None:
        """By way of a CSV file: a thousand times quicker than inserting row by row, and types are guessed as for any CSV."""
        import csv
        import tempfile

        with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="", encoding="utf-8", errors="replace") as file:
            writer = csv.writer(file)
            writer.writerow(_distinct(columns))
            writer.writerows(["" if v is None else v for v in r] for r in rows)
            file.flush()
            reader = f"read_csv('{file.name}', header=true, sample_size=-1, nullstr='')"
            self._create(name, "TABLE", reader, path)

    def _add_sqlite(self, path: str, stem: str) -> None:
        from urllib.parse import quote

        try:
            source = sqlite3.connect(f"file:{quote(path)}?mode=ro&immutable=1", uri=True)
            source.text_factory = _lossy
            tables = [
                r[0]
                for r in source.execute(
                    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
                )
            ]
            for table in tables:
                found = source.execute(f"SELECT * FROM {_quoted(table)}")  # a name of the database itself, quoted
                self._add_rows(self._free(table), [c[0] for c in found.description], found, path)
        except sqlite3.Error as error:
            raise Problem("bad_document", f"`{show(path)}` is no readable SQLite database: {error}") from error
        if not tables:
            raise Problem("bad_document", f"the database `{show(stem)}` holds no tables")

    def _add_sheets(self, path: str, stem: str) -> None:
        calamine: Any = import_module("python_calamine")
        try:
            book = calamine.CalamineWorkbook.from_path(path)
            for sheet_name in book.sheet_names:
                sheet = book.get_sheet_by_name(sheet_name)
                if sheet.height * sheet.width > SHEET_CELLS:
                    raise Problem(
                        "too_big", f"the sheet `{show(sheet_name)}` has {sheet.height} rows by {sheet.width} columns"
                    )
                rows = sheet.to_python(skip_empty_area=True)
                if not rows:
                    continue
                width = max(map(len, rows))
                head = [
                    str(c) if c not in ("", None) else f"column_{n + 1}"
                    for n, c in enumerate([*rows[0], *[""] * (width - len(rows[0]))])
                ]
                name = self._free(stem if len(book.sheet_names) == 1 else sheet_name)
                self._add_rows(name, head, ((*r, *[None] * (width - len(r))) for r in rows[1:]), path)
        except calamine.CalamineError as error:
            raise Problem("bad_document", f"`{show(path)}` is no readable workbook: {error}") from error


def _lossy(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _distinct(columns: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    out: list[str] = []
    for column in columns:
        seen[column] = seen.get(column, 0) + 1
        out.append(column if seen[column] == 1 else f"{column}_{seen[column]}")
    return out
