"""An offer becomes tools: names, effects and roles, cautious where the server says nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.gateway.canonicalise import make_action
from assistant.servers.config import parse_entry
from assistant.servers.offer import Hints, Offer, OfferedTool
from assistant.servers.tools import effect_of, role_of, tool_problem, tools_of, unique_names
from assistant.types import Effect, Integrity, Kind, Role

LOCAL = parse_entry("files", {"command": "x"}, "")
FAR = parse_entry("far", {"url": "https://mcp.example.com"}, "")


class TestNames:
    @given(st.lists(st.text(max_size=90), max_size=12), st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}\Z"))
    def test_E5_they_fit_every_provider_and_never_clash(self, tools: list[str], server: str) -> None:
        names = unique_names(server, tools)
        assert len(set(names)) == len(tools)
        assert all(re.fullmatch(r"[a-z][a-z0-9_]{1,63}", name) for name in names)
        other = dict(zip(reversed(tools), unique_names(server, list(reversed(tools))), strict=True))
        if len(set(tools)) == len(tools):
            assert {t: other[t] for t in tools} == dict(zip(tools, names, strict=True))

    def test_they_say_whose_tool_it_is(self) -> None:
        assert unique_names("Git-Hub", ["create-Issue", "list"]) == ["git_hub__create_issue", "git_hub__list"]


class TestEffects:
    @pytest.mark.parametrize(
        ("hints", "local", "far"),
        [
            (Hints(), Effect.ACT, Effect.ACT),
            (Hints(read_only=True), Effect.READ, Effect.FETCH),
            (Hints(read_only=True, open_world=False), Effect.READ, Effect.READ),
            (Hints(read_only=False), Effect.ACT, Effect.ACT),
            (Hints(destructive=False), Effect.ACT, Effect.ACT),
            (Hints(read_only=False, destructive=False), Effect.WRITE, Effect.WRITE),
            (Hints(read_only=False, destructive=True), Effect.ACT, Effect.ACT),
        ],
    )
    def test_E3_what_a_server_does_not_say_is_an_act(self, hints: Hints, local: Effect, far: Effect) -> None:
        tool = OfferedTool("t", hints=hints)
        assert effect_of(tool, LOCAL) is local
        assert effect_of(tool, FAR) is far

    @pytest.mark.parametrize(
        ("name", "role", "kind"),
        [
            ("to", Role.DEST, Kind.ADDRESS),
            ("recipientEmail", Role.DEST, Kind.ADDRESS),
            ("callback_url", Role.DEST, Kind.URL),
            ("api_key", Role.SECRET, Kind.TEXT),
            ("issue_id", Role.TARGET, Kind.TEXT),
            ("file_path", Role.TARGET, Kind.TEXT),
            ("body", Role.PAYLOAD, Kind.TEXT),
            ("whatever", Role.PAYLOAD, Kind.TEXT),
        ],
    )
    def test_roles_are_guessed_by_names(self, name: str, role: Role, kind: Kind) -> None:
        found = role_of(name, {"type": "string"}, effect=Effect.ACT, sees_folder=False)
        assert (found.role, found.kind) == (role, kind)

    def test_an_action_of_a_server_is_on_a_service_and_never_staged(self) -> None:
        hints = Hints(read_only=False, destructive=False)
        schema = {"type": "object", "properties": {"path": {"type": "string"}}}
        config = parse_entry("files", {"command": "x", "assistant": {"folder": "stage"}}, "")
        made, _ = tools_of(config, Offer(tools=(OfferedTool("put", "", schema, hints),)))
        action = make_action(made[0], {"path": "a.txt"}, "/work")
        assert (action.resource.type, action.resource.id) == ("service", "mcp:files")
        assert "staged" not in action.facts
        assert action.argument("path") == "/work/a.txt"


class TestWhatIsTaken:
    def test_E4_words_are_made_visible_before_a_model_reads_them(self) -> None:
        schema = {"type": "object", "properties": {"q": {"type": "string", "description": "x\u202ey"}}}
        made, _ = tools_of(LOCAL, Offer(tools=(OfferedTool("t", "Do\u200b it\x1b[2J", schema),)))
        assert made[0].summary == "[files] Do\\u200b it\\x1b[2J"
        assert made[0].parameters["properties"]["q"]["description"] == "x\\u202ey"
        assert made[0].output.integrity is Integrity.UNTRUSTED
        assert made[0].origin == "mcp:files"

    @pytest.mark.parametrize(
        "schema",
        [
            {"type": "array"},
            {"type": "object", "properties": []},
            {"type": "object", "properties": {"a": {"$ref": "https://example.com/schema"}}},
            {"type": "object", "properties": {"a\u200b": {}}},
            {"type": "object", "properties": {"a": {"enum": ["x\u202e"]}}},
            {"type": "object", "description": "x" * 70_000},
        ],
    )
    def test_a_schema_that_hides_or_reaches_out_is_left_out(self, schema: dict[str, object]) -> None:
        assert tool_problem(OfferedTool("t", schema=schema))
        made, problems = tools_of(LOCAL, Offer(tools=(OfferedTool("t", schema=schema), OfferedTool("u"))))
        assert [s.name for s in made] == ["files__u"]
        assert len(problems) == 1

    def test_unknown_arguments_are_refused_whatever_the_server_says(self) -> None:
        schema = {"type": "object", "properties": {}, "additionalProperties": True}
        made, _ = tools_of(LOCAL, Offer(tools=(OfferedTool("t", schema=schema),)))
        assert made[0].parameters["additionalProperties"] is False

    def test_E4_a_schema_that_is_none_refuses_calls_and_breaks_nothing(self) -> None:
        from assistant.gateway.validate import InvalidCallError, Validator

        schema = {"type": "object", "properties": {"a": {"type": "nonsense"}}, "$schema": "https://evil.example/s"}
        made, _ = tools_of(LOCAL, Offer(tools=(OfferedTool("t", schema=schema),)))
        assert "$schema" not in made[0].parameters
        with pytest.raises(InvalidCallError, match="no JSON schema"):
            Validator().check(made[0], "{}")
