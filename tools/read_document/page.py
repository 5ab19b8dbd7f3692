"""HTML files."""

from __future__ import annotations

from collections.abc import Iterator

from parts import Part, Wanted

from _kit.markdown import decode_html, from_html
from _kit.problem import Problem

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
