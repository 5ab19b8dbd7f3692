"""A call changed on its card, questions of servers, several that wait: what reaches whoever asked."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.agent import events
from assistant.gateway.approver import ApprovalRequest, ElicitAnswer
from assistant.types import Action, Answer, Approval, Argument, Channel, Effect, Kind, Resource, Role
from assistant.ui.forms import Field, fill, of_action, of_schema, read
from assistant.ui.screens.confirm import ConfirmScreen
from assistant.ui.screens.form import FormScreen
from tests.ui.fake_desk import FakeDesk, edited, request, server_asks


def asking(*steps: Any) -> FakeDesk:
    return FakeDesk({"go": list(steps)})


async def open_form(chat: Any) -> None:
    """Stand before the form of the card that is shown."""
    await chat.say("go", wait=False)
    await chat.card()
    await chat.pilot.press("e")
    await chat.until(lambda: isinstance(chat.app.screen, FormScreen))


class TestChangingACall:
    async def test_G14_the_changed_call_is_a_card_of_its_own_and_only_y_runs_it(self, open_chat: Any) -> None:
        async with open_chat(asking(request("make test")), size=(100, 40)) as chat:
            await open_form(chat)
            chat.app.screen.query_one("#field-0").load_text("make check")
            await chat.pilot.press("ctrl+s")
            await chat.until(lambda: chat.desk.session.edits)
            assert dict(chat.desk.session.edits[0].arguments) == {"command": "make check"}
            await chat.card()
            assert "command (option)  make check" in chat.text()
            assert "changed by you" in chat.text()
            assert not chat.desk.session.answers, "a change is no yes"
            await chat.pilot.press("y")
            await chat.until(lambda: chat.desk.session.answers)
            (answer,) = chat.desk.session.answers
            assert answer.digest == edited(request("make test"), chat.desk.session.edits[0]).digest

    async def test_escape_leaves_the_call_as_it_was(self, open_chat: Any) -> None:
        async with open_chat(asking(request())) as chat:
            await open_form(chat)
            chat.app.screen.query_one("#field-0").load_text("rm -rf /")
            await chat.pilot.press("escape")
            await chat.until(lambda: not isinstance(chat.app.screen, FormScreen))
            assert not chat.desk.session.edits
            assert chat.screen.turns.active, "Esc closed the form and did not stop the turn"
            await chat.card()
            await chat.pilot.press("n")
            await chat.until(lambda: chat.desk.session.answers)

    async def test_the_form_goes_with_its_question(self, open_chat: Any) -> None:
        async with open_chat(asking(request())) as chat:
            await open_form(chat)
            await chat.desk.session.stop()
            await chat.until(lambda: not chat.screen.turns.active)
            await chat.until(lambda: not isinstance(chat.app.screen, FormScreen))
            assert not chat.desk.session.edits

    async def test_a_form_whose_question_goes_as_it_opens_breaks_nothing(self, open_chat: Any) -> None:
        async with open_chat(asking(request())) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            panel = chat.screen.panel
            panel._open_form(panel.current)
            panel.remove(panel.current)  # before the form has mounted
            await chat.until(lambda: not isinstance(chat.app.screen, FormScreen))
            assert chat.app.is_running

    async def test_a_form_under_another_screen_does_not_close_that_one(self, open_chat: Any) -> None:
        async with open_chat(asking(request())) as chat:
            await open_form(chat)
            above = ConfirmScreen("Really?")
            closed: list[Any] = []
            chat.app.push_screen(above, closed.append)
            await chat.until(lambda: above.is_mounted)
            await chat.desk.session.stop()
            await chat.until(lambda: not chat.screen.turns.active)
            assert chat.app.screen is above
            assert not closed

    async def test_U1_enter_in_the_form_is_a_new_line_not_a_yes(self, open_chat: Any) -> None:
        async with open_chat(asking(request())) as chat:
            await open_form(chat)
            await chat.pilot.press("enter")
            await chat.pilot.pause()
            assert isinstance(chat.app.screen, FormScreen)
            assert not chat.desk.session.answers
            assert not chat.desk.session.edits

    async def test_where_nothing_can_be_changed_e_is_typing(self, open_chat: Any) -> None:
        async with open_chat(asking(request(editable=()))) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            assert "change it" not in chat.text()
            await chat.pilot.press("e")
            await chat.until(lambda: chat.screen.prompt.text == "e")


def test_the_screen_and_the_lines_answer_servers_too() -> None:
    from assistant.gateway.approver import elicitor_of
    from assistant.ui.approver import ScreenApprover
    from assistant.ui.lines import LineChat

    for approver in (ScreenApprover(lambda _message: None), LineChat.__new__(LineChat)):
        assert elicitor_of(approver) is approver


async def test_after_a_yes_the_activity_says_what_runs(open_chat: Any) -> None:
    import asyncio

    held = asyncio.Event()
    started = [events.CallStarted("c1", "run_command", "x"), events.CallJudged("c1", request().verdict)]
    approved = events.CallApproved("c1", Approval("d", Answer.ONCE, Channel.KEY))
    async with open_chat(FakeDesk({"go": [*started, held, approved, 60.0]})) as chat:
        await chat.say("go", wait=False)
        await chat.until(lambda: chat.screen.activity.what == "waiting for your decision")
        held.set()
        await chat.until(lambda: chat.screen.activity.what == "running run_command")
        await chat.desk.session.stop()


class TestAServerAsks:
    async def test_the_card_names_the_server_and_its_fields(self, open_chat: Any) -> None:
        async with open_chat(asking(server_asks()), size=(100, 40)) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            shown = chat.text()
            assert "The server `tracker` asks you" in shown
            assert "Which account do you mean?" in shown
            assert "Account *  text" in shown
            assert "region  one of 2" in shown

    async def test_what_is_filled_in_reaches_the_server_by_type(self, open_chat: Any) -> None:
        async with open_chat(asking(server_asks()), size=(100, 40)) as chat:
            await open_form(chat)
            form = chat.app.screen
            form.query_one("#field-0").value = "4711"
            form.query_one("#field-1").value = "12"
            form.query_one("#field-2").value = True
            form.query_one("#field-3").value = "us"
            await chat.pilot.press("ctrl+s")
            await chat.until(lambda: chat.desk.session.replies)
            (reply,) = chat.desk.session.replies
            assert reply == ElicitAnswer("accept", {"name": "4711", "amount": 12, "urgent": True, "region": "us"})

    async def test_what_does_not_fit_is_said_at_its_field_and_nothing_is_sent(self, open_chat: Any) -> None:
        async with open_chat(asking(server_asks()), size=(100, 40)) as chat:
            await open_form(chat)
            chat.app.screen.query_one("#field-1").value = "many"
            await chat.pilot.press("ctrl+s")
            await chat.until(lambda: "this is needed" in chat.text() and "`many` is no number" in chat.text())
            assert not chat.desk.session.replies

    @pytest.mark.parametrize(("key", "action"), [("n", "decline"), ("x", "cancel")])
    async def test_it_can_be_declined_and_closed(self, open_chat: Any, key: str, action: str) -> None:
        async with open_chat(asking(server_asks()), size=(100, 40)) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press(key)
            await chat.until(lambda: chat.desk.session.replies)
            assert chat.desk.session.replies[0].action == action

    async def test_U5_an_address_is_shown_whole_copied_and_never_opened(
        self, open_chat: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = "https://auth.example/authorize?client=1&state=" + "s" * 60
        async with open_chat(asking(server_asks(kind="url", url=url)), size=(140, 40)) as chat:
            opened: list[str] = []
            monkeypatch.setattr(chat.app, "open_url", lambda url, **_: opened.append(url))
            await chat.say("go", wait=False)
            await chat.card()
            assert url in chat.text()
            await chat.pilot.press("c")
            await chat.until(lambda: chat.app.clipboard == url)
            assert opened == []
            assert not chat.desk.session.replies
            await chat.pilot.press("y")
            await chat.until(lambda: chat.desk.session.replies == [ElicitAnswer("accept")])

    async def test_U2_keys_typed_ahead_answer_no_server(self, open_chat: Any) -> None:
        async with open_chat(asking(server_asks(kind="url", url="https://a.example"))) as chat:
            await chat.say("go", wait=False)
            await chat.type("yyyy")
            await chat.until(lambda: chat.screen.panel and chat.screen.panel.current)
            assert chat.screen.prompt.text == "yyyy"
            assert not chat.desk.session.replies

    async def test_stopping_the_turn_closes_the_question(self, open_chat: Any) -> None:
        async with open_chat(asking(server_asks(), events.TextDelta("never"))) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press("escape")
            await chat.until(lambda: not chat.screen.turns.active)
            assert chat.screen.panel.current is None
            assert not chat.desk.session.replies


class TestSeveralAtOnce:
    async def test_they_are_listed_and_the_shown_one_is_marked_by_a_sign(self, open_chat: Any) -> None:
        async with open_chat(asking(request("make a")), size=(100, 48)) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            chat.screen.panel.add(request("make b", call_id="c2"))
            chat.screen.panel.add(server_asks("Which one?"))
            await chat.until(lambda: "▸ 1 Run in the sandbox: make a" in chat.text())
            assert "  2 Run in the sandbox: make b" in chat.text()
            assert "  3 server `tracker` asks: Which one?" in chat.text()
            await chat.pilot.press("right")
            await chat.until(lambda: "▸ 2 Run in the sandbox: make b" in chat.text())

    async def test_an_answer_goes_to_the_one_that_is_shown(self, open_chat: Any) -> None:
        async with open_chat(asking(request("make a")), size=(100, 48)) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            second = request("make b", call_id="c1")
            chat.screen.panel.add(second)
            await chat.pilot.press("right")
            await chat.card()
            await chat.pilot.press("n")
            await chat.until(lambda: second not in chat.screen.panel.waiting)
            assert isinstance(chat.screen.panel.current, ApprovalRequest)
            assert chat.screen.panel.current.action.argument("command") == "make a"
            assert not chat.desk.session.answers, "nobody waits for the second one, and the first was not answered"


class TestFields:
    def test_a_text_that_was_not_touched_keeps_its_hidden_characters(self) -> None:
        field = Field("x", "x", "long", "a\x1b[31m\u202eb\r\n")
        assert "\x1b" not in field.shown
        assert read(field, field.shown) == field.value

    def test_a_text_that_was_touched_is_what_the_person_saw(self) -> None:
        field = Field("x", "x", "long", "a\x1bb")
        assert read(field, field.shown + "c") == "a\\x1bbc"

    @pytest.mark.parametrize(
        ("kind", "text", "value"),
        [
            ("integer", "7", 7),
            ("number", "1.5", 1.5),
            ("bool", "yes", True),
            ("bool", "否", False),
            ("list", "a\nb\n", ["a", "b"]),
            ("json", '{"a": [1]}', {"a": [1]}),
            ("text", "", None),
            ("long", "", ""),
        ],
    )
    def test_what_a_text_means(self, kind: str, text: str, value: object) -> None:
        assert read(Field("x", "x", kind), text) == value

    @pytest.mark.parametrize(
        ("kind", "text"),
        [("integer", "1.5"), ("number", "nan"), ("number", "inf"), ("bool", "maybe"), ("json", "{"), ("choice", "c")],
    )
    def test_what_no_field_takes(self, kind: str, text: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - the words are the person's
            read(Field("x", "x", kind, choices=(("a", "A"), ("b", "B"))), text)

    def test_a_choice_is_named_by_value_words_or_number(self) -> None:
        field = Field("x", "x", "choice", choices=(("2", "two"), ("1", "one")))
        assert [read(field, t) for t in ("2", "one", "1")] == ["2", "1", "1"]
        several = Field("x", "x", "choices", choices=(("a,b", "both"), ("c", "see")))
        assert read(several, '["a,b", "c"]') == ["a,b", "c"]

    def test_a_schema_of_every_kind(self) -> None:
        fields = of_schema(
            {
                "properties": {
                    "s": {"type": "string", "format": "email"},
                    "o": {"type": "string", "oneOf": [{"const": "a", "title": "Alpha"}]},
                    "m": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}, "default": ["x"]},
                    "deep": {"type": "object"},
                },
                "required": ["s", 3],
            }
        )
        assert [f.kind for f in fields] == ["text", "choice", "choices", "json"]
        assert fields[0].required
        assert fields[0].hint == "email"
        assert fields[1].choices == (("a", "Alpha"),)
        assert fields[2].value == ["x"]

    @pytest.mark.parametrize("schema", [{}, {"properties": None}, {"properties": {"a": 3, "b": {"enum": [1, None]}}}])
    def test_a_schema_that_is_none_makes_no_error(self, schema: dict[str, Any]) -> None:
        assert all(f.kind == "json" for f in of_schema(schema))

    def test_arguments_of_every_kind(self) -> None:
        action = Action(
            "t",
            Effect.WRITE,
            Resource("file", "/w/a"),
            (
                Argument("path", "/w/a", Role.TARGET, Kind.PATH),
                Argument("content", "one\ntwo", Role.PAYLOAD, Kind.TEXT),
                Argument("paths", ["a", "b"], Role.TARGET, Kind.PATH),
                Argument("odd", ["a\nb"], Role.TARGET, Kind.PATH),
                Argument("n", 3, Role.PARAM, Kind.NUMBER),
                Argument("all", True, Role.PARAM, Kind.FLAG),
                Argument("hidden", 1, Role.PARAM, Kind.NUMBER),
            ),
            "/w",
        )
        fields = of_action(action, ("path", "content", "paths", "odd", "n", "all"))
        assert [f.kind for f in fields] == ["text", "long", "list", "json", "integer", "bool"]
        assert fill(fields, {f.name: f.shown for f in fields})[0] == {f.name: f.value for f in fields}


class TestAnswers:
    async def test_only_offered_answers_count(self, open_chat: Any) -> None:
        async with open_chat(asking(request(answers=(Answer.ONCE, Answer.NO), scopes=()))) as chat:
            await chat.say("go", wait=False)
            await chat.card()
            await chat.pilot.press("t")
            await chat.until(lambda: chat.screen.prompt.text == "t")
            assert not chat.desk.session.answers
