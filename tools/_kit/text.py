"""Bytes that may be text: what they are, and how they are shown without losing one."""

from __future__ import annotations

import os

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)

# First bytes of what people have on their disks, from the formats' own documents (PNG 5.2, RFC 2083, ISO 32000 7.5.2,
# APPNOTE 4.3, RFC 1952, ...). Only used to name a file that is no text.
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!", "application/x-rar"),
    (b"\x7fELF", "application/x-executable"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),
    (b"PAR1", "application/x-parquet"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/x-matroska"),
)

_BY_SUFFIX = {
    ".docx": "a Word document",
    ".xlsx": "an Excel workbook",
    ".pptx": "a PowerPoint presentation",
    ".epub": "an e-book",
    ".odt": "an OpenDocument text",
    ".jar": "a Java archive",
}


def bom_encoding(head: bytes) -> tuple[str, int]:
    """(encoding, length of the byte order mark) that a file's first bytes name; ("", 0) when they name none."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    return "", 0


def media_type(head: bytes) -> str:
    """What a file is, by its first bytes; empty when they say nothing."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    return next((name for mark, name in _MAGIC if head.startswith(mark)), "")


def is_binary(head: bytes) -> bool:
    """Whether a file is no text for people: a NUL in its first part (as git and ripgrep judge), and no UTF-16 or -32."""
    return b"\0" in head and not bom_encoding(head)[0]


def kind_of(path: str, head: bytes) -> str:
    """A file's kind in words, for messages."""
    suffix = os.path.splitext(path)[1].lower()
    known = media_type(head)
    if known == "application/zip" and suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    return known or ("a binary file" if is_binary(head) else "text")


def decode(data: bytes, encoding: str = "") -> str:
    """`data` as text. Every byte that doesn't fit the encoding is shown as `\\xNN`: nothing is lost or guessed."""
    return data.decode(encoding or "utf-8", "backslashreplace")


def size(count: int) -> str:
    """A number of bytes for people: `345 B`, `12.3 kB`, `2.0 GB` (powers of 1000)."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value:.1f} PB"
