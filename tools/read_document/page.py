"""HTML files."""

from __future__ import annotations

from collections.abc import Iterator

from parts import Part, Wanted

from _kit.markdown import from_html
from _kit.problem import Problem
from _kit.text import bom_encoding

BYTES = 50_000_000


def read(path: str, wanted: Wanted) -> Iterator[Part]:
    """One part: what a reader would see."""
    wanted.total = 1
    with open(path, "rb") as file:
        data = file.read(BYTES + 1)
    if len(data) > BYTES:
        raise Problem("too_big", f"the page is larger than {BYTES // 1_000_000} MB")
    if 1 in wanted:
        yield Part("page", from_html(decode_html(data)))


def decode_html(data: bytes, declared: str = "") -> str:
    """HTML as text: by its mark, by what was declared, by its own `<meta>`, else UTF-8."""
    import re

    encoding, mark = bom_encoding(data[:4])
    if not encoding and not declared:
        found = re.search(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{2,40})""", data[:4096], re.IGNORECASE)
        declared = found[1].decode("ascii") if found else ""
    try:
        return data[mark:].decode(encoding or declared or "utf-8", "replace")
    except LookupError:
        return data[mark:].decode("utf-8", "replace")
