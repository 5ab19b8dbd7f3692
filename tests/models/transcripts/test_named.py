"""Recordings that others read wrong: each with its own test. What is expected stands here in words and figures, read by eye."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.models.worker.ask import ask
from assistant.models.worker.call import WireCall
from assistant.types import Message, ModelRequest, ReasoningDone, ServerToolUse, TextPart
from tests.models.transcripts.conftest import ask_for


@pytest.fixture
async def say(recordings: dict[str, Any], replay: Any) -> Any:
    """Ask for one recording."""
    async with replay.Server(list(recordings.values())) as server:

        async def ask_by_id(id: str, options: str = "") -> dict[str, Any]:
            return await ask_for(recordings[id], server.base, options)

        yield ask_by_id


class TestCohere:
    """Version 2 of its chat."""

    async def test_a_stream_with_thoughts_is_read_to_its_end(self, say: Any) -> None:
        answer = await say("cohere-05f9f666db75-0")
        assert answer["error"] is None
        assert answer["finish"] == "stop"
        assert "Yukihiro Matsumoto" in answer["text"]
        assert answer["reasoning"].startswith("The document clearly states")

    async def test_tool_calls_end_as_tool_calls(self, say: Any) -> None:
        answer = await say("cohere-0d82b7d1e15c-0")
        assert answer["finish"] == "tool_calls"
        assert [call["arguments"] for call in answer["tool_calls"]] == [{"topic": "prefix"}, {"topic": "breakpoint"}]
        assert answer["usage"] == {"input": 5890, "output": 99}


class TestServerTools:
    """W3: what the provider ran itself is never ours to run."""

    async def test_W3_of_anthropic(self, say: Any) -> None:
        answer = await say("anthropic-0d1a1a600b3b-1")
        assert answer["tool_calls"] == []
        assert answer["finish"] == "stop"
        assert answer["usage"] == {"input": 16 + 7049 + 13637, "output": 344}

    async def test_W3_of_bedrock(self, say: Any) -> None:
        answer = await say("bedrock-239e46fe4db8-0")
        assert answer["tool_calls"] == []
        assert answer["finish"] == "stop"
        assert answer["text"].startswith("The latest stable Ruby version is 4.0.6")

    async def test_W3_no_recording_lets_one_through(self, recordings: dict[str, Any], replay: Any) -> None:
        """All recordings with server tools: they come as ServerToolUse, and calls only where a tool of ours was asked for."""
        seen = 0
        async with replay.Server(list(recordings.values())) as server:
            for recording in recordings.values():
                if "server_tools" in recording["features"] and recording["response"]["status"] == 200:
                    answer = await ask_for(recording, server.base)
                    offered = str(recording["request"]["json"].get("tools"))
                    assert all(call["name"] in offered for call in answer["tool_calls"]), recording["id"]
                    assert bool(answer["tool_calls"]) == ("tool_calls" in recording["features"]), recording["id"]
                    seen += 1
        assert seen >= 60

    async def test_W3_they_are_shown(self, recordings: dict[str, Any], replay: Any) -> None:
        async with replay.Server(list(recordings.values())) as server:
            call = WireCall(
                "anthropic/claude-sonnet-5",
                ModelRequest((Message("user", (TextPart("hi"),)),)),
                f"{server.base}/t/anthropic-0d1a1a600b3b-1",
                "k",
                stream=False,
            )
            events = [event async for event in ask(call)]
        assert [e.name for e in events if isinstance(e, ServerToolUse)] == ["bash_code_execution"] * 2
        assert (
            sum(isinstance(e, ReasoningDone) for e in events) == 5
        )  # two uses, two results, one thought: all kept in place


class TestGemini:
    """Streams."""

    async def test_W2_one_that_ends_early_is_no_success(self, recordings: dict[str, Any], say: Any) -> None:
        id = next(i for i, r in recordings.items() if r["api"] == "gemini" and "stream" in r["features"])
        body = recordings[id]["response"]["body"]
        answer = await say(id, f";end={body.rindex('data: ')}")
        assert answer["error"] == {"kind": "incomplete_stream", "retryable": True}
        assert answer["finish"] is None


class TestOpenRouter:
    """Its streams, and its errors."""

    async def test_reasoning_signatures_survive(self, say: Any) -> None:
        answer = await say("openrouter-1035a9abea57-0")
        assert len(answer["signatures"]) == 1
        assert len(answer["signatures"][0]) > 100
        assert answer["tool_calls"] == [{"name": "reasoning_weather", "arguments": {"city": "Berlin"}}]

    async def test_a_context_that_is_too_long_is_said_to_be(self, say: Any) -> None:
        assert (await say("openrouter-c70814be5549-0"))["error"] == {"kind": "context_length", "retryable": False}


class TestBedrock:
    """Converse."""

    async def test_cited_text_is_text(self, say: Any) -> None:
        assert (await say("bedrock-fd3977b877fc-0"))["text"] == 'The title of this document is "Dummy PDF file".'


class TestGroq:
    """Its accents."""

    @pytest.mark.parametrize("id", ["groq-2ff31e097d86-0", "groq-b7087e6c9504-0"])
    async def test_answers_without_a_service_tier_are_read_with_their_usage(self, id: str, say: Any) -> None:
        answer = await say(id)
        assert answer["error"] is None
        assert answer["usage"]["input"] > 0
        assert answer["usage"]["output"] > 0


class TestOpenAI:
    """Chat and Responses."""

    async def test_usage_that_nobody_gave_is_not_invented(self, say: Any) -> None:
        answer = await say("openai-1b685e50111c-0")
        assert answer["usage"] is None
        assert answer["text"]

    async def test_annotations_of_responses_do_no_harm(self, say: Any) -> None:
        answer = await say("openai-44936499fe73-3")
        assert answer["text"] == "The capital of France is Paris."
        assert answer["usage"] == {"input": 1178, "output": 45}

    @pytest.mark.parametrize("id", ["openai-4e2daa3bad75-0", "openai-a6c8e637e1d7-0"])
    async def test_streamed_refusals_are_kept(self, id: str, say: Any) -> None:
        answer = await say(id)
        assert answer["refusal"].startswith("I'm")
        assert answer["finish"] == "stop"
        assert answer["text"] == ""

    async def test_reasoning_of_responses_is_kept(self, say: Any) -> None:
        answer = await say("deepseek-64405da46cd8-0")
        assert answer["reasoning"].startswith('The user requested reading "a"')
        assert answer["text"] == "done"


class TestErrorsWithoutRecordings:
    """Statuses that are rare: said by the replay server in place of the recording's."""

    @pytest.mark.parametrize(
        ("status", "kind", "retryable"),
        [(529, "overloaded", True), (503, "overloaded", True), (429, "rate_limit", True), (500, "server", True)],
    )
    async def test_each_family_types_them(
        self, recordings: dict[str, Any], say: Any, status: int, kind: str, retryable: bool
    ) -> None:
        for api in ("openai_chat", "anthropic", "gemini", "openai_responses", "cohere_v2", "bedrock_converse"):
            id = next(i for i, r in recordings.items() if r["api"] == api)
            answer = await say(id, f";fail=9;failwith={status};retry_after=7")
            assert answer["error"] == {"kind": kind, "retryable": retryable}, api
