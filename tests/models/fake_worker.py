"""A worker that plays a part, over the real line protocol. `python fake_worker.py PART`; the request's words reach it too."""

from __future__ import annotations

import json
import os
import sys
import threading
import time

PART = sys.argv[1]
out = sys.stdout.buffer
lock = threading.Lock()


def say(**reply: object) -> None:
    with lock:
        out.write(json.dumps(reply).encode() + b"\n")
        out.flush()


def text(id: int, words: str) -> None:
    say(id=id, event={"type": "text", "text": words})


def finish(id: int, finish: str = "stop") -> None:
    say(id=id, event={"type": "finished", "finish": finish})


def answer(id: int, call: dict, shake: dict) -> None:
    words = call["request"]["messages"][-1]["parts"][0]["text"]
    if PART == "echo":
        text(id, words)
        finish(id)
    elif PART == "call":
        part = {"call": {"id": "c1", "name": "read_file", "arguments": '{"path":"notes.txt"}'}}
        say(id=id, event={"type": "call", "part": part})
        finish(id, "tool_calls")
    elif PART == "credentials":
        text(id, json.dumps(shake))
        finish(id)
    elif PART == "die-first" or (PART == "die-once" and not os.path.exists(sys.argv[2])):
        if PART == "die-once":
            open(sys.argv[2], "w").close()
        sys.stderr.write("Traceback\nMemoryError: the library fell over\n")
        sys.stderr.flush()
        os._exit(1)
    elif PART == "die-once":
        text(id, "second time lucky")
        finish(id)
    elif PART == "die-middle":
        text(id, "half an ans")
        os._exit(1)
    elif PART == "fail":
        say(id=id, error={"kind": "rate_limit", "message": "slow \x1b[31mdown", "retryable": True, "retry_after_s": 2})
    elif PART == "odd-kind":
        say(id=id, error={"kind": "gremlins", "message": "?"})
    elif PART == "hang":
        text(id, "one")
    elif PART == "silent":
        time.sleep(60)
    elif PART == "garbage":
        text(id, "so far so good")
        with lock:
            out.write(b"\xff\xfe not json at all\n")
            out.flush()
        time.sleep(60)
    elif PART == "endless-line":
        while True:
            out.write(b"a" * 2**20)
            out.flush()
    elif PART == "flood":
        for number in range(20_000):
            text(id, f"{number} ")
        finish(id)
    elif PART == "foreign-parts":
        for owner in ("anthropic/claude", "openai/gpt-5", ""):
            part = {"text": "hm", "provider": owner, "opaque": {"signature": "x"}}
            say(id=id, event={"type": "reasoning_done", "part": part})
        finish(id)
    elif PART == "babble":
        text(id, "x")
        finish(id)
        while True:
            text(999, "y" * 100_000)
    elif PART == "after-the-end":
        text(id, "x")
        finish(id)
        text(id, "y")
        finish(id)


def main() -> None:
    shake = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        order = json.loads(line)
        if "cancel" in order:
            if PART == "hang":
                sys.stderr.write(f"cancelled {order['cancel']}\n")
                sys.stderr.flush()
            continue
        threading.Thread(target=answer, args=(order["id"], order["call"], shake), daemon=True).start()


main()
