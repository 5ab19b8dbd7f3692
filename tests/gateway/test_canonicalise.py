"""A call becomes one frozen Action that can be judged, shown and run."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.canonical import digest
from assistant.gateway.canonicalise import host_of, make_action
from assistant.gateway.describe import title
from assistant.gateway.sentences import sentence
from assistant.gateway.validate import InvalidCallError
from assistant.types import JSON, Action, ArgumentSpec, Effect, Kind, Role, ToolSpec


def tool(effect: Effect, **args: tuple[Role, Kind]) -> ToolSpec:
    properties = {name: {} for name in args}
    return ToolSpec(
        "demo", "", effect, ("x",), {"properties": properties}, {n: ArgumentSpec(r, k) for n, (r, k) in args.items()}
    )


READ = tool(Effect.READ, path=(Role.TARGET, Kind.PATH))
DELETE = tool(Effect.DELETE, paths=(Role.TARGET, Kind.GLOB))
RUN = tool(Effect.EXECUTE, command=(Role.TARGET, Kind.COMMAND))
FETCH = tool(Effect.FETCH, url=(Role.DEST, Kind.URL))


def action(spec: ToolSpec, folder: Path, **arguments: JSON) -> Action:
    return make_action(spec, arguments, str(folder))


class TestPaths:
    def test_a_relative_path_becomes_absolute_below_the_folder(self, tmp_path: Path) -> None:
        made = action(READ, tmp_path, path="a/../b.txt")
        assert made.argument("path") == f"{tmp_path}/b.txt"
        assert "outside" not in made.facts

    @pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "~/x"])
    def test_a_path_that_leads_out_says_so(self, tmp_path: Path, path: str) -> None:
        assert action(READ, tmp_path, path=path).facts["outside"] is True

    def test_a_link_that_leads_out_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("/etc")
        assert action(READ, tmp_path, path="link/passwd").facts["outside"] is True

    def test_a_folder_whose_name_begins_alike_is_outside(self, tmp_path: Path) -> None:
        folder = tmp_path / "work"
        folder.mkdir()
        assert action(READ, folder, path="../work2/x").facts["outside"] is True

    def test_the_folder_itself_is_inside(self, tmp_path: Path) -> None:
        assert "outside" not in action(READ, tmp_path, path=".").facts

    @pytest.mark.parametrize("path", ["", "a\x00b", "x" * 5000])
    def test_impossible_paths_are_refused(self, tmp_path: Path, path: str) -> None:
        with pytest.raises(InvalidCallError):
            action(READ, tmp_path, path=path)

    def test_a_pattern_or_several_targets_are_bulk(self, tmp_path: Path) -> None:
        assert action(DELETE, tmp_path, paths=["*.txt"]).facts["bulk"] is True
        assert action(DELETE, tmp_path, paths=["a", "b"]).facts["bulk"] is True
        assert "bulk" not in action(DELETE, tmp_path, paths=["a"]).facts


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "host"),
        [
            ("https://Example.COM./a?b", "example.com"),
            ("http://example.com:8080/", "example.com:8080"),
            ("https://bücher.example/", "xn--bcher-kva.example"),
            ("http://[::1]/", "::1"),
        ],
    )
    def test_hosts_are_made_normal(self, url: str, host: str) -> None:
        assert host_of(url) == host

    @pytest.mark.parametrize("url", ["notaurl", "https://", "https://user:pw@example.com/", "http://[::1"])
    def test_addresses_without_a_plain_host_are_refused(self, url: str) -> None:
        with pytest.raises(InvalidCallError):
            host_of(url)

    def test_the_resource_of_a_fetch_is_its_host(self, tmp_path: Path) -> None:
        made = action(FETCH, tmp_path, url="https://example.com/x?q=1")
        assert (made.resource.type, made.resource.id) == ("host", "example.com")
        assert made.facts["hosts"] == ["example.com"]


class TestTheActionItself:
    def test_G1_the_same_call_gives_the_same_digest_and_any_difference_another(self, tmp_path: Path) -> None:
        one = action(RUN, tmp_path, command="ls -la")
        assert digest(one) == digest(action(RUN, tmp_path, command="ls -la"))
        assert digest(one) != digest(action(RUN, tmp_path, command="ls -la "))

    def test_words_for_the_person_never_carry_control_characters(self, tmp_path: Path) -> None:
        made = action(RUN, tmp_path, command="echo \x1b[2J\u202e; rm x")
        for text in (title(made), sentence(made)):
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert "rm x" in text
