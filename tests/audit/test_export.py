"""What leaves the log can be checked by a stranger, and collectors get what the conventions ask for."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from assistant.audit import upkeep
from assistant.audit.export import export_lines
from assistant.audit.log import Log
from assistant.audit.otel import send, spans
from assistant.errors import LogDamaged, LogError, UsageError

from .conftest import ENTRIES, Copy
from .test_views import one_turn, open_task

SCRIPT = files("assistant.audit").joinpath("check_export.py.txt")


def check(file: Path, vkey: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a stranger would: no package of ours, no third-party package, asserts off."""
    script = file.with_name("check_export.py")
    script.write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-I", "-S", "-O", str(script), str(file), vkey],
        capture_output=True,
        text=True,
        cwd=file.parent,
    )


def _refused(file: Path, vkey: str, words: str) -> None:
    done = check(file, vkey)
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def _run_here(file: Path, vkey: str) -> None:
    with mock.patch.object(sys, "argv", ["check_export.py", str(file), vkey]):
        exec(compile(SCRIPT.read_text(encoding="utf-8"), "check_export.py", "exec"), {})


def _as_task(lines: list[str]) -> list[str]:
    """The export of everything made to look as one task's from which entries were left out."""
    head = json.loads(lines[0])
    return [json.dumps({**head, "task": "task1", "lines": len(lines) - 3}) + "\n", *lines[1:4], *lines[6:]]


_TEXTS = [
    ('\\"number\\":7', '\\"number\\":8', "entry 8 is not in this log"),
    ('"seq":3,', '"seq":4,', "entry 4 is not in this log"),
    ("\\n50\\n", "\\n51\\n", "not signed by this key"),
    ('"message":"', '"message":"00', "a content of entry 1 was changed"),
    ('"contents":true', '"contents":false', "a content of entry 1 is missing"),
    ('"entries":50', '"entries":49', "entries are missing"),
    ('"lines":50', '"lines":49', "entries are missing"),
    ('"task":""', '"task":"task1"', "stands in a wrong place"),
    ('"vkeys":["', '"vkeys":["x', "not signed by this key"),
    ('"proof":["', '"proof":["00', "a proof is malformed"),
    ('"proof":["', '"proof":["' + "0" * 64 + '","', "a proof is malformed"),
    ('"type":"head"', '"type":"entry"', "not signed by this key"),
    ('"type":"entry"', '"type":"head"', "entry 1 is not in this log"),
    ('"proof":["', '"proof":["x","', "this is no export"),
    ('"contents":{"message":"', '"contents":{"other":"', "a content of entry 1 is missing"),
    ('"proof":["', '"proof":[" ', "lowercase hexadecimal"),
    ("=\\n\\n\u2014 ", "=\\n\\n\\u2014 x", "not signed by this key"),
]
"""What stands in an export, what is put in its place, and what the script says then."""

_LINES: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "one is left out": (lambda lines: [*lines[:9], *lines[10:]], "entries are missing"),
    "the last is left out": (lambda lines: lines[:-1], "entries are missing"),
    "all are left out": (lambda lines: lines[:1], "entries are missing"),
    "one stands twice": (lambda lines: [*lines[:9], lines[8], *lines[9:]], "entry 8 stands in a wrong place"),
    "two are swapped": (lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]], "entry 4 stands in a wrong place"),
    "the head is missing": (lambda lines: lines[1:], "this is no export"),
    "a second head": (lambda lines: [lines[0], *lines], "this is no export"),
    "an empty line": (lambda lines: [lines[0], "\n", *lines[1:]], "this is no export"),
    "another text behind": (lambda lines: [*lines, "hello\n"], "this is no export"),
    "a content is taken away": (
        lambda lines: [
            lines[0],
            json.dumps({**json.loads(lines[1]), "contents": {"message": None}}) + "\n",
            *lines[2:],
        ],
        "a content is missing that was never erased",
    ),
    "it says to be of one task": (_as_task, "stands in a wrong place"),
}


class TestJsonLines:
    @pytest.fixture
    def exported(self, copy: Copy, tmp_path: Path) -> tuple[Path, str]:
        with closing(Log.open(copy.paths)) as log:
            file = tmp_path / "log.jsonl"
            file.write_text("".join(f"{line}\n" for line in export_lines(log, contents=True)), encoding="utf-8")
            return file, str(log.trust.pinned()[0])

    def test_the_script_in_the_appendix_has_at_most_100_lines(self) -> None:
        assert len(SCRIPT.read_text(encoding="utf-8").splitlines()) <= 100

    def test_a_stranger_verifies_it_with_that_script_alone(self, exported: tuple[Path, str]) -> None:
        done = check(*exported)
        assert done.returncode == 0, done.stderr
        assert f"verified: {ENTRIES} entries" in done.stdout

    @pytest.mark.parametrize(("old", "new", "words"), _TEXTS, ids=[row[1][:20] for row in _TEXTS])
    def test_the_script_finds_what_was_changed(
        self, exported: tuple[Path, str], old: str, new: str, words: str
    ) -> None:
        file, key = exported
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        _refused(file, key, words)

    @pytest.mark.parametrize(("change", "words"), _LINES.values(), ids=_LINES)
    def test_the_script_finds_lines_that_are_missing_moved_or_put_in(
        self, exported: tuple[Path, str], change: Callable[[list[str]], list[str]], words: str
    ) -> None:
        file, key = exported
        lines = change(file.read_text(encoding="utf-8").splitlines(keepends=True))
        file.write_text("".join(lines), encoding="utf-8")
        _refused(file, key, words)

    def test_the_script_finds_a_byte_changed_anywhere(self, exported: tuple[Path, str]) -> None:
        """In one process: what stands in the file, not how it is started, is asked here."""
        file, key = exported
        good = file.read_text(encoding="utf-8")
        chance = random.Random(5)
        tried = 0
        while tried < 40:
            at = chance.randrange(len(good))
            if not good[at].isalnum():
                continue
            tried += 1
            other = chance.choice([c for c in "0123456789abcdefXYZ" if c != good[at]])
            file.write_text(good[:at] + other + good[at + 1 :], encoding="utf-8")
            with pytest.raises(SystemExit, match="NOT VERIFIED"):
                _run_here(file, key)
        file.write_text(good, encoding="utf-8")
        _run_here(file, key)

    @pytest.mark.parametrize("vkey", ["", "nonsense", "a+b+c", "name+00000000+AA=="])
    def test_the_script_refuses_what_is_no_key(self, exported: tuple[Path, str], vkey: str) -> None:
        _refused(exported[0], vkey, "NOT VERIFIED")

    @pytest.mark.parametrize("data", [b"", b"{}\n", b"\xff\n", b"[" * 100_000, b"null\n"])
    def test_the_script_refuses_what_is_no_export(self, exported: tuple[Path, str], data: bytes) -> None:
        exported[0].write_bytes(data)
        _refused(*exported, "NOT VERIFIED: this is no export")

    def test_the_script_refuses_another_key(self, exported: tuple[Path, str]) -> None:
        from assistant.audit.note import new_signing_key

        name = exported[1].split("+")[0]
        assert "not signed" in check(exported[0], str(new_signing_key(name).verifier)).stderr

    def test_one_task_can_be_exported_alone(self, copy: Copy, tmp_path: Path) -> None:
        with closing(Log.open(copy.paths)) as log:
            lines = list(export_lines(log, "task2"))
            file = tmp_path / "one.jsonl"
            file.write_text("\n".join(lines), encoding="utf-8")
            assert {json.loads(json.loads(line)["entry"])["task"] for line in lines[1:]} == {"task2"}
            assert check(file, str(log.trust.pinned()[0])).returncode == 0

    def test_an_erased_content_is_null_and_still_verifies(self, copy: Copy, tmp_path: Path) -> None:
        with closing(Log.open(copy.paths)) as log:
            upkeep.erase_entry(log, 1)
            lines = list(export_lines(log, contents=True))
            assert json.loads(lines[1])["contents"] == {"message": None}
            (tmp_path / "e.jsonl").write_text("\n".join(lines), encoding="utf-8")
            assert check(tmp_path / "e.jsonl", str(log.trust.pinned()[0])).returncode == 0

    def test_a_damaged_log_is_not_exported(self, copy: Copy) -> None:
        copy.run("UPDATE entries SET leaf=zeroblob(32) WHERE seq=4")
        with closing(Log.open(copy.paths, read_only=True)) as log, pytest.raises(LogDamaged):
            list(export_lines(log))

    def test_an_empty_log_has_nothing_to_export(self, log: Log) -> None:
        with pytest.raises(UsageError, match="empty"):
            list(export_lines(log))


@pytest.fixture
def collector() -> Iterator[tuple[str, list[dict[str, Any]], list[int]]]:
    """An OTLP/HTTP collector: its address, the requests it got, and the status to answer with."""
    got: list[dict[str, Any]] = []
    status = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            got.append({"path": self.path, "type": self.headers["Content-Type"], "body": json.loads(data)})
            self.send_response(status[0])
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", got, status
        server.shutdown()
        thread.join()


class TestOpenTelemetry:
    @pytest.fixture(autouse=True)
    def _fill(self, log: Log) -> None:
        open_task(log, "t1")
        one_turn(log, "t1", "secret prompt", "secret answer", call="c1")
        log.append("message", "t1", {"role": "user"})
        log.append("intent", "t1", {"call": "c2", "tool": "run_command", "effect": "execute", "digest": "e" * 64})

    def test_a_turn_is_an_agent_span_over_chat_and_tool_spans(self, log: Log) -> None:
        found = {span["name"]: span for span in spans(log)}
        assert set(found) == {
            "invoke_agent assistant",
            "chat gpt-x",
            "execute_tool write_file",
            "execute_tool run_command",
        }
        everything = list(spans(log))
        assert len({span["traceId"] for span in everything}) == 1
        assert all(len(span["traceId"]) == 32 and len(span["spanId"]) == 16 for span in everything)
        agents = {span["spanId"] for span in everything if span["name"].startswith("invoke_agent")}
        assert all(span["parentSpanId"] in agents for span in everything if not span["name"].startswith("invoke_agent"))

    def test_attributes_follow_the_genai_conventions(self, log: Log) -> None:
        chat = next(span for span in spans(log) if span["name"] == "chat gpt-x")
        values = {a["key"]: a["value"] for a in chat["attributes"]}
        assert values["gen_ai.operation.name"] == {"stringValue": "chat"}
        assert values["gen_ai.provider.name"] == {"stringValue": "openai"}
        assert values["gen_ai.request.model"] == {"stringValue": "gpt-x"}
        assert values["gen_ai.usage.input_tokens"] == {"intValue": "100"}
        assert values["gen_ai.response.finish_reasons"] == {"arrayValue": {"values": [{"stringValue": "tool_calls"}]}}

    def test_a_call_without_outcome_is_an_error_that_may_have_happened(self, log: Log) -> None:
        tool = next(span for span in spans(log) if span["name"] == "execute_tool run_command")
        values = {a["key"]: a["value"] for a in tool["attributes"]}
        assert values["assistant.status"] == {"stringValue": "may_have_happened"}
        assert tool["status"]["code"] == 2

    def test_contents_stay_here(self, log: Log) -> None:
        assert "secret" not in json.dumps(list(spans(log)))

    def test_it_is_sent_to_a_collector(self, log: Log, collector: tuple[str, list[dict[str, Any]], list[int]]) -> None:
        url, got, _ = collector
        count = send(log, url)
        assert (got[0]["path"], got[0]["type"]) == ("/v1/traces", "application/json")
        assert len(got[0]["body"]["resourceSpans"][0]["scopeSpans"][0]["spans"]) == count == 5

    def test_a_collector_that_refuses_or_is_not_there_is_said(
        self, log: Log, collector: tuple[str, list[dict[str, Any]], list[int]]
    ) -> None:
        url, _, status = collector
        status[0] = 503
        with pytest.raises(LogError, match="503"):
            send(log, url)
        with pytest.raises(LogError, match="does not answer"):
            send(log, "http://127.0.0.1:9")

    @pytest.mark.parametrize("url", ["ftp://x", "nothing", "http://example.com:4318", "http://10.0.0.1"])
    def test_the_log_is_not_sent_unencrypted_to_others(self, log: Log, url: str) -> None:
        with pytest.raises(UsageError):
            send(log, url)
