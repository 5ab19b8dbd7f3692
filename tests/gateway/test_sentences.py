"""What a card says of a call: for every shipped tool a sentence that is true of it, in plain words."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from assistant.gateway.canonicalise import make_action
from assistant.gateway.registry import Registry
from assistant.gateway.sentences import TOOLS, sentence, texts, would_change
from assistant.servers.tools import PROTOCOL, origin
from assistant.shipped import shipped
from assistant.types import JSON, Action, Argument, ArgumentSpec, Effect, Kind, Resource, Role, ToolSpec

REGISTRY = Registry.load([shipped("tools")])
FOLDER = "/home/ada/work"


def call(tool: str, **arguments: JSON) -> Action:
    spec = REGISTRY.find(tool)
    assert spec is not None
    return make_action(spec, arguments, FOLDER)


def of_server(effect: Effect, **arguments: JSON) -> Action:
    spec = ToolSpec(
        "tracker__close_issue",
        "",
        effect,
        ("tracker", "close_issue"),
        {"properties": {name: {} for name in arguments}},
        {name: ArgumentSpec(Role.TARGET, Kind.VALUE) for name in arguments},
        protocol=PROTOCOL,
        origin=origin("tracker"),
    )
    return make_action(spec, arguments, FOLDER)


class TestTheSentence:
    @pytest.mark.parametrize(
        ("action", "said"),
        [
            (call("move_files", **{"from": "a.txt", "to": "b.txt"}), "Move or rename `a.txt` to `b.txt`, on the stage"),
            (
                call("move_files", **{"from": "*.txt", "to": "*.md", "overwrite": True}),
                "Move or rename `*.txt` to `*.md`, replacing what is there, on the stage",
            ),
            (call("delete_files", paths=["a", "b", "c", "d"]), "Delete `a`, `b`, `c`, and 1 more, on the stage"),
            (call("write_file", path="new/a.txt", content="x"), "Create or replace the file `new/a.txt`, on the stage"),
            (call("edit_file", path="a.txt", edits=[]), "Change parts of the file `a.txt`, on the stage"),
            (
                call("create_archive", archive="o.zip", paths=["*.jpg"]),
                "Pack `*.jpg` into the archive `o.zip`, on the stage",
            ),
            (
                call("extract_archive", archive="o.zip"),
                "Unpack the archive `o.zip` into a folder of its own name, on the stage",
            ),
            (
                call("extract_archive", archive="o.zip", to="x"),
                "Unpack the archive `o.zip` into `x`, on the stage",
            ),
            (call("list_dir", path="."), "List what is in this task's folder"),
            (call("list_dir", path="/etc"), "List what is in `/etc`"),
            (call("search_text", pattern="TODO"), "Search for `TODO` in this task's folder"),
            (call("run_command", command="make test"), "Run in the sandbox: make test"),
            (
                call("run_command", command="curl x", hosts=["Example.com"]),
                "Run in the sandbox: curl x, reaching example.com",
            ),
            (
                call("start_process", command="make serve"),
                "Start a program in the sandbox and leave it running: make serve",
            ),
            (call("talk_to_process", id="p1"), "Read what the running program `p1` has printed"),
            (call("talk_to_process", id="p1", input="1+1"), "Type into the running program `p1`: 1+1"),
            (
                call("web_fetch", url="https://example.com/a", save_as="a.html"),
                "Fetch https://example.com/a and save it as `a.html`",
            ),
            (call("read_clipboard"), "Read what you copied last, from your clipboard"),
            (
                call("open_item", url="https://example.com"),
                "Open https://example.com in your own browser, outside the sandbox",
            ),
            (
                of_server(Effect.ACT, issue="7"),
                "Use the tool `close_issue` of the server `tracker`, which acts at once: 7",
            ),
            (
                of_server(Effect.DELETE, issue="7"),
                "Delete at once with the tool `close_issue` of the server `tracker`: 7",
            ),
            (
                Action("apply", Effect.APPLY, Resource("stage", "t"), (), FOLDER, {"count": 3, "staged": True}),
                "Move 3 staged changes to the real folder",
            ),
            (
                Action("model", Effect.CONSULT, Resource("model", "openai/x"), (), FOLDER),
                "Send this conversation to the model openai/x",
            ),
        ],
    )
    def test_says_what_the_call_does(self, action: Action, said: str) -> None:
        assert sentence(action) == said

    @pytest.mark.parametrize("spec", REGISTRY.all(), ids=lambda spec: spec.name)
    def test_every_shipped_tool_has_words_of_its_own_that_fit_its_least_arguments(self, spec: ToolSpec) -> None:
        names = spec.parameters.get("required", ())
        arguments: dict[str, JSON] = {n: (spec.example or {}).get(n, "x") for n in names}
        if spec.name == "open_item":
            arguments = {"path": "report.pdf"}  # one of two, which no schema says
        told = sentence(make_action(spec, arguments, FOLDER))
        assert not told.startswith(f"{spec.name}:"), "it fell back to words that fit any tool"
        first = TOOLS[spec.name][-1].split("{")[0].split("`")[0].strip()
        assert told.startswith(first.rstrip(":"))

    def test_every_template_names_arguments_that_the_tool_has(self) -> None:
        for name, forms in TOOLS.items():
            spec = REGISTRY.find(name)
            assert spec is not None, name
            for form in forms:
                fields = {field for _text, field, _spec, _how in string.Formatter().parse(form) if field}
                assert fields <= set(spec.parameters.get("properties", {})), form

    def test_G1_a_value_is_neither_parsed_nor_able_to_break_the_line(self) -> None:
        told = sentence(call("run_command", command="echo {paths} \x1b[2J\nrm -r ."))
        assert told == "Run in the sandbox: echo {paths} \\x1b[2J⏎rm -r ."
        assert len(sentence(call("run_command", command="x" * 5000))) <= 400

    def test_the_words_are_translated_and_the_values_never(self) -> None:
        asked: list[str] = []

        def shout(text: str) -> str:
            asked.append(text)
            return text.upper().replace("{PATHS}", "{paths}")

        assert sentence(call("delete_files", paths=["a.txt"]), shout) == "DELETE `a.txt`, ON THE STAGE"
        assert set(asked) <= set(texts())


class TestWhatWouldChange:
    def test_a_move_takes_away_here_and_puts_there(self) -> None:
        assert would_change(call("move_files", **{"from": "a", "to": "b"})) == (
            "- a",
            "+ b",
            "files: on the stage only, until the changes are applied",
        )

    def test_a_server_s_tool_is_said_to_act_at_once_whatever_it_writes(self) -> None:
        assert would_change(of_server(Effect.WRITE, issue="7")) == (
            "at once, outside the stage: it can't be taken back from here",
        )

    def test_a_long_list_is_counted(self) -> None:
        lines = would_change(call("delete_files", paths=[f"f{n}" for n in range(20)]))
        assert lines[0] == "- f0"
        assert "… and 8 more" in lines

    def test_reading_changes_nothing(self) -> None:
        assert would_change(call("read_file", path="a")) == ()
        assert (
            would_change(Action("x", Effect.READ, Resource("file", "a"), (Argument("p", "a"),), str(Path(FOLDER))))
            == ()
        )
