"""What a card says of an action in words: its facts, where its values come from, why it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.gateway.canonicalise import make_action
from assistant.gateway.registry import Registry
from assistant.shipped import shipped
from assistant.types import JSON, Action, Argument, Effect, Label, Origin, Resource, Trace
from assistant.ui import facts, provenance
from assistant.ui.decision import action_rows, card_rows
from assistant.ui.language import set_language
from assistant.ui.reasons import grounds
from tests.ui.fake_desk import FakeDesk, request

REGISTRY = Registry.load([shipped("tools")])
FOLDER = "/home/ada/work"


def call(tool: str, **arguments: JSON) -> Action:
    spec = REGISTRY.find(tool)
    assert spec is not None
    return make_action(spec, arguments, FOLDER)


def said(action: Action) -> list[str]:
    return [words for words, _style in facts.in_words(action)]


def made(effect: Effect = Effect.READ, **found: JSON) -> Action:
    return Action("t", effect, Resource("file", "/x"), (), FOLDER, found)


class TestFacts:
    @pytest.mark.parametrize(
        ("action", "words"),
        [
            (call("read_file", path="a.txt"), []),
            (call("write_file", path="a.txt", content="x"), []),
            (call("run_command", command="make test"), []),
            (call("read_file", path="/home/ada/other/a"), ["reads outside this task's folder"]),
            (
                call("read_file", path="/usr/share/doc/x"),
                ["outside this task's folder, among the system's own read-only files"],
            ),
            (
                call("write_file", path="/etc/hosts", content="x"),
                ["leads outside this task's folder", "not on the stage: it would take effect at once"],
            ),
            (
                call("delete_files", paths=["*.tmp", "old"]),
                ["several things at once, or all that fit a pattern", "2 named targets"],
            ),
            (
                call("run_command", command="cd a && make x | tee log"),
                ["3 commands: cd, make, tee"],
            ),
            (
                call("run_command", command='eval "$(cat x)"'),
                [
                    "not all of this command line is understood, so it may do more than it seems to",
                    "2 commands: cat, eval",
                ],
            ),
            (
                call("run_command", command="curl x", hosts=["example.com"]),
                ["the program may reach, and send to: example.com"],
            ),
            (call("web_fetch", url="https://example.com/a"), ["asks over the network: example.com"]),
            (
                made(Effect.CONSULT, local=False, confidentiality="secret", integrity="untrusted", provider="openai"),
                [
                    "the model runs elsewhere: the conversation leaves this computer",
                    "something secret is in the conversation",
                    "it goes to: openai",
                    "text that somebody else wrote is in the conversation",
                ],
            ),
            (
                made(Effect.APPLY, held=True, deletes=True, staged=True, count=1),
                [
                    "among it is something that would run code later on this computer",
                    "some files are deleted or renamed",
                ],
            ),
        ],
    )
    def test_each_is_a_line_of_words_and_nothing_special_is_none(self, action: Action, words: list[str]) -> None:
        assert said(action) == words

    def test_one_that_nothing_here_knows_is_shown_as_it_stands(self) -> None:
        assert said(made(moon={"phase": "full"})) == ['moon: {"phase":"full"}']

    @pytest.mark.parametrize("name", ["outside", "bulk", "held", "deletes"])
    @pytest.mark.parametrize("odd", [None, "no", 0, 2])
    def test_a_strange_value_never_hides_what_warns(self, name: str, odd: JSON) -> None:
        assert said(made(**{name: odd})), "anything but a plain false counts as yes, as it does for the policies"

    def test_U4_a_hostile_value_of_a_fact_is_made_visible_on_one_line(self) -> None:
        rows = action_rows(made(hosts=["a\x1b[2J\nb"], **{"\x1b]0;x": "\u202e"}))
        text = "\n".join("".join(words for words, _style in row) for row in rows)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "a\\x1b[2J⏎b" in text


class TestArguments:
    def rows(self, action: Action) -> list[str]:
        return ["".join(words for words, _style in row) for row in action_rows(action)]

    def test_U3_each_of_several_is_a_line(self) -> None:
        rows = self.rows(call("delete_files", paths=["*.tmp", "a\nb"]))
        assert rows[1:4] == ["  paths (acted on)  ", "  │ · *.tmp", f"  │ · {FOLDER}/a⏎b"]

    def test_U3_an_edit_shows_what_goes_and_what_comes_and_no_text_passes_for_a_field(self) -> None:
        edits = [{"old": "one\nnew: harmless", "new": "two"}, {"old": "x", "new": "y", "all": True}]
        rows = self.rows(call("edit_file", path="a.txt", edits=edits))
        at = rows.index("  edits (content)  ")
        assert rows[at + 1 : at + 7] == [
            "  │ · old: one",
            "  │   │ new: harmless",
            "  │   new: two",
            "  │ · old: x",
            "  │   new: y",
            "  │   all: true",
        ]

    def test_nothing_in_a_list_or_an_object_is_shown_as_that(self) -> None:
        action = Action("t", Effect.READ, Resource("file", "/x"), (Argument("a", []), Argument("b", {})), FOLDER)
        assert self.rows(action)[1:3] == ["  a (option)  []", "  b (option)  {}"]


class TestWhereValuesComeFrom:
    @pytest.mark.parametrize(
        ("origin", "source", "words"),
        [
            (Origin.PROMPT, "you", "`url` stands in your own words"),
            (Origin.UNTRUSTED, "web_fetch:evil.example", "`url` comes from the page evil.example, not from you"),
            (Origin.UNTRUSTED, f"read_file:{FOLDER}/notes.md", "`url` comes from the file notes.md, not from you"),
            (Origin.FIELD, "list:mcp:mail", "`url` comes from a field of the server mail, not from you"),
            (Origin.UNTRUSTED, "run_command:make", "`url` comes from what `make` printed, not from you"),
            (Origin.UNTRUSTED, "", "`url` comes from data that was read, not from you"),
            (Origin.UNKNOWN, "", "`url` was chosen by the model, and stands nowhere else"),
            (Origin.GRANT, "", "`url` is covered by a permission that you gave"),
        ],
    )
    def test_a_destination_is_traced_to_a_place_that_a_person_knows(
        self, origin: Origin, source: str, words: str
    ) -> None:
        label = Label(sources=(source,) if source else ())
        assert "".join(text for text, _ in provenance.row(Trace("url", origin, label), FOLDER)) == words

    def test_a_long_name_of_a_source_can_not_push_the_warning_away(self) -> None:
        trace = Trace("url", Origin.UNTRUSTED, Label(sources=tuple(f"web_fetch:{c * 900}" for c in "abcd")))
        assert "".join(text for text, _ in provenance.row(trace)).endswith("not from you")

    def test_options_that_the_model_chose_take_no_line(self) -> None:
        action = call("run_command", command="make", timeout_s=30)
        traces = [Trace("command", Origin.UNKNOWN), Trace("timeout_s", Origin.UNKNOWN)]
        assert [row[0][0] for row in provenance.rows(action, traces)] == ["`command`"]


class TestTheReason:
    def test_each_ground_is_a_line_in_the_person_s_language(self) -> None:
        reason = "it carries invisible characters; you did not ask for anything of this kind; my own rule"
        assert grounds(reason) == reason.split("; ")
        set_language("zh_CN")
        assert grounds(reason) == ["它带有不可见字符", "您没有要求做这类事", "my own rule"]

    def test_the_whole_card_is_chinese_but_for_names_and_values(self) -> None:
        set_language("zh_CN")
        text = "\n".join("".join(words for words, _style in row) for row in card_rows(request("make test")))
        assert "在沙箱中运行：make test" in text
        assert "出自网页 example.com" in text
        assert "文件：只在暂存区更改" in text

    async def test_a_refused_call_says_why_in_chinese(self, open_chat: Any) -> None:
        from assistant.agent import events
        from assistant.types import Decision, ToolResult, Verdict

        set_language("zh_CN")
        verdict = Verdict(Decision.DENY, (), "no policy allows it", "refused")
        steps = [
            events.CallStarted("c", "read_file", "read_file /etc/x"),
            events.CallJudged("c", verdict),
            events.CallFinished("c", "read_file", ToolResult("c", False, "refused by policy (refused)", "refused")),
        ]
        async with open_chat(FakeDesk({"go": steps})) as chat:
            await chat.say("go")
            await chat.until(lambda: "没有策略允许它" in chat.text())
