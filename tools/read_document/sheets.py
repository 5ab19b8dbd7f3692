"""Workbooks by calamine: xlsx, xlsb, xls and ods, values as they were last computed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from parts import Part, Wanted

from _kit.markdown import row, rule
from _kit.names import show
from _kit.problem import Problem

CELLS = 5_000_000


def read(path: str, wanted: Wanted) -> Iterator[Part]:
    """A part a sheet, as a table; its first row is the head."""
    library: Any = import_module("python_calamine")
    try:
        book = library.CalamineWorkbook.from_path(path)
    except library.PasswordError as error:
        raise Problem("bad_document", f"`{show(path)}` is encrypted and needs its password") from error
    except library.CalamineError as error:
        raise Problem("bad_document", f"`{show(path)}` is no workbook, or damaged: {error}") from error
    names = book.sheet_names
    wanted.total = len(names)
    for number, name in enumerate(names, 1):
        if number in wanted:
            yield Part(f"sheet {name}", _sheet(book.get_sheet_by_name(name), name))


def _sheet(sheet: Any, name: str) -> str:
    if sheet.height * sheet.width > CELLS:
        return f"## {name}\n\n[{sheet.height} rows by {sheet.width} columns: too large to show; query_data can]"
    rows = sheet.to_python(skip_empty_area=True)
    if not rows:
        return ""
    width = max(map(len, rows))
    lines = [row([*r, *[None] * (width - len(r))]) for r in rows]
    return "\n".join([f"## {name} ({len(rows)} rows)", "", lines[0], rule(width), *lines[1:]])
