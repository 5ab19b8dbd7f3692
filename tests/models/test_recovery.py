"""What follows a failed model call, and what the person is told."""

from __future__ import annotations

import pytest

from assistant.errors import ModelError
from assistant.models.failures import KINDS, RETRYABLE, SWAPPABLE, explain
from assistant.models.recovery import Again, GiveUp, Recovery, RetryPolicy, Swap

A, B, C = "openai/gpt-5", "anthropic/claude-sonnet-5", "ollama/qwen"


def error(kind: str, retry_after_s: float | None = None) -> ModelError:
    return ModelError("provider's words", kind=kind, retry_after_s=retry_after_s)


def recovery(*fallback: str, jitter: float = 1.0, **named: object) -> Recovery:
    return Recovery(A, fallback, jitter=lambda: jitter, **named)  # type: ignore[arg-type]


class TestSentences:
    @pytest.mark.parametrize("kind", sorted(KINDS))
    def test_each_kind_has_one_plain_sentence_and_something_to_do(self, kind: str) -> None:
        told = explain(error(kind), A)
        assert told.key == f"model.{kind}"
        assert "openai" in told.sentence or "gpt-5" in told.sentence
        assert told.sentence[-1] != "."
        assert "\n" not in told.sentence
        assert told.hint

    def test_an_unknown_kind_reads_as_a_server_error(self) -> None:
        assert explain(error("gremlins"), A).key == "model.server"

    def test_the_provider_s_words_are_not_part_of_it(self) -> None:
        assert "provider's words" not in str(explain(error("server"), A))

    def test_the_wait_that_was_asked_for_is_told(self) -> None:
        assert "(7 s)" in explain(error("rate_limit", 7.0), A).sentence

    def test_every_kind_of_the_error_class_is_here(self) -> None:
        documented = ModelError.__doc__ or ""
        assert all(kind in documented for kind in KINDS)
        assert RETRYABLE < SWAPPABLE < KINDS


class TestTryingAgain:
    def test_M7_nothing_is_asked_twice_once_something_was_delivered(self) -> None:
        for kind in sorted(KINDS):
            assert isinstance(recovery(B).after(error(kind), delivered=True), GiveUp)

    def test_waits_grow_and_then_it_gives_up(self) -> None:
        decide = recovery()
        steps = [decide.after(error("overloaded"), delivered=False) for _ in range(4)]
        assert [s.wait_s for s in steps if isinstance(s, Again)] == [1.0, 2.0, 4.0]
        assert isinstance(steps[-1], GiveUp)

    def test_waits_are_spread_by_chance(self) -> None:
        step = recovery(jitter=0.25).after(error("server"), delivered=False)
        assert isinstance(step, Again)
        assert step.wait_s == 0.25

    def test_no_wait_is_longer_than_the_longest(self) -> None:
        decide = recovery(policy=RetryPolicy(attempts=12, longest_s=5))
        steps = [decide.after(error("server"), delivered=False) for _ in range(11)]
        assert max(s.wait_s for s in steps if isinstance(s, Again)) == 5

    def test_the_provider_s_own_wait_is_kept_and_never_shortened(self) -> None:
        for jitter in (0.0, 1.0):
            step = recovery(jitter=jitter).after(error("rate_limit", 12.0), delivered=False)
            assert isinstance(step, Again)
            assert 12.0 <= step.wait_s <= 12.25

    def test_a_provider_that_asks_for_too_long_is_not_waited_for(self) -> None:
        assert isinstance(recovery().after(error("rate_limit", 3600.0), delivered=False), GiveUp)
        assert recovery(B).after(error("rate_limit", 3600.0), delivered=False).model == B  # type: ignore[union-attr]

    @pytest.mark.parametrize("kind", sorted(KINDS - RETRYABLE))
    def test_what_would_fail_again_is_not_tried_again(self, kind: str) -> None:
        assert isinstance(recovery().after(error(kind), delivered=False), GiveUp)

    def test_an_answer_starts_the_count_anew(self) -> None:
        decide = recovery(policy=RetryPolicy(attempts=2))
        assert isinstance(decide.after(error("server"), delivered=False), Again)
        decide.succeeded()
        assert isinstance(decide.after(error("server"), delivered=False), Again)
        assert isinstance(decide.after(error("server"), delivered=False), GiveUp)


class TestFallback:
    def test_the_list_is_taken_in_order(self) -> None:
        decide = recovery(A, B, C)
        models = [decide.after(error("quota"), delivered=False) for _ in range(3)]
        assert [m.model for m in models if isinstance(m, Swap)] == [B, C]
        assert isinstance(models[-1], GiveUp)

    def test_models_that_can_t_be_used_are_passed_over(self) -> None:
        step = recovery(B, C, usable=lambda name: name != B).after(error("auth"), delivered=False)
        assert isinstance(step, Swap)
        assert step.model == C

    def test_the_new_model_has_all_its_attempts(self) -> None:
        decide = recovery(B, policy=RetryPolicy(attempts=2))
        steps = [decide.after(error("server"), delivered=False) for _ in range(4)]
        assert [type(s) for s in steps] == [Again, Swap, Again, GiveUp]
        assert "anthropic" in steps[-1].explanation.sentence

    def test_a_long_conversation_goes_only_to_a_larger_window(self) -> None:
        windows = {A: 100, B: 50, C: 1000}
        step = recovery(B, C, window=windows.get).after(error("context_length"), delivered=False)
        assert isinstance(step, Swap)
        assert step.model == C

    @pytest.mark.parametrize("kind", ["content_policy", "bad_request"])
    def test_a_refusal_is_not_shopped_around(self, kind: str) -> None:
        assert isinstance(recovery(B).after(error(kind), delivered=False), GiveUp)
