"""Every recording says through us what its bytes say (see README.md for the few readings that are ours to choose)."""

from __future__ import annotations

import asyncio
import base64
import random
from typing import Any

from tests.models.transcripts import oracle
from tests.models.transcripts.conftest import ask_for

KINDS = {
    "auth",
    "permission",
    "not_found",
    "bad_request",
    "context_length",
    "content_policy",
    "quota",
    "rate_limit",
    "overloaded",
    "server",
    "timeout",
    "connection",
    "incomplete_stream",
}
FINISHES = {"stop", "length", "tool_calls", "content_filter", "pause", "malformed_tool_call", "other"}


def differences(answer: dict[str, Any], said: oracle.Said) -> list[str]:
    """Where the answer is not what was said."""
    kind = answer["error"] and answer["error"]["kind"]
    pairs = {
        "error": (kind, said.kind),
        "text": (answer["text"], said.text),
        "tool_calls": (answer["tool_calls"], said.tool_calls),
        "finish": (answer["finish"], said.finish),
        "usage": (answer["usage"], said.usage),
    }
    if not said.kind and said.finish != "content_filter":
        pairs["refusal"] = (answer.get("refusal", ""), said.refusal)
    return [f"{name}: {ours!r} is not {truth!r}" for name, (ours, truth) in pairs.items() if ours != truth]


async def test_every_recording_says_the_same_through_us(recordings: dict[str, Any], replay: Any) -> None:
    """Text, tool calls, finish, usage, refusal and error kind of all of them."""
    wrong: list[str] = []
    async with replay.Server(list(recordings.values())) as server:
        server.keep_log = False
        for id, recording in recordings.items():
            answer = await ask_for(recording, server.base)
            if found := differences(answer, oracle.read(recording)):
                wrong.append(f"{id}: {'; '.join(found)}")
            assert answer["finish"] is None or answer["finish"] in FINISHES
    assert not wrong, f"{len(wrong)} of {len(recordings)}:\n" + "\n".join(wrong[:20])


async def test_the_recorders_own_marks_agree(recordings: dict[str, Any], replay: Any) -> None:
    """A third witness: what the recorder noted of each (length, tool calls, signatures, usage) fits our answers."""
    sample = random.Random(7).sample(sorted(recordings), 800)
    async with replay.Server(list(recordings.values())) as server:
        server.keep_log = False
        for id in sample:
            recording = recordings[id]
            marks = recording["features"]
            if (
                b"finish_details" in oracle.bytes_of(recording)
                or "unparsed" in marks
                or recording["response"]["status"] != 200
                or "error_in_200" in marks
            ):
                continue
            answer = await ask_for(recording, server.base)
            assert ("length" in marks) == (answer["finish"] == "length"), id
            assert ("tool_calls" in marks) == bool(answer["tool_calls"]), id
            assert bool({"usage", "usage_in_stream"} & set(marks)) == bool(answer["usage"]), id
            assert ("signature" in marks) == bool(answer.get("signatures")), id
            assert ("refusal" in marks) == bool(answer.get("refusal") or answer["finish"] == "content_filter"), id


class TestBrokenStreams:
    """A typed error or the right answer, never a hang, a traceback, or half an answer that looks whole."""

    async def check(self, recordings: dict[str, Any], replay: Any, options: Any, count: int) -> list[str]:
        """Ask for `count` recordings with the options that `options(recording, body)` gives."""
        chosen = [r for r in recordings.values() if r["response"]["status"] == 200 and "stream" in r["features"]]
        dice = random.Random(11)
        wrong: list[str] = []
        async with replay.Server(list(recordings.values())) as server:
            server.keep_log = False
            for recording in dice.sample(chosen, count):
                said = oracle.read(recording)
                places = options(recording, oracle.bytes_of(recording), dice, replay)
                asked = (ask_for(recording, server.base, option, timeout=0.5) for option in places)
                for option, answer in zip(places, await asyncio.gather(*asked), strict=True):
                    if answer["error"] is None:
                        wrong += [f"{recording['id']}{option}: {d}" for d in differences(answer, said)]
                    elif answer["error"]["kind"] not in KINDS or not (
                        said.kind or said.text.startswith(answer["text"])
                    ):
                        wrong.append(f"{recording['id']}{option}: {answer}")
        return wrong

    async def test_W2_cut_after_any_event_by_a_proper_end(self, recordings: dict[str, Any], replay: Any) -> None:
        """The server ends the response properly, without its last events."""
        assert not await self.check(recordings, replay, cuts("end"), 80)

    async def test_W2_cut_after_any_event_by_a_closed_connection(self, recordings: dict[str, Any], replay: Any) -> None:
        """The connection is closed in the middle."""
        assert not await self.check(recordings, replay, cuts("cutfin"), 80)

    async def test_W2_cut_by_a_reset(self, recordings: dict[str, Any], replay: Any) -> None:
        """The connection is reset in the middle."""
        assert not await self.check(recordings, replay, lambda *_: [";cut=0", ";cut=150", ";cut=900"], 25)

    async def test_split_anywhere(self, recordings: dict[str, Any], replay: Any) -> None:
        """Pieces of one byte and of seven: inside UTF-8 characters, JSON, and frames. Always the right answer."""
        for option in (";split=1", ";split=7", ";split=all"):
            wrong = await self.check(recordings, replay, lambda *_, o=option: [o], 60)
            assert not wrong
        # with nothing cut, an error would be wrong too
        async with replay.Server(list(recordings.values())) as server:
            for id in sorted(recordings)[::40]:
                answer = await ask_for(recordings[id], server.base, ";split=3")
                assert not differences(answer, oracle.read(recordings[id])), id

    async def test_W10_stalled(self, recordings: dict[str, Any], replay: Any) -> None:
        """Silence in the middle ends by the timeout, with what had come kept."""
        assert not await self.check(
            recordings, replay, lambda *_: [f";stall={place}" for place in range(0, 2000, 100)], 10
        )

    async def test_W10_garbage(self, recordings: dict[str, Any], replay: Any) -> None:
        """Bytes turned over, lines repeated, pieces of other protocols."""
        dice = random.Random(3)
        chosen = dice.sample([r for r in recordings.values() if r["response"]["status"] == 200], 400)
        broken = [spoiled(recording, dice) for recording in chosen]
        async with replay.Server(broken) as server:
            server.keep_log = False
            for recording in broken:
                answer = await ask_for(recording, server.base, timeout=2)
                assert answer["error"] is None or answer["error"]["kind"] in KINDS, recording["id"]
                assert answer["error"] or answer["finish"] in FINISHES


def cuts(option: str) -> Any:
    """Up to a dozen places to cut: after events, and at random."""

    def places(recording: dict[str, Any], body: bytes, dice: random.Random, replay: Any) -> list[str]:
        pieces = replay.pieces(body, recording["response"]["headers"].get("content-type", ""), "event")
        ends, at = [], 0
        for piece in pieces[:-1]:
            at += len(piece)
            ends.append(at)
        chosen = dice.sample(ends, min(8, len(ends))) + ends[-3:] + dice.sample(range(len(body)), 3) + [len(body) - 1]
        return [f";{option}={place}" for place in chosen]

    return places


def spoiled(recording: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """The recording with its body damaged in one of several ways."""
    body = bytearray(oracle.bytes_of(recording))
    way = dice.randrange(6)
    if way == 0:
        for _ in range(20):
            body[dice.randrange(len(body))] = dice.randrange(256)
    elif way == 1:
        at = dice.randrange(len(body))
        body[at:at] = dice.randbytes(200)
    elif way == 2:
        body = bytearray(b"<html><body>502 Bad Gateway</body></html>")
    elif way == 3:
        body = bytearray(b"data: " + b"[" * 100_000 + b"\n\n")
    elif way == 4:
        body = bytearray(bytes(body).replace(b'"', b"null", 40))
    else:
        body = bytearray(bytes(body).replace(b":{", b":[", 3).replace(b'":"', b'":7,"', 3))
    response = {**recording["response"], "body_b64": base64.b64encode(bytes(body)).decode()}
    return {**recording, "response": response}
