"""OpenDocument texts and presentations (ISO/IEC 26300): headings, paragraphs, lists and tables."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from markup import member, xml
from parts import Part, Wanted

from _kit.markdown import row, rule
from _kit.problem import Problem

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"


def read(path: str, wanted: Wanted) -> Iterator[Part]:
    """A part a slide, or the whole text."""
    with zipfile.ZipFile(path) as archive:
        body = xml(member(archive, "content.xml")).find(f"{_OFFICE}body")
    if body is None:
        raise Problem("bad_document", "the document has no body")
    pages = list(body.iter(f"{_DRAW}page"))
    wanted.total = len(pages) or 1
    for number, root in enumerate(pages or [body], 1):
        if number in wanted:
            head = f"## Slide {number} of {len(pages)}\n\n" if pages else ""
            text = "\n\n".join(_blocks(root))
            yield Part(f"part {number}", head + text if text else "")


def _blocks(root: Any) -> Iterator[str]:
    for element in root:
        if element.tag == f"{_TEXT}h":
            level = int(element.get(f"{_TEXT}outline-level", "1"))
            yield f"{'#' * min(6, max(1, level))} {_words(element)}"
        elif element.tag == f"{_TEXT}p":
            if words := _words(element):
                yield words
            else:
                yield from _blocks(element)
        elif element.tag == f"{_TEXT}list":
            items = [f"- {' '.join(_blocks(item))}" for item in element.iter(f"{_TEXT}list-item")]
            yield "\n".join(items)
        elif element.tag == f"{_TABLE}table":
            rows = [
                [" ".join(_blocks(c)) for c in r.iter(f"{_TABLE}table-cell")]
                for r in element.iter(f"{_TABLE}table-row")
            ]
            if rows:
                yield "\n".join([row(rows[0]), rule(len(rows[0])), *map(row, rows[1:])])
        elif isinstance(element.tag, str):
            yield from _blocks(element)


def _words(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())
