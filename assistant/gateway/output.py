"""Seventh step: what a program printed becomes what the model reads. All of it is hostile.

Capped, decoded without loss, control characters made visible, secrets blotted out.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import msgspec

from assistant.policy.provenance import Field
from assistant.types import JSON, Completed, Data, ImagePart
from assistant.visible import one_line, prose, visible

DEFAULT_OUTPUT_BYTES = 32 * 1024
"""What a model is given of one call when the manifest says nothing: about 8,000 tokens."""
_MAX_FIELDS = 20_000
_IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
"""What all providers with eyes take."""
_IMAGE_BYTES = 3_750_000
"""Before base64: Anthropic takes 5 MB of base64 a picture, the least of the providers."""
_PROTOCOL_OVERHEAD = 8
"""JSON may write one byte of text as six (`\\u001b`), plus fields and the frame."""


class Reading(Data, frozen=True):
    """What a call came to, before it is labelled."""

    ok: bool
    text: str
    code: str = ""
    fields: tuple[Field, ...] = ()
    data: JSON = None
    truncated: bool = False
    images: tuple[ImagePart, ...] = ()


class _Field(msgspec.Struct):
    path: str
    value: str | int | float
    kind: str = "text"


class _Result(msgspec.Struct):
    text: str
    fields: list[_Field] = []
    data: Any = None
    truncated: bool = False


class _Error(msgspec.Struct):
    text: str
    code: str = "failed"


class _Line(msgspec.Struct):
    """One line of a tool's standard output: exactly one of the three."""

    output: str | None = None
    result: _Result | None = None
    error: _Error | None = None


class HeadTail:
    """Keeps the first three quarters and the last quarter of a byte stream, within `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._head_limit = limit * 3 // 4
        self._tail_limit = limit - self._head_limit
        self._head = bytearray()
        self._tail = bytearray()
        self.dropped = 0

    def add(self, data: bytes) -> None:
        """Take more bytes; the cost does not grow with what came before."""
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            self._tail += data
            if len(self._tail) > 2 * self._tail_limit:
                self._trim()

    def _trim(self) -> None:
        excess = len(self._tail) - self._tail_limit
        if excess > 0:
            self.dropped += excess
            del self._tail[:excess]

    def text(self) -> str:
        """All that was kept, with a line that says how much is missing in between."""
        self._trim()
        head = self._head.decode("utf-8", "backslashreplace")
        tail = self._tail.decode("utf-8", "backslashreplace")
        return f"{head}\n[{self.dropped} bytes left out]\n{tail}" if self.dropped else head + tail


def read_plain(output: HeadTail, done: Completed) -> Reading:
    """Of a program that just prints: its output, and how it ended when that was not well."""
    text = prose(output.text())
    ending = how_it_ended(done)
    ok = done.exit_status == 0
    if ending:
        text = f"{text.rstrip()}\n[{ending}]".lstrip("\n")
    return Reading(ok, text, "" if ok else _code(done), truncated=output.dropped > 0 or done.truncated)


def read_json(done: Completed, limit: int) -> Reading:
    """Of a program that speaks the JSON protocol of `tools/README.md`.

    Anything that is not exactly that protocol counts as a broken tool.
    """
    last = _last_line(done.stdout)
    if last is None:
        ending = how_it_ended(done) or "it printed no result"
        why = one_line(done.stderr.decode("utf-8", "replace").strip()[-300:], 300)
        return Reading(False, f"the tool broke: {ending}{': ' + why if why else ''}", _code(done))
    if last.error is not None:
        return Reading(False, capped(visible(last.error.text), limit)[0], one_line(last.error.code, 40))
    assert last.result is not None  # noqa: S101  # _last_line gives one or the other
    text, cut = capped(prose(last.result.text), limit)
    fields = tuple(Field(f.path, str(f.value), f.kind) for f in last.result.fields[:_MAX_FIELDS])
    cut = cut or last.result.truncated
    return Reading(True, text, "", fields, last.result.data, cut, _images(last.result.data))


def _images(data: JSON) -> tuple[ImagePart, ...]:
    """The picture of a result (`data.image`), when it is one."""
    try:
        image = msgspec.convert(data, _Pictured).image
    except msgspec.ValidationError:
        return ()
    found = picture(image.media_type, image.data_b64) if image else None
    return (found,) if found else ()


def picture(media_type: str, data_b64: str) -> ImagePart | None:
    """A picture that a model may be shown: a known kind, real base64, within what providers take; None for anything else."""
    try:
        size = len(base64.b64decode(data_b64, validate=True))
    except ValueError:
        return None
    if media_type not in _IMAGE_TYPES or not 0 < size <= _IMAGE_BYTES:
        return None
    return ImagePart(media_type, data_b64=data_b64)


class _Picture(msgspec.Struct):
    media_type: str
    data_b64: str


class _Pictured(msgspec.Struct):
    image: _Picture | None = None


def protocol_bytes(limit: int) -> int:
    """How much a tool may print so that `limit` bytes of text fit into its JSON."""
    return limit * _PROTOCOL_OVERHEAD + 65536 + 2 * _IMAGE_BYTES


def live_text(chunk: bytes) -> str:
    """The `output` lines of a chunk, for the person who watches. Lossy at chunk borders, which only the eye sees."""
    shown: list[str] = []
    for line in chunk.splitlines():
        try:
            shown.append(msgspec.json.decode(line, type=_Line).output or "")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
    return visible("".join(shown))


def how_it_ended(done: Completed) -> str:
    """Empty when the program ended well by itself."""
    if done.stopped:
        return "stopped by the person"
    if done.timed_out:
        return f"stopped: it ran longer than allowed ({done.wall_ms // 1000} s)"
    if done.limit_hit:
        return f"stopped: it went over its limit of {done.limit_hit}"
    if done.signal is not None:
        return f"ended by signal {done.signal}"
    return f"exit status {done.exit_status}" if done.exit_status else ""


def redacted(text: str, redact: Callable[[str], str]) -> str:
    """`text` without secrets; when the search for them fails, no text at all."""
    try:
        return redact(text)
    except Exception as error:  # whatever fails in the search, unsearched text goes nowhere
        return f"[withheld: the search for secrets failed ({type(error).__name__})]"


def _code(done: Completed) -> str:
    if done.stopped:
        return "stopped"
    return "timeout" if done.timed_out else "failed"


def capped(text: str, limit: int) -> tuple[str, bool]:
    """At most `limit` bytes of `text`, and whether it was cut."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return text, False
    return raw[:limit].decode("utf-8", "ignore") + "\n[cut here]", True


def _last_line(stdout: bytes) -> _Line | None:
    lines = stdout.rstrip().rsplit(b"\n", 1)
    if not lines[-1]:
        return None
    try:
        line = msgspec.json.decode(lines[-1], type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return line if line.result or line.error else None
