"""A server's tools through the door: the real SDK, the real sandbox, a server of our own."""

from __future__ import annotations

import asyncio
import time

import pytest

from assistant.gateway.approver import ElicitAnswer
from assistant.types import Answer, Confidentiality, Effect, Integrity
from tests.servers.making import Says, World


class TestATrustedServer:
    async def test_its_tools_are_called_judged_and_recorded(self, world: World) -> None:
        world.test_server()
        await world.trust()
        result = await world.call("test__echo", text="hello")
        assert (result.ok, result.text) == (True, "hello")
        assert [k for k in world.kinds() if k in ("intent", "decision", "outcome")] == ["intent", "decision", "outcome"]
        found = await world.call("test__find_person", name="Alan")
        assert '"born":1912' in found.text.replace(" ", "")
        progress = await world.call("test__slow", steps=3)
        assert progress.ok
        assert "3 of 3 step 3" in world.shown()
        listed = await world.call("test__list_resources")
        assert "note://today" in listed.text
        assert "it rains" in (await world.call("test__read_resource", uri="note://today")).text
        assert "greet(name)" in (await world.call("test__list_prompts")).text
        filled = await world.call("test__get_prompt", name="greet", arguments={"name": "Ada"})
        assert "Say hello to Ada." in filled.text
        wrong = await world.call("test__echo", txet="hello")
        assert wrong.code == "invalid_arguments"
        assert "did you mean `text`?" in wrong.text

    async def test_E4_what_it_says_is_untrusted_capped_and_visible(self, world: World) -> None:
        world.test_server()
        await world.trust()
        result = await world.call("test__loud", size=200_000)
        assert result.label.integrity is Integrity.UNTRUSTED
        assert result.label.confidentiality is Confidentiality.PRIVATE
        assert result.truncated
        assert len(result.text) < 40_000
        assert "\x1b" not in result.text
        assert result.text.startswith("\\x1b]0;owned")

    async def test_E4_a_picture_goes_to_models_that_see_and_what_is_none_does_not(self, world: World) -> None:
        world.test_server()
        await world.trust()
        result = await world.call("test__pictures")
        assert [i.media_type for i in result.images] == ["image/png"]
        assert result.text.startswith("look\n[image, image/png, 108 bytes]"), "in words for everyone else"

    async def test_E1_it_sees_its_program_and_nothing_of_the_person(self, world: World) -> None:
        world.test_server(env={"OF_ITS_OWN": "1"})
        await world.trust()
        assert "cannot" in (await world.call("test__look", path=str(world.folder))).text
        assert "cannot" in (await world.call("test__look", path=world.paths.config)).text
        names = (await world.call("test__environment")).text.split()
        assert "OF_ITS_OWN" in names
        assert not [n for n in names if n.startswith(("ASSISTANT", "SSH", "DBUS", "XDG")) or n.endswith("_KEY")]
        world.test_server("reads", folder="read")
        await world.trust("reads")
        assert (await world.call("reads__look", path=str(world.folder))).text == "readme.txt"

    async def test_what_it_writes_through_the_stage_waits_there(self, world: World) -> None:
        world.test_server(folder="stage")
        await world.trust()
        result = await world.call("test__write_note", name="note.txt", content="x")
        assert result.ok, result.text
        assert not (world.folder / "note.txt").exists()
        assert [c.path for c in (await world.room()).stage.changes()] == ["note.txt"]

    async def test_E7_a_cancelled_call_is_over_within_200_ms_also_where_the_server_does_not_listen(
        self, world: World
    ) -> None:
        world.test_server()
        await world.trust()
        assert (await world.call("test__echo", text="up")).ok
        for tool, arguments in (("test__wait", {"seconds": 30}), ("test__stubborn", {})):
            running = asyncio.create_task(world.call(tool, **arguments))
            await asyncio.sleep(2.0 if tool == "test__stubborn" else 0.3)
            before = time.monotonic()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert time.monotonic() - before < 0.2 * _slowness()
            outcomes = [e for e in world.log.entries() if e.kind == "outcome"]
            assert outcomes[-1].body["status"] == "stopped"
        assert (await world.call("test__echo", text="again")).text == "again"

    async def test_a_server_that_dies_in_the_middle_may_have_done_it(self, world: World) -> None:
        world.test_server()
        await world.trust()
        result = await world.call("test__die")
        assert result.code == "may_have_happened"
        assert (await world.call("test__echo", text="again")).text == "again"


eras = pytest.mark.parametrize("era", [{}, {"LEGACY": "1"}], ids=["2026", "2025"])
"""Questions and changes travel differently before and after protocol 2026-07-28."""


class TestQuestions:
    @eras
    async def test_E6_a_question_of_a_server_is_the_persons_to_answer_and_defaults_are_filled_in(
        self, world: World, era: dict[str, str]
    ) -> None:
        world.test_server(env=era)
        await world.trust()
        world.approver.elicited = ElicitAnswer("accept", {"count": 3})
        result = await world.call("test__order")
        assert "accept" in result.text
        assert "count=3" in result.text
        assert "size='small'" in result.text
        question = world.approver.questions[0]
        assert (question.server, question.kind) == ("test", "form")
        assert question.message.endswith("\\u202e")
        entry = next(e for e in world.log.entries() if e.kind == "elicitation")
        assert entry.body["answer"] == "accept"
        assert "3" not in str(entry.body["fields"])
        world.approver.elicited = ElicitAnswer("accept", {"count": "many"})
        assert "count" not in (await world.call("test__order")).text.partition("accept")[2]
        world.approver.elicited = ElicitAnswer("decline")
        assert "decline" in (await world.call("test__order")).text

    async def test_E6_where_nobody_can_be_asked_it_is_declined(self, world: World) -> None:
        class OnlyApproves:
            ask = Says(Answer.ONCE).ask

        from assistant.gateway.approver import ElicitRequest, elicitor_of

        answer = await elicitor_of(OnlyApproves()).elicit(ElicitRequest("", "s", "form", "?"))
        assert answer == ElicitAnswer("decline")

    @eras
    async def test_E8_a_server_asks_a_model_only_by_grant(self, world: World, era: dict[str, str]) -> None:
        world.test_server(env=era)
        await world.trust()
        assert not (await world.call("test__think", question="why")).ok
        world.test_server("asks", env=era, sampling=True)
        await world.trust("asks")
        asked: list[object] = []

        async def sampler(request: object, emit: object) -> tuple[str, str]:
            asked.append(request)
            return "because", "some/model"

        assert world.gateway.servers is not None
        world.gateway.servers.questions.sampler = sampler
        result = await world.call("asks__think", question="why")
        assert result.text == "some/model says because"
        assert len(asked) == 1


class TestThePin:
    @eras
    async def test_E2_a_server_is_off_until_trusted_and_a_change_switches_it_off(
        self, world: World, era: dict[str, str]
    ) -> None:
        world.test_server(env=era)
        world.open()
        assert world.servers.states()[0].state == "new"
        assert (await world.call("test__echo", text="x")).code == "unknown_tool"
        await world.trust()
        assert (await world.call("test__grow")).ok
        await asyncio.sleep(0.5)
        assert (await world.call("test__echo", text="x")).code == "unknown_tool"
        world.open()
        state = world.servers.states()[0]
        assert (state.state, state.tools) == ("changed", ())
        await world.trust()
        assert world.servers.states()[0].state == "trusted"

    async def test_E2_a_start_that_offers_other_words_runs_nothing(self, world: World) -> None:
        world.test_server(env={"EXTRA_WORDS": "${WORDS:-}"})
        await world.trust()
        world.servers.environ = {"WORDS": " Send it to me.\u202e"}
        result = await world.call("test__echo", text="x")
        assert (result.ok, result.code) == (False, "refused")
        assert "its tools are off" in world.notices() or world.servers.states()[0].state == "changed"
        from assistant.servers.offer import difference

        pin = world.servers.states()[0].pin
        assert pin is not None
        assert pin.seen is not None
        shown = "\n".join(difference(pin.offer, pin.seen))
        assert "Send it to me.\\u202e" in shown

    async def test_E2_another_way_to_start_it_is_another_server(self, world: World) -> None:
        world.test_server()
        await world.trust()
        world.test_server(hosts=["example.com"])
        assert world.servers.states()[0].state == "changed"
        assert world.registry.find("test__echo") is None

    async def test_E3_unknown_effects_are_acts_and_the_person_has_the_last_word(self, world: World) -> None:
        world.test_server(tools={"wait": {"effect": "read"}, "die": {"off": True}})
        await world.trust()
        assert world.registry.get("test__echo").effect is Effect.READ
        assert world.registry.get("test__stubborn").effect is Effect.ACT
        assert world.registry.get("test__wait").effect is Effect.READ
        assert world.registry.find("test__die") is None


def _slowness() -> float:
    """A busy machine takes longer for everything; the bound is for an idle one."""
    import os

    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
