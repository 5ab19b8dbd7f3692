"""Replaces pieces of a text file: all edits or none, exactly where they were meant."""

from __future__ import annotations

import os
from itertools import pairwise

from match import find

from _kit.call import Call
from _kit.files import check_fresh, open_file, replace, short_sha256
from _kit.names import within
from _kit.problem import Problem
from _kit.text import bom_encoding, is_binary, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EDITABLE_BYTES = 32 << 20


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    fd, status, path = open_file(args["path"])
    name = within(path, call.folder)
    if status.st_size > EDITABLE_BYTES:
        raise Problem("too_big", f"`{name}` has {size(status.st_size)}; edit_file takes up to {size(EDITABLE_BYTES)}")
    with os.fdopen(fd, "rb") as file:
        data = file.read()
    check_fresh(data, args.get("sha256", ""), name)
    if is_binary(data[:8192]):
        raise Problem("binary", f"`{name}` is no text")
    encoding, mark = bom_encoding(data)
    # Bytes that are no UTF-8 survive the round trip as surrogates.
    encoding = encoding.replace("-sig", "") or "utf-8"
    errors = "surrogateescape" if encoding == "utf-8" else "strict"
    try:
        text = data[mark:].decode(encoding, errors)
    except UnicodeDecodeError as error:
        raise Problem("binary", f"`{name}` says it is {encoding} and isn't: {error.reason}") from None
    crlf = "\r\n" in text and text.count("\r\n") == text.count("\n")
    edited, notes = _apply(text.replace("\r\n", "\n") if crlf else text, args["edits"], name)
    final = edited.replace("\n", "\r\n") if crlf else edited
    if final == text:
        raise Problem("no_change", f"`{name}` would stay as it is: `old` and `new` are the same")
    out = data[:mark] + final.encode(encoding, errors)
    replace(path, out)
    return {
        "text": f"edited {name}: {'; '.join(notes)} (sha256 {short_sha256(out)[:12]})",
        "data": {"path": name, "edits": len(args["edits"])},
    }


def _apply(text: str, edits: list[dict[str, Any]], name: str) -> tuple[str, list[str]]:
    """The text after all edits, and what each did. All are found in the text that the model read, so order is free."""
    places: list[tuple[int, int, str, int]] = []
    notes: list[str] = []
    for number, edit in enumerate(edits, 1):
        which = f"edit {number} of {len(edits)}: " if len(edits) > 1 else ""
        found = find(
            text,
            edit["old"].replace("\r\n", "\n"),
            edit["new"].replace("\r\n", "\n"),
            bool(edit.get("all")),
            which,
            name,
        )
        places += [(begin, end, new, number) for begin, end, new in found.places]
        lines = [text.count("\n", 0, begin) + 1 for begin, _, _ in found.places]
        where = f"line {lines[0]}" if len(lines) == 1 else f"{len(lines)} places, lines {lines[0]} to {lines[-1]}"
        notes.append(where + found.remark)
    places.sort()
    for before, after in pairwise(places):
        if after[0] < before[1]:
            raise Problem("overlap", f"edits {before[3]} and {after[3]} touch the same text; make one edit of them")
    out: list[str] = []
    position = 0
    for begin, end, new, _ in places:
        out += [text[position:begin], new]
        position = end
    return "".join([*out, text[position:]]), notes
