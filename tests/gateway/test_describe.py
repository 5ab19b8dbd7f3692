"""What a person reads of a call: the title of its card."""

from __future__ import annotations

import pytest

from assistant.gateway.describe import title
from assistant.types import Action, Argument, Effect, Kind, Resource, Role


def call(tool: str, *arguments: Argument) -> Action:
    return Action(tool=tool, effect=Effect.READ, resource=Resource("folder", "/p"), folder="/p", arguments=arguments)


@pytest.mark.parametrize(
    ("action", "shown"),
    [
        (call("list_dir", Argument("path", "/p", Role.TARGET, Kind.PATH)), "list_dir ."),
        (call("read_file", Argument("path", "/p/a/照片.txt", Role.TARGET, Kind.PATH)), "read_file a/照片.txt"),
        (call("find_files", Argument("type", "file"), Argument("sort", "size")), "find_files (type: file, sort: size)"),
        (
            call("search_text", Argument("pattern", "TODO"), Argument("path", "/p/src", Role.TARGET, Kind.PATH)),
            "search_text src (pattern: TODO)",
        ),
        (
            call(
                "write_file",
                Argument("path", "/p/a", Role.TARGET, Kind.PATH),
                Argument("content", "long", Role.PAYLOAD),
            ),
            "write_file a",
        ),
        (call("remember", Argument("fact", "tea at five", Role.PAYLOAD)), "remember tea at five"),
        (call("read_file", Argument("path", "/p/a\x1b[2Jb", Role.TARGET, Kind.PATH)), r"read_file a\x1b[2Jb"),
    ],
)
def test_a_title_names_the_tool_and_what_it_is_about(action: Action, shown: str) -> None:
    assert title(action) == shown
