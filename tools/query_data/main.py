"""Answers SQL over data files; without SQL says what is in them."""

from __future__ import annotations

from typing import Any

from _kit.call import Call
from _kit.markdown import row, rule
from _kit.names import within
from _kit.page import Page
from _kit.tables import Tables

COUNTED_ROWS = 1_000_000
SAMPLE_ROWS = 5


def run(args: dict[str, Any], call: Call) -> str | dict[str, Any]:
    """One call: see tool.toml."""
    tables = Tables(args["paths"])
    if not args.get("sql", "").strip():
        return _overview(tables, call)
    columns, rows = tables.query(args["sql"])
    if not columns:
        return "[done; no rows]"
    head = f"{row(columns)}\n{rule(len(columns))}"
    page = Page(call.output_bytes - len(head.encode()) - 1, args.get("start", 1))
    for values in rows:
        page.add(row(list(values)))
        if page.count >= COUNTED_ROWS:
            break
    result = page.result(
        "rows",
        notes="" if page.full else f"{page.count} row{'s' if page.count != 1 else ''}",
        counted=page.count < COUNTED_ROWS,
    )
    return {**result, "text": f"{head}\n{result['text']}", "data": {"columns": columns, "rows": page.count}}


def _overview(tables: Tables, call: Call) -> dict[str, Any]:
    page = Page(call.output_bytes)
    for name, path in tables.names:
        quoted = '"' + name.replace('"', '""') + '"'
        _, described = tables.query(f"DESCRIBE {quoted}")
        columns = [(str(c[0]), str(c[1])) for c in described]
        _, counted = tables.query(f"SELECT count(*) FROM {quoted}")
        count = next(iter(counted))[0]
        page.add(f"## {name}: {count} rows, from {within(path, call.folder)}")
        page.add(f"columns: {', '.join(f'{c} {t}' for c, t in columns)}")
        _, sample = tables.query(f"SELECT * FROM {quoted} LIMIT {SAMPLE_ROWS}")
        page.add(row([c for c, _ in columns]))
        page.add(rule(len(columns)))
        for values in sample:
            page.add(row(list(values)))
        page.add("")
    return page.result("lines")
