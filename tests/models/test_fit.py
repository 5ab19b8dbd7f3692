"""Fitting a conversation into a window."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.models.fit import compacted, cut_point, estimate_tokens, plain_summary, summary_request
from assistant.types import (
    CallPart,
    Confidentiality,
    ImagePart,
    Integrity,
    Label,
    Message,
    ReasoningPart,
    ResultPart,
    TextPart,
    ToolCall,
    ToolResult,
)

TRUSTED = Label(Integrity.TRUSTED, Confidentiality.PRIVATE, ("person",))


def person(words: str) -> Message:
    return Message("user", (TextPart(words),), TRUSTED)


def says(words: str) -> Message:
    return Message("assistant", (TextPart(words),))


def round_of(number: int, size: int = 400, calls: int = 1) -> list[Message]:
    made = [ToolCall(f"c{number}.{i}", "read_file", f'{{"path":"f{number}"}}') for i in range(calls)]
    results = [Message("tool", (ResultPart(ToolResult(c.id, True, "x" * size)),)) for c in made]
    return [Message("assistant", tuple(CallPart(c) for c in made)), *results]


def conversation(turns: int, rounds: int, size: int = 400) -> list[Message]:
    found: list[Message] = []
    for turn in range(turns):
        found.append(person(f"prompt {turn}"))
        for number in range(rounds):
            found += round_of(turn * 100 + number, size, calls=1 + number % 3)
        found.append(says(f"answer {turn}"))
    return found


def tokens(messages: tuple[Message, ...] | list[Message]) -> int:
    return sum(estimate_tokens(m) for m in messages)


class TestCutting:
    def test_what_fits_is_left_alone(self) -> None:
        assert cut_point(conversation(3, 2), 200_000) is None

    def test_an_unknown_window_never_cuts(self) -> None:
        assert cut_point(conversation(50, 20, 5000), None) is None

    def test_it_cuts_where_a_turn_begins(self) -> None:
        messages = conversation(20, 3, 1000)
        cut = cut_point(messages, 20_000)
        assert cut
        assert messages[cut].role == "user"

    def test_one_long_turn_is_cut_between_its_rounds(self) -> None:
        messages = [person("do it all"), *[m for n in range(60) for m in round_of(n, 2000)]]
        cut = cut_point(messages, 20_000)
        assert cut
        assert messages[cut].role == "assistant"
        assert messages[cut - 1].role == "tool"

    def test_much_less_is_left_so_that_it_happens_seldom(self) -> None:
        messages = conversation(40, 3, 1000)
        cut = cut_point(messages, 40_000)
        assert cut
        assert tokens(messages[cut:]) < 0.5 * 40_000

    def test_the_provider_s_own_count_corrects_the_estimate(self) -> None:
        messages = conversation(10, 3, 1000)
        window = tokens(messages) * 2
        assert cut_point(messages, window) is None
        assert cut_point(messages, window, scale=3.0) is not None

    @settings(max_examples=60)
    @given(st.integers(1, 8), st.integers(0, 6), st.integers(0, 3000), st.integers(2_000, 60_000))
    def test_no_call_is_ever_parted_from_its_result(self, turns: int, rounds: int, size: int, window: int) -> None:
        messages = conversation(turns, rounds, size)
        cut = cut_point(messages, window)
        if cut is None:
            return
        kept = messages[cut:]
        made = {p.call.id for m in kept for p in m.parts if isinstance(p, CallPart)}
        answered = {p.result.call_id for m in kept for p in m.parts if isinstance(p, ResultPart)}
        assert made == answered
        assert 0 < cut < len(messages)

    def test_one_message_that_is_too_long_by_itself_can_t_be_cut(self) -> None:
        assert cut_point([person("x" * 10**6)], 8_000) is None


class TestEstimate:
    def test_every_kind_of_part_counts(self) -> None:
        call = CallPart(ToolCall("1", "run_command", '{"command":"' + "a" * 300 + '"}'))
        parts = (TextPart("a" * 300), ReasoningPart("a" * 300), call, ImagePart("image/png"))
        sizes = [estimate_tokens(Message("assistant", (p,))) for p in parts]
        assert all(size > 80 for size in sizes)

    def test_it_is_not_below_what_a_real_tokenizer_counts(self, o200k) -> None:  # type: ignore[no-untyped-def]
        for text in ("The quick brown fox jumps over the lazy dog. " * 40, "把所有的文本文件改名并统计行数。" * 40):
            assert estimate_tokens(person(text)) >= 0.9 * len(o200k.encode(text))


class TestSummary:
    def test_the_model_is_asked_without_tools_and_with_the_older_part_alone(self) -> None:
        messages = conversation(20, 3, 1000)
        request = summary_request(messages, 8)
        assert request.messages[:8] == tuple(messages[:8])
        assert (len(request.messages), request.tools) == (9, ())

    def test_without_a_model_the_person_s_words_and_the_calls_remain(self) -> None:
        failed = Message("tool", (ResultPart(ToolResult("c1.0", False, "no such file", "failed")),))
        text = plain_summary([person("find it"), round_of(1)[0], failed], 3)
        assert text == 'Person: find it\nCalled read_file {"path":"f1"}\n  it failed: failed no such file'

    def test_it_stays_within_its_limit(self) -> None:
        assert len(plain_summary(conversation(300, 5), 2000, limit=1000)) <= 1000

    def test_M10_what_is_in_force_stands_outside_the_summary(self) -> None:
        result = compacted(
            conversation(3, 1), 4, "they talked", pinned=["boundary: never push", "grant: fetch pypi.org"]
        )
        assert result[0].role == "user"
        assert "they talked" in result[0].text
        assert "- boundary: never push\n- grant: fetch pypi.org" in result[0].text

    def test_M10_a_summary_has_the_label_of_all_it_replaces(self) -> None:
        secret = Label(Integrity.UNTRUSTED, Confidentiality.SECRET, ("tax.pdf",))
        messages = [person("a"), Message("tool", (TextPart("b"),), secret), person("c"), says("d")]
        label = compacted(messages, 2, "s")[0].label
        assert (label.integrity, label.confidentiality) == (Integrity.UNTRUSTED, Confidentiality.SECRET)
        assert "tax.pdf" in label.sources

    def test_a_cut_within_a_turn_keeps_the_prompt_word_for_word(self) -> None:
        messages = [person("old"), says("ok"), person("rename *.txt to *.md"), *round_of(1), *round_of(2)]
        result = compacted(messages, 5, "s")
        assert result[0].text.endswith("rename *.txt to *.md")
        assert result[1:] == tuple(messages[5:])
        assert result[1].role == "assistant"


@pytest.fixture(scope="session")
def o200k():  # type: ignore[no-untyped-def]
    from tests.models.tokens import o200k

    return o200k()
