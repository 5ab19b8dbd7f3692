"""A scripted OpenAI-compatible server on loopback: plays a list of answers, streams them, and keeps what it was asked.

with OpenAIServer([calls(("read_file", {"path": "a"})), text("done")]) as server:
    server.base            # http://127.0.0.1:PORT/v1
    server.requests        # the JSON bodies, oldest first
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


class OpenAIServer:
    """Serves `POST /v1/chat/completions`; each request gets the next answer, the last one again and again."""

    def __init__(self, answers: list[Answer]) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.requests.append(body)
                outer.headers.append(dict(self.headers))
                answers[min(len(outer.requests), len(answers)) - 1](self, body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> OpenAIServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def text(words: str) -> Answer:
    """An answer in words, streamed word by word."""

    def play(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        pieces = [{"content": w} for w in words.split(" ")]
        for piece in pieces[1:]:
            piece["content"] = " " + piece["content"]
        _stream(handler, body, pieces, "stop")

    return play


def calls(*wanted: tuple[str, dict[str, Any] | str]) -> Answer:
    """An answer that calls tools; the arguments come in pieces of seven characters."""

    def play(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        deltas: list[dict[str, Any]] = []
        for index, (name, arguments) in enumerate(wanted):
            raw = arguments if isinstance(arguments, str) else json.dumps(arguments)
            call_id = f"call_{len(body['messages'])}_{index}"
            head = {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
            deltas.append({"tool_calls": [head]})
            for start in range(0, len(raw), 7):
                deltas.append({"tool_calls": [{"index": index, "function": {"arguments": raw[start : start + 7]}}]})
        _stream(handler, body, deltas, "tool_calls")

    return play


def error(status: int, message: str, kind: str = "", **headers: str) -> Answer:
    """A refusal."""

    def play(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        data = json.dumps({"error": {"message": message, "type": kind or None, "code": kind or None}}).encode()
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return play


def broken_off(words: str) -> Answer:
    """Words, and then the connection is gone in the middle."""

    def play(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        _begin(handler)
        _send(handler, {"choices": [{"index": 0, "delta": {"role": "assistant", "content": words}}]})
        handler.wfile.flush()
        handler.connection.close()
        handler.close_connection = True

    return play


def hangs(seconds: threading.Event) -> Answer:
    """No answer until the event is set."""

    def play(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        seconds.wait(30)
        handler.close_connection = True

    return play


def _begin(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()


def _send(handler: BaseHTTPRequestHandler, value: dict[str, Any]) -> None:
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    data = b"data: " + json.dumps(base | value).encode() + b"\n\n"
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


def _stream(handler: BaseHTTPRequestHandler, body: dict[str, Any], deltas: list[dict[str, Any]], finish: str) -> None:
    usage = {"prompt_tokens": 100 + len(body["messages"]), "completion_tokens": len(deltas), "total_tokens": 0}
    usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]
    _begin(handler)
    for delta in deltas:
        _send(handler, {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        handler.wfile.flush()
    _send(handler, {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    _send(handler, {"choices": [], "usage": usage})
    handler.wfile.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
    handler.wfile.flush()
