"""Reads a text file by lines or bytes, never more of it than is shown; shows images as images."""

from __future__ import annotations

import codecs
import os

from _kit.call import Call
from _kit.files import open_file
from _kit.names import show, within
from _kit.problem import Problem
from _kit.text import bom_encoding, decode, is_binary, kind_of, media_type, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CHUNK = 1 << 20
COUNTED_BYTES = 256 << 20
"""Up to this size all lines are counted, so that the reader knows how much is left (about 0.1 s)."""
WIDE_BYTES = 64 << 20
"""UTF-16 and other encodings without plain line feeds are decoded whole; beyond this size they are refused."""
IMAGE_BYTES = 3_750_000
"""Five million characters of base64: the least that providers of models with eyes accept for one image."""
IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def run(args: dict[str, Any], call: Call) -> str | dict[str, Any]:
    """One call: see tool.toml."""
    fd, status, path = open_file(args["path"])
    name = within(path, call.folder)
    head = os.pread(fd, 8192, 0)
    if not head:
        return f"[{name} is empty]"
    if media_type(head) in IMAGES:
        return _image(fd, name, status.st_size, media_type(head))
    encoding, mark = bom_encoding(head)
    encoding = _known(args.get("encoding") or encoding)
    kind = kind_of(path, head)
    if (is_binary(head) or kind == "application/pdf") and not args.get("encoding"):
        if _is_archive(path, kind):
            return _contents(path, name, args, call)
        raise Problem("binary", f"`{name}` is no text: {kind}, {size(status.st_size)}{_hint(path, kind)}")
    if _is_wide(encoding):
        return _wide(fd, status.st_size, encoding, mark, args, call)
    return _Part(fd, encoding, mark, args, call, name).read()


def _is_archive(path: str, kind: str) -> bool:
    tar = path.lower().endswith((".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz"))
    return kind == "application/zip" or tar


def _hint(path: str, kind: str) -> str:
    if path.lower().endswith((".csv", ".parquet", ".sqlite", ".db")) or kind.endswith(("sqlite3", "parquet")):
        return "; query_data reads it"
    documents = (".pdf", ".docx", ".xlsx", ".pptx", ".epub", ".odt", ".xls", ".msg", ".eml")
    return "; read_document reads it" if path.lower().endswith(documents) or kind == "application/pdf" else ""


def _contents(path: str, name: str, args: dict[str, Any], call: Call) -> dict[str, Any]:
    """What is in an archive, without unpacking it."""
    from _kit.archive import members  # 20 ms, which only archives pay
    from _kit.page import Page

    page = Page(call.output_bytes - 200, max(1, args.get("start", 1)), limit=args.get("lines", 0))
    total = 0
    for member in members(path):
        total += member.size
        mark = (
            "/" if member.kind == "folder" else f" -> {show(member.link)}" if member.link else f" {size(member.size)}"
        )
        page.add(f"{show(member.name)}{mark}", show(member.name), size=member.size)
    result = page.result("entries")
    head = f"[{name}: an archive of {page.count} entries, {size(total)} unpacked; extract_archive unpacks it]"
    return {**result, "text": f"{head}\n{result['text']}"}


def _known(encoding: str) -> str:
    if not encoding:
        return ""
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise Problem(
            "invalid_arguments", f"no encoding is called `{encoding}`; try utf-8, gb18030 or latin-1"
        ) from None


def _is_wide(encoding: str) -> bool:
    return bool(encoding) and "\n".encode(encoding.replace("-sig", "")) != b"\n"


class _Part:
    """The asked part of a file whose lines end with the byte 0x0A."""

    def __init__(self, fd: int, encoding: str, mark: int, args: dict[str, Any], call: Call, name: str) -> None:
        self.fd, self.encoding, self.mark, self.name = fd, encoding.replace("-sig", ""), mark, name
        self.start: int = args.get("start", 1)
        self.lines: int | None = max(1, args["lines"]) if "lines" in args else None
        self.offset: int | None = max(0, args["offset"]) if "offset" in args else None
        self.budget = call.output_bytes - 300
        self.size = os.fstat(fd).st_size

    def read(self) -> dict[str, Any]:
        begin, first = (self.offset, 0) if self.offset is not None else self._find_start()
        begin = max(begin, self.mark)
        data = os.pread(self.fd, self.budget + 1, begin)
        if not data:
            where = f"offset {begin}" if self.offset is not None else f"line {self.start}"
            raise Problem("out_of_range", f"`{self.name}` ends before {where}: it has {self._extent()}")
        kept = self._fit(data)
        text = decode(kept, self.encoding)
        end = begin + len(kept)
        shown = kept.count(b"\n") + (not kept.endswith(b"\n"))
        note = self._note(first, shown, begin, end, kept)
        result = text if not note else text + ("" if text.endswith("\n") else "\n") + note
        return {"text": result, "truncated": self._more(end), "data": {"path": self.name, "size": self.size}}

    def _more(self, end: int) -> bool:
        return bool(os.pread(self.fd, 1, end))

    def _find_start(self) -> tuple[int, int]:
        """(byte, number) of the first line to show; the number is 0 when it isn't known."""
        if self.start < 0:
            return self._from_end(-self.start), 0
        position, line, wanted = 0, 1, max(1, self.start)
        while line < wanted:
            chunk = os.pread(self.fd, CHUNK, position)
            if not chunk:
                return position, line
            count = chunk.count(b"\n")
            if line + count < wanted:
                line += count
                position += len(chunk)
                continue
            at = -1
            while line < wanted:
                at = chunk.index(b"\n", at + 1)
                line += 1
            position += at + 1
        return position, line

    def _from_end(self, wanted: int) -> int:
        position, missing = self.size, wanted
        if position and os.pread(self.fd, 1, position - 1) == b"\n":
            position -= 1
        while position > 0:
            begin = max(0, position - CHUNK)
            chunk = os.pread(self.fd, position - begin, begin)
            at = len(chunk)
            while missing and (at := chunk.rfind(b"\n", 0, at)) >= 0:
                missing -= 1
            if not missing:
                return begin + at + 1
            position = begin
        return 0

    def _fit(self, data: bytes) -> bytes:
        """The most of `data` that may be shown: whole lines where one fits, whole characters in any case."""
        if self.lines is not None:
            at = -1
            for _ in range(self.lines):
                at = data.find(b"\n", at + 1)
                if at < 0:
                    break
            if at >= 0:
                data = data[: at + 1]
        complete = len(data) <= self.budget
        text_bytes = len(decode(data[: self.budget], self.encoding).encode())
        if complete and text_bytes <= self.budget:
            return data
        # Escaped bytes take four characters each: shrink by what the text grew.
        data = data[: max(1, self.budget * self.budget // max(text_bytes, self.budget))]
        cut = data.rfind(b"\n")
        if cut >= 0:
            return data[: cut + 1]
        while len(data) > 1 and data[-1] & 0xC0 == 0x80 and len(data) % 4:
            data = data[:-1]
        return data[:-1] if len(data) > 1 and data[-1] >= 0xC0 else data

    def _extent(self) -> str:
        if self.size > COUNTED_BYTES:
            return f"{size(self.size)} ({self.size} bytes)"
        count = position = 0
        last = b""
        while chunk := os.pread(self.fd, CHUNK, position):
            count += chunk.count(b"\n")
            position += len(chunk)
            last = chunk[-1:]
        count += last != b"\n"
        return f"{count} line{'s' if count != 1 else ''}"

    def _note(self, first: int, shown: int, begin: int, end: int, kept: bytes) -> str:
        more = self._more(end)
        notes: list[str] = []
        if more and not kept.endswith(b"\n"):
            notes.append(f"bytes {begin}-{end - 1} of {self.size}, in the middle of a line; offset={end} for more")
        elif more and first:
            notes.append(f"lines {first}-{first + shown - 1} of {self._extent()}; start={first + shown} for more")
        elif more:
            notes.append(f"bytes {begin}-{end - 1} of {self.size}; offset={end} for more")
        elif first > 1:
            notes.append(f"lines {first}-{first + shown - 1}, to the end")
        if not self.encoding or self.encoding == "utf-8":
            try:
                kept.decode("utf-8")
            except UnicodeDecodeError:
                notes.append(f"not all of it is UTF-8: odd bytes are shown as \\xNN{_guess(kept)}")
        return f"[{'; '.join(notes)}]" if notes else ""


def _guess(data: bytes) -> str:
    """The encoding that makes Chinese of it, as a hint, when it makes nothing but Chinese."""
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return "; give `encoding` if you know it"
    foreign = [c for c in text if ord(c) > 127]
    chinese = sum("\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\u303f" or "\uff00" <= c <= "\uffef" for c in foreign)
    return (
        "; encoding=gb18030 may be right"
        if foreign and chinese >= 0.9 * len(foreign)
        else "; give `encoding` if you know it"
    )


def _wide(fd: int, length: int, encoding: str, mark: int, args: dict[str, Any], call: Call) -> dict[str, Any]:
    if length > WIDE_BYTES:
        raise Problem(
            "too_big", f"a {encoding} file of {size(length)} can't be read in part; convert it with run_command: iconv"
        )
    lines = decode(os.pread(fd, WIDE_BYTES, mark), encoding.replace("-sig", "")).splitlines(keepends=True)
    start: int = args.get("start", 1)
    first = max(0, len(lines) + start if start < 0 else start - 1)
    if first >= len(lines):
        raise Problem("out_of_range", f"it has {len(lines)} lines")
    budget, kept = call.output_bytes - 300, list[str]()
    for line in lines[first : first + args.get("lines", len(lines))]:
        budget -= len(line.encode("utf-8", "replace"))
        if budget < 0 and kept:
            break
        kept.append(line)
    end = first + len(kept)
    more = end < len(lines)
    note = f"\n[{encoding}; lines {first + 1}-{end} of {len(lines)}{f'; start={end + 1} for more' if more else ''}]"
    return {"text": "".join(kept).replace("\r\n", "\n").rstrip("\n") + note, "truncated": more}


def _image(fd: int, name: str, length: int, media: str) -> dict[str, Any]:
    if length > IMAGE_BYTES:
        raise Problem("too_big", f"`{name}` is an image of {size(length)}; models see at most {size(IMAGE_BYTES)}")
    import base64

    data = base64.b64encode(os.pread(fd, IMAGE_BYTES, 0)).decode("ascii")
    return {
        "text": f"[{name}: {media}, {size(length)}]",
        "data": {"path": name, "size": length, "image": {"media_type": media, "data_b64": data}},
    }
