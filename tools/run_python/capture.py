"""Catches all that is printed, by Python, C code and child processes alike, and passes it on while it comes."""

from __future__ import annotations

import codecs
import os
import sys
import threading

from _kit.call import Call

SETTLE_S = 0.2
"""How long to wait for the last output when a child that was left behind still holds the pipe."""


class Capture:
    """`with Capture(call) as captured:` keeps the first and the last part of the output when there is too much."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._limit = max(1000, call.output_bytes - 4000)
        self._head: list[str] = []
        self._tail = ""
        self._held = 0
        self._dropped = 0

    @property
    def cut(self) -> bool:
        """Whether something is missing from `text`."""
        return self._dropped > 0

    def text(self) -> str:
        """What was printed."""
        note = f"\n[{self._dropped} characters left out]\n" if self._dropped else ""
        return "".join(self._head) + note + self._tail

    def __enter__(self) -> Capture:
        self._saved = (os.dup(1), os.dup(2))
        read, write = os.pipe()
        os.dup2(write, 1)
        os.dup2(write, 2)
        os.close(write)
        # New ones: the old remember whether their file could be sought in, and a pipe can't.
        sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
        self._thread = threading.Thread(target=self._read, args=(read,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for descriptor, saved in zip((1, 2), self._saved, strict=True):
            os.dup2(saved, descriptor)
            os.close(saved)
        self._thread.join(SETTLE_S)

    def _read(self, descriptor: int) -> None:
        decode = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        while data := os.read(descriptor, 65536):
            text = decode.decode(data)
            self._call.output(text)
            self._keep(text)
        os.close(descriptor)

    def _keep(self, text: str) -> None:
        room = self._limit * 3 // 4 - self._held
        if room > 0:
            self._head.append(text[:room])
            self._held += len(text[:room])
            text = text[room:]
        tail = self._tail + text
        keep = self._limit // 4
        if len(tail) > keep:
            self._dropped += len(tail) - keep
            tail = tail[-keep:]
        self._tail = tail
