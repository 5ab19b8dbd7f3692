"""`assistant models complete`, through the command itself."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

KEYS = {"text", "tool_calls", "finish", "usage", "error"}


class Handler(BaseHTTPRequestHandler):
    """A chat completion that depends on the model's name; keeps what it was sent."""

    seen: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.seen.append(body)
        arguments = {"good": '{"path": "a"}', "none": "", "bad": '{"path": ', "list": "[1]"}.get(body["model"], "")
        call = {"id": "call_123456", "type": "function", "function": {"name": "read", "arguments": arguments}}
        finish = "length" if body["model"] == "cut" else "tool_calls"
        choice = {"index": 0, "message": {"content": "Hm 你好", "tool_calls": [call]}, "finish_reason": finish}
        usage = {
            "prompt_tokens": 10,
            "completion_tokens": 4,
            "total_tokens": 17,
            "completion_tokens_details": {"reasoning_tokens": 3},
        }
        data = json.dumps({"choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def base() -> Any:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


def run(home: Path, text: str, *options: str) -> tuple[list[dict[str, Any]], str, int]:
    """Lines, standard error and exit code of the command."""
    done = subprocess.run(
        [sys.executable, "-m", "assistant", "models", "complete", *options],
        input=text.encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode(), done.returncode


def asking(base: str, model: str = "good", **more: Any) -> str:
    return json.dumps(
        {"model": f"openai/{model}", "api_base": base, "messages": [{"role": "user", "content": "hi"}], **more}
    )


class TestComplete:
    """One request."""

    def test_prints_one_object_with_the_documented_fields(self, home: Path, base: str) -> None:
        (answer,), _, code = run(home, asking(base, stream=False))
        assert code == 0
        assert answer == {
            "text": "Hm 你好",
            "tool_calls": [{"name": "read", "arguments": {"path": "a"}}],
            "finish": "tool_calls",
            "usage": {"input": 10, "output": 7},
            "error": None,
        }

    def test_exits_with_0_and_says_why_when_the_provider_fails(self, home: Path) -> None:
        (answer,), words, code = run(home, asking("http://127.0.0.1:1"))
        assert code == 0
        assert answer["error"] == {"kind": "connection", "retryable": True}
        assert answer["finish"] is None
        assert "no connection to 127.0.0.1:1" in words
        assert "Traceback" not in words

    @pytest.mark.parametrize(
        ("model", "arguments", "finish"),
        [
            ("none", {}, "tool_calls"),
            ("bad", '{"path": ', "malformed_tool_call"),
            ("list", "[1]", "malformed_tool_call"),
            ("cut", {}, "length"),
        ],
    )
    def test_arguments_that_are_no_object(self, home: Path, base: str, model: str, arguments: Any, finish: str) -> None:
        (answer,), _, _ = run(home, asking(base, model))
        assert answer["tool_calls"] == [{"name": "read", "arguments": arguments}]
        assert answer["finish"] == finish

    def test_sends_what_was_asked_for(self, home: Path, base: str) -> None:
        Handler.seen.clear()
        messages = [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "See"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                    {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "read", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "x"},
        ]
        tools = [
            {
                "type": "function",
                "function": {
                    "name": "read",
                    "description": "Read.",
                    "parameters": {"type": "object", "properties": {}},
                },
            },
            {"type": "web_search"},
        ]
        run(home, asking(base, messages=messages, tools=tools, max_tokens=9))
        (sent,) = Handler.seen
        assert [m["role"] for m in sent["messages"]] == ["system", "user", "assistant", "tool"]
        assert sent["messages"][1]["content"][1]["image_url"]["url"] == "data:image/png;base64,aGk="
        assert sent["messages"][1]["content"][2] == {"type": "text", "text": "(image_url https://x/y.png)"}
        assert [tool["function"]["name"] for tool in sent["tools"]] == ["read"]
        assert sent["max_tokens"] == 9


class TestLines:
    """`--lines`."""

    def test_answers_each_line_in_order_whatever_it_is(self, home: Path, base: str) -> None:
        odd = [
            "nonsense",
            "[]",
            "{}",
            '{"model": 7}',
            '{"model":"openai/x","messages":"hi"}',
            '{"model":"openai/x","messages":[{"role":"king"}]}',
            '{"model":"openai/x","messages":[],"timeout":"soon"}',
            "[" * 100_000,
            '"\\ud800"',
        ]
        text = "\n".join([asking(base, "good"), *odd, "", asking(base, "bad")]) + "\n"
        answers, words, code = run(home, text, "--lines")
        assert code == 0
        assert len(answers) == len(odd) + 2
        assert answers[0]["finish"] == "tool_calls"
        assert answers[-1]["finish"] == "malformed_tool_call"
        assert all(answer["error"]["kind"] == "bad_request" for answer in answers[1:-1])
        assert all(answer.keys() >= KEYS for answer in answers)
        assert "Traceback" not in words

    def test_answers_before_the_next_line_is_given(self, base: str) -> None:
        """Whoever writes one line and waits gets the answer."""
        with subprocess.Popen(
            [sys.executable, "-m", "assistant", "models", "complete", "--lines"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for _ in range(3):
                process.stdin.write(asking(base).encode() + b"\n")
                process.stdin.flush()
                assert json.loads(process.stdout.readline())["error"] is None
            process.stdin.close()
            assert process.wait(5) == 0
