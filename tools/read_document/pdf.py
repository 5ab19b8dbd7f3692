"""PDF by PDFium, the engine of Chromium: text in reading order as far as the file tells it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from parts import Part, Wanted

from _kit.names import show
from _kit.problem import Problem


def read(path: str, wanted: Wanted) -> Iterator[Part]:
    """A part a page."""
    library: Any = import_module("pypdfium2")
    try:
        document = library.PdfDocument(path)
    except library.PdfiumError as error:
        why = "is encrypted and needs its password" if "password" in str(error).lower() else f"is damaged: {error}"
        raise Problem("bad_document", f"`{show(path)}` {why}") from error
    wanted.total = len(document)
    title = str(document.get_metadata_dict().get("Title", "")).strip()
    for number in range(max(1, wanted.first), min(wanted.total, wanted.last) + 1):
        try:
            page = document[number - 1]
            text = page.get_textpage().get_text_bounded()
        except library.PdfiumError as error:
            yield Part(f"page {number}", f"## Page {number}\n\n[damaged: {error}]")
            continue
        text = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").replace("\0", "").split("\n")).strip()
        head = f"# {title}\n\n" if title and number == 1 else ""
        yield Part(f"page {number}", f"{head}## Page {number} of {wanted.total}\n\n{text}" if text else "")
