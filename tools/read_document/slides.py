"""PowerPoint presentations by python-pptx: text, tables and notes of each slide."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from parts import Part, Wanted

from _kit.markdown import row, rule

DEPTH = 20


def read(path: str, wanted: Wanted) -> Iterator[Part]:
    """A part a slide."""
    library: Any = import_module("pptx")
    slides = library.Presentation(path).slides
    wanted.total = len(slides)
    for number, slide in enumerate(slides, 1):
        if number not in wanted:
            continue
        title = slide.shapes.title
        head = title.text_frame.text.strip() if title is not None and title.has_text_frame else ""
        body = [text for shape in slide.shapes if shape != title and (text := _text(shape, 0))]
        notes = (
            slide.notes_slide.notes_text_frame.text.strip()
            if slide.has_notes_slide and slide.notes_slide.notes_text_frame
            else ""
        )
        lines = [f"## Slide {number} of {wanted.total}{': ' + head if head else ''}", *body]
        yield Part(f"slide {number}", "\n\n".join([*lines, *([f"Notes: {notes}"] if notes else [])]))


def _text(shape: Any, depth: int) -> str:
    if depth > DEPTH:
        return ""
    if hasattr(shape, "shapes"):
        return "\n\n".join(filter(None, (_text(s, depth + 1) for s in shape.shapes)))
    if getattr(shape, "has_table", False):
        rows = [[cell.text for cell in r.cells] for r in shape.table.rows]
        return "\n".join([row(rows[0]), rule(len(rows[0])), *map(row, rows[1:])]) if rows else ""
    if not getattr(shape, "has_text_frame", False):
        return ""
    paragraphs = [
        ("  " * p.level + "- " if p.level else "") + p.text for p in shape.text_frame.paragraphs if p.text.strip()
    ]
    return "\n".join(paragraphs)
