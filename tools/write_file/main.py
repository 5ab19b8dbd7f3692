"""Writes one whole file, complete or not at all."""

from __future__ import annotations

import os

from _kit.call import Call
from _kit.files import check_fresh, open_file, replace, short_sha256
from _kit.names import within
from _kit.problem import Problem
from _kit.text import size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    content: str = args["content"]
    if args["path"].endswith("/"):
        raise Problem("is_folder", "the path names a folder; give the path of a file")
    data = content.encode("utf-8", "surrogateescape")
    if expected := args.get("sha256", ""):
        _check(args["path"], expected, call)
    new = replace(args["path"], data)
    name = within(args["path"], call.folder)
    lines = content.count("\n") + (bool(content) and not content.endswith("\n"))
    verb = "created" if new else "replaced"
    return {
        "text": f"{verb} {name}: {lines} line{'s' if lines != 1 else ''}, {size(len(data))}"
        f" (sha256 {short_sha256(data)[:12]})",
        "data": {"path": name, "created": new, "size": len(data)},
    }


def _check(path: str, expected: str, call: Call) -> None:
    """Raises Problem(stale) when the file is not the one that was read; not_found when it is gone."""
    fd, _, found = open_file(path)
    with os.fdopen(fd, "rb") as file:
        check_fresh(file.read(), expected, within(found, call.folder))
