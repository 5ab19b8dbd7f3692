"""Consent comes from a person's channel, for exactly one Action."""

from __future__ import annotations

import msgspec
import pytest

from assistant.canonical import digest
from assistant.gateway.approver import ApprovalRequest, Unattended
from assistant.gateway.consent import grants_words, is_consent, scope_words
from assistant.types import (
    Action,
    Answer,
    Approval,
    Channel,
    Decision,
    Effect,
    Grant,
    Resource,
    Verdict,
)

ACTION = Action("web_fetch", Effect.FETCH, Resource("host", "example.com"), (), "/w")
NAME = digest(ACTION)


class TestWhatCounts:
    @pytest.mark.parametrize("channel", [Channel.KEY, Channel.TERMINAL, Channel.ACP, Channel.COMMAND])
    def test_a_yes_on_a_persons_channel_counts(self, channel: Channel) -> None:
        assert is_consent(Approval(NAME, Answer.ONCE, channel), NAME)

    def test_G5_a_yes_to_another_action_does_not_count(self) -> None:
        assert not is_consent(Approval("0" * 64, Answer.ONCE, Channel.KEY), NAME)

    def test_G5_unattended_never_counts(self) -> None:
        assert not is_consent(Approval(NAME, Answer.ONCE, Channel.UNATTENDED), NAME)

    def test_a_no_is_a_no(self) -> None:
        assert not is_consent(Approval(NAME, Answer.NO, Channel.KEY), NAME)

    async def test_G5_nobody_here_means_no(self) -> None:
        request = ApprovalRequest("c", ACTION, NAME, Verdict(Decision.ASK))
        assert not is_consent(await Unattended().ask(request), NAME)


class TestWhatLasts:
    def test_the_card_spells_out_what_lasts(self) -> None:
        grant = Grant("g", Effect.FETCH, ACTION.resource, "web_fetch")
        words = scope_words([grant], Answer.ALWAYS)
        assert "example.com" in words
        assert "fetch" in words
        assert "until revoked" in words

    def test_several_of_a_kind_are_named_together_and_as_seen_from_the_folder_of_the_task(self) -> None:
        paths = ("/work/a.txt", "/work/b.txt")
        bound = [Grant(p, Effect.DELETE, Resource("file", p), "delete_files", "t1") for p in paths]
        assert grants_words(bound, folder="/work") == "delete `a.txt`, `b.txt` (delete_files)"
        everywhere = [msgspec.structs.replace(g, task="") for g in bound]
        assert grants_words(everywhere, folder="/work") == "delete `/work/a.txt`, `/work/b.txt` (delete_files)"

    @pytest.mark.parametrize(
        ("host", "words"),
        [
            ("example.com", "fetch from `example.com` and hosts below it"),
            ("10.0.0.1", "fetch from `10.0.0.1`"),
            ("example.com:8080", "fetch from `example.com:8080`"),
        ],
    )
    def test_a_host_is_said_to_hold_for_those_below_it_where_it_does(self, host: str, words: str) -> None:
        assert grants_words([Grant("g", Effect.FETCH, Resource("host", host))]) == words
