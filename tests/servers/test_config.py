"""`mcp.json`: the form that other programs use, read strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.config import Paths
from assistant.errors import UsageError
from assistant.gateway.registry import Registry
from assistant.gateway.servers import Servers, launch_of
from assistant.servers.config import expanded, parse_entry, read_config, read_entries, to_entry, write_entry
from assistant.servers.offer import Hints, Offer, OfferedTool, difference
from assistant.servers.places import needed_folders, needed_hosts
from assistant.servers.trust import Trust, state_of
from tests.servers.making import MemorySecrets


def parse(entry: dict[str, Any], name: str = "x") -> Any:
    return parse_entry(name, entry, "mcp.json")


class TestTheFile:
    def test_it_takes_what_other_programs_write(self, tmp_path: Path) -> None:
        file = tmp_path / "mcp.json"
        servers = {
            "files": {"command": "npx", "args": ["-y", "pkg", "/data"], "env": {"A": "1"}, "autoApprove": ["*"]},
            "far": {"type": "streamable-http", "url": "https://mcp.example.com/mcp", "headers": {"X": "y"}},
            "gemini": {"httpUrl": "https://mcp.example.com/mcp"},
        }
        file.write_text(json.dumps({"mcpServers": servers, "theme": "dark"}))
        found = read_config(file)
        assert found["files"].args == ("-y", "pkg", "/data")
        assert found["files"].unused == ("autoApprove",)
        assert found["far"].url == found["gemini"].url == "https://mcp.example.com/mcp"
        file.write_text(json.dumps({"servers": servers}))
        assert set(read_config(file)) == set(servers)

    def test_writing_one_entry_leaves_the_rest_as_it_is(self, tmp_path: Path) -> None:
        file = tmp_path / "mcp.json"
        file.write_text(json.dumps({"mcpServers": {"a": {"command": "x", "other": 1}}, "theme": "dark"}))
        write_entry(file, "b", to_entry(parse({"command": "y", "assistant": {"folder": "read"}}, "b")))
        tree = json.loads(file.read_text())
        assert tree["theme"] == "dark"
        assert tree["mcpServers"]["a"] == {"command": "x", "other": 1}
        assert tree["mcpServers"]["b"] == {"command": "y", "assistant": {"folder": "read"}}
        assert file.stat().st_mode & 0o777 == 0o600
        write_entry(file, "b", None)
        assert set(read_entries(file)) == {"a"}

    @pytest.mark.parametrize(
        ("entry", "words"),
        [
            ({}, "either `command` or `url`"),
            ({"command": "x", "url": "https://a"}, "either `command` or `url`"),
            ({"command": "x", "args": "y"}, "Expected `array`"),
            ({"type": "sse", "url": "https://a"}, "old SSE transport"),
            ({"url": "file:///etc/passwd"}, "must begin with https://"),
            ({"url": "https://me:secret@a.example"}, "must begin with https://"),
            ({"command": "x", "assistant": {"host": ["a"]}}, "unknown field `host`"),
            ({"command": "x", "assistant": {"folder": "write"}}, "Invalid enum value"),
        ],
    )
    def test_what_does_not_fit_is_named(self, entry: dict[str, Any], words: str) -> None:
        with pytest.raises(UsageError, match=words):
            parse(entry)

    def test_E9_a_file_that_can_not_be_read_means_no_servers(self, paths: Paths) -> None:
        Path(paths.config).mkdir(parents=True)
        file = Path(paths.config) / "mcp.json"
        for text in ("{", "[]", '{"mcpServers": {"a": 1}}', '{"mcpServers": {"a/b": {"command": "x"}}}'):
            file.write_text(text)
            servers = Servers(paths, Registry(), MemorySecrets(), {})
            servers.load()
            assert servers.configs == {}
            assert "MCP servers are off" in servers.problems[0]

    def test_variables_are_filled_in_and_missing_ones_named(self) -> None:
        config = parse({"command": "x", "env": {"T": "${env:TOKEN}", "U": "${URL:-none}"}})
        assert dict(expanded(config, {"TOKEN": "t"}).env) == {"T": "t", "U": "none"}
        with pytest.raises(UsageError, match="`TOKEN`, which is not set"):
            expanded(config, {})

    def test_E10_a_projects_own_file_is_never_read_for_use(
        self, paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".mcp.json").write_text(json.dumps({"mcpServers": {"evil": {"command": "sh"}}}))
        monkeypatch.chdir(tmp_path)
        servers = Servers(paths, Registry(), MemorySecrets(), {})
        servers.load()
        assert servers.configs == {}


class TestTheRoomOfAServer:
    def test_E1_by_default_it_has_no_network_and_no_folder(self, tmp_path: Path) -> None:
        launch, shake = launch_of(parse({"command": "/usr/bin/env"}), str(tmp_path), {})
        assert (launch.hosts, launch.read_only, launch.staged) == ((), (), False)
        assert (shake.cwd, shake.roots, shake.sampling) == ("", (), False)

    def test_a_server_by_address_reaches_its_own_host(self) -> None:
        assert needed_hosts(parse({"url": "https://mcp.example.com/mcp"})) == ("mcp.example.com:443",)
        granted = parse({"url": "http://127.0.0.1:8080/mcp", "assistant": {"hosts": ["login.example.com"]}})
        assert needed_hosts(granted) == ("127.0.0.1:8080", "login.example.com")

    def test_a_program_brings_its_own_folder_and_never_a_whole_home(self, tmp_path: Path, home: Path) -> None:
        program = tmp_path / "pkg" / "node_modules" / ".bin" / "serve"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        assert needed_folders(parse({"command": str(program)})) == (str(tmp_path / "pkg" / "node_modules"),)
        with pytest.raises(UsageError, match="your whole home"):
            needed_folders(parse({"command": "/bin/true", "assistant": {"folders": [str(home)]}}))
        with pytest.raises(UsageError, match="not installed"):
            needed_folders(parse({"command": "no-such-program"}))


TOOL = OfferedTool("a", "Reads.", {"type": "object"}, Hints(read_only=True))


class TestThePin:
    def test_E2_every_word_that_reaches_a_model_is_pinned(self) -> None:
        offer = Offer("s 1", "", (TOOL,))
        others = [
            Offer("s 1", "Be nice.", (TOOL,)),
            Offer("s 1", "", (OfferedTool("a", "Reads!", TOOL.schema, TOOL.hints),)),
            Offer("s 1", "", (OfferedTool("a", "Reads.", {"type": "object", "title": "x"}, TOOL.hints),)),
            Offer("s 1", "", (OfferedTool("a", "Reads.", TOOL.schema, Hints(read_only=False)),)),
            Offer("s 1", "", (TOOL, OfferedTool("b"))),
            Offer("s 1", "", (TOOL,), resources=True),
        ]
        assert len({o.sha256 for o in (offer, *others)}) == 7
        assert Offer("s 2", "", (TOOL,)).sha256 == offer.sha256
        swapped = Offer("", "", (OfferedTool("b"), TOOL))
        assert Offer("", "", (TOOL, OfferedTool("b"))).sha256 == swapped.sha256

    def test_the_difference_shows_hidden_characters(self) -> None:
        hidden = OfferedTool("a", "Reads.\U000e0041\u200b", TOOL.schema, TOOL.hints)
        shown = "\n".join(difference(Offer(tools=(TOOL,)), Offer(tools=(hidden,))))
        assert "+  Reads.\\U000e0041\\u200b" in shown

    def test_it_is_kept_outside_the_configuration_and_damage_trusts_nothing(self, paths: Paths) -> None:
        trust, config = Trust(paths), parse({"command": "x"})
        assert trust.state(config) == "new"
        trust.trust(config, Offer(tools=(TOOL,)))
        assert trust.state(config) == "trusted"
        assert state_of(parse({"command": "y"}), trust.pins()["x"]) == "changed"
        file = Path(paths.trust) / "servers.json"
        assert file.stat().st_mode & 0o777 == 0o600
        file.write_text(file.read_text().replace("Reads.", "Leaks."))
        assert trust.state(config) == "changed"
        file.write_text("{")
        with pytest.raises(UsageError, match="damaged"):
            trust.pins()


class TestSigningInWithoutAPerson:
    def test_it_needs_the_issuer_that_the_credentials_belong_to(self) -> None:
        oauth = {"grant": "client_credentials", "client_id": "me", "client_secret": "${SECRET}"}
        entry = {"url": "https://mcp.example.com/mcp", "assistant": {"oauth": oauth}}
        with pytest.raises(UsageError, match="needs `issuer`"):
            parse(entry)
        oauth["issuer"] = "https://login.example.com"
        assert expanded(parse(entry), {"SECRET": "s"}).grants.oauth.client_secret == "s"
        del oauth["client_secret"]
        with pytest.raises(UsageError, match="needs `client_secret`"):
            parse(entry)
        oauth["private_key"] = "${KEY}"
        assert expanded(parse(entry), {"KEY": "pem"}).grants.oauth.private_key == "pem"

    def test_an_identity_needs_its_provider(self) -> None:
        oauth = {"grant": "identity", "client_id": "me", "client_secret": "s", "issuer": "https://login.example.com"}
        with pytest.raises(UsageError, match="needs `identity_token`"):
            parse({"url": "https://mcp.example.com/mcp", "assistant": {"oauth": oauth}})
