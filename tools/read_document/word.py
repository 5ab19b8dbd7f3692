"""Word documents by mammoth, which keeps what a text means rather than how it looks."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from parts import Part, Wanted

from _kit.markdown import from_html


def read(path: str, wanted: Wanted) -> Iterator[Part]:
    """The whole text as one part; pictures by their description only."""
    library: Any = import_module("mammoth")
    wanted.total = 1
    with open(path, "rb") as file:
        pictures = library.images.img_element(_no_picture)
        result = library.convert_to_html(file, convert_image=pictures, external_file_access=False)
    if 1 in wanted:
        yield Part("text", from_html(result.value).replace("![]()", "[picture]"))


def _no_picture(_image: Any) -> dict[str, str]:
    return {"src": ""}
