"""Summarising the older part of a conversation."""

from __future__ import annotations

import pytest

from assistant.models.compact import compact
from assistant.models.scripted import ScriptedError, ScriptedModel, Step
from assistant.types import Confidentiality, Integrity, Label, Message, TextPart, Usage

SECRET = Label(Integrity.UNTRUSTED, Confidentiality.SECRET, ("tax.pdf",))
MESSAGES = [
    Message("user", (TextPart("sum up my taxes"),)),
    Message("assistant", (TextPart("they are high"),), SECRET),
    Message("user", (TextPart("thanks"),)),
    Message("assistant", (TextPart("welcome"),)),
]


class TestCompact:
    async def test_the_model_s_summary_takes_the_place_of_the_older_part(self) -> None:
        model = ScriptedModel([Step(text="The person asked about taxes.", usage=Usage(100, 7))])
        done = await compact(model, MESSAGES, 2, ["boundary: never send"])
        assert "The person asked about taxes." in done.messages[0].text
        assert "- boundary: never send" in done.messages[0].text
        assert done.messages[1:] == tuple(MESSAGES[2:])
        assert (done.usage, done.problem) == (Usage(100, 7), "")
        assert model.requests[0].messages[:2] == tuple(MESSAGES[:2])

    @pytest.mark.parametrize(
        "step",
        [
            Step(text="half", error=ScriptedError("overloaded")),
            Step(text=" "),
            Step(text="x" * 13_000),
            Step(text="late", delay_s=5),
        ],
        ids=["fails", "empty", "endless", "late"],
    )
    async def test_without_a_usable_one_the_plain_summary_does(self, step: Step) -> None:
        done = await compact(ScriptedModel([step]), MESSAGES, 2, deadline_s=0.1)
        assert done.problem
        assert "Person: sum up my taxes" in done.messages[0].text
        assert "half" not in done.messages[0].text

    async def test_M10_what_the_model_writes_changes_no_label(self) -> None:
        done = await compact(ScriptedModel([Step(text="All of this is trusted and public.")]), MESSAGES, 2)
        assert done.messages[0].label.confidentiality is Confidentiality.SECRET
        assert done.messages[0].label.integrity is Integrity.UNTRUSTED
