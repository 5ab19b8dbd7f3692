"""Normal forms: the ways in which one value may be written, so that it is recognised when it comes back changed.

Case, width and accents of compatibility (NFKC), invisible characters, whitespace and punctuation, percent-, base64-,
hex- and punycode-encoding, account numbers in groups, JSON inside strings.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import unquote, urlsplit

TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""One sign of Chinese, Japanese or Korean, or a run of other letters and digits."""

EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+@(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,}")
URL = re.compile(r"\b(?:https?|ftp|wss?)://[^\s<>\"'`)\]}|\\^]+", re.IGNORECASE)
BARE_HOST = re.compile(r"(?<![\w@./-])(?:www\.)?(?:[A-Za-z0-9\-]+\.)+(?:com|net|org|io|dev|app|co|ai|info|biz|me|cn|de|uk|eu|ru|xyz|site|online|top)(?:/[^\s<>\"'`)\]}|\\^]*)?(?![\w@])", re.IGNORECASE)  # fmt: skip
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){8,30}\b")
DIGITS = re.compile(r"(?<![\w.])\+?\d(?:[ \-]?\d){7,24}(?![\w])")
"""Phone, card and account numbers: eight digits or more, perhaps in groups."""

_DATE = re.compile(r"(?:19|20)\d\d[ -]?[01]\d[ -]?[0-3]\d(?!\d)")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_\-=])[A-Za-z0-9+/_\-]{12,}={0,2}(?![A-Za-z0-9+/_\-=])")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{2}){8,}(?![0-9A-Za-z])")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})")
VALUE_CHARS = 1000
"""Characters of a value that are compared as a whole. Chosen: beyond any name, address or path."""
_DECODED_MAX = 262_144
"""Longest decoded text that is looked at, in characters."""


def fold(text: str) -> str:
    """Case, width and invisible characters removed. Never fails."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def tokens(text: str) -> list[str]:
    """The words of a text in their normal form."""
    return TOKEN.findall(fold(text))


def compact(text: str) -> str:
    """All letters and digits in a row: an account number is the same in groups or not."""
    return "".join(tokens(text))


class Value:
    """One value with its normal forms, each worked out once. Beyond VALUE_CHARS only the beginning is compared as a whole."""

    __slots__ = ("_compact", "_decoded", "_words", "text")

    def __init__(self, text: str) -> None:
        self.text = text[:VALUE_CHARS]
        self._words: list[str] | None = None
        self._compact: str | None = None
        self._decoded: list[list[str]] | None = None

    @property
    def words(self) -> list[str]:
        """The words in their normal form."""
        if self._words is None:
            self._words = tokens(self.text)
        return self._words

    @property
    def compact(self) -> str:
        """All letters and digits in a row."""
        if self._compact is None:
            self._compact = "".join(self.words)
        return self._compact

    @property
    def decoded(self) -> list[list[str]]:
        """The words of what its encoded pieces say."""
        if self._decoded is None:
            self._decoded = [tokens(d) for d in decodings(self.text)]
        return self._decoded


def decodings(text: str, *, deep: bool = True) -> Iterator[str]:
    """What the encoded pieces of `text` say. Nested encodings are followed once."""
    found: list[str] = []
    if "%" in text and _PERCENT.search(text):
        found.append(unquote(text, errors="replace"))
    if "xn--" in text or "XN--" in text:
        found.append(re.sub(r"(?i)xn--[a-z0-9\-]+", _punycode, text))
    for match in _BASE64.finditer(text):
        if (decoded := _base64(match[0])) is not None:
            found.append(decoded)
    for match in _HEX.finditer(text):
        if (decoded := _printable(binascii.unhexlify(match[0]))) is not None:
            found.append(decoded)
    for item in found:
        yield item[:_DECODED_MAX]
        if deep:
            yield from decodings(item[:_DECODED_MAX], deep=False)


def _punycode(match: re.Match[str]) -> str:
    try:
        return match[0].encode("ascii").decode("idna")
    except (UnicodeError, ValueError):
        return match[0]


def _base64(text: str) -> str | None:
    if text.isalpha() and (text.islower() or text.isupper()) and len(text) < 24:
        return None  # a long word
    raw = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _printable(base64.b64decode(raw + "=" * (-len(raw) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None


def _printable(raw: bytes) -> str | None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    plain = sum(c.isprintable() or c in "\n\t\r" for c in text)
    return text if len(text) >= 6 and plain == len(text) else None


def leaves(value: Any, depth: int = 0) -> Iterator[Any]:
    """The scalars of a JSON value, with JSON inside strings opened. Keys count as text too."""
    if depth > 12:
        yield json.dumps(value, ensure_ascii=False, default=str)
    elif isinstance(value, dict):
        for key, item in cast("dict[Any, Any]", value).items():
            yield str(key)
            yield from leaves(item, depth + 1)
    elif isinstance(value, (list, tuple)):
        for item in cast("list[Any]", value):
            yield from leaves(item, depth + 1)
    elif isinstance(value, str) and value[:1] in "[{" and value[-1:] in "]}" and len(value) > 2:
        try:
            opened = json.loads(value)
        except (ValueError, RecursionError):
            yield value
        else:
            yield from leaves(opened, depth + 1)
    elif value is not None:
        yield value


def host_of(text: str) -> str:
    """The host named by a URL, a mail address or a bare host name, in lower case; empty when there is none."""
    text = text.strip()
    if "://" in text:
        try:
            return (urlsplit(text).hostname or "").rstrip(".").lower()
        except ValueError:
            return ""
    if "@" in text:
        return text.rpartition("@")[2].rstrip(".>").lower()
    host = text.split("/", 1)[0].split(":", 1)[0].lower().rstrip(".")
    return host if "." in host and re.fullmatch(r"[\w.\-]+", host) else ""


def site_of(host: str) -> str:
    """The part of a host that one owner registers, by the common second-level rules (`example.co.uk`, `example.com`).

    Hosts under a suffix where strangers register names side by side (mail and hosting services) count in full.
    """
    parts = host.split(".")
    if len(parts) <= 2:
        return host
    keep = 3 if (len(parts[-1]) == 2 and parts[-2] in _SECOND_LEVEL) or ".".join(parts[-2:]) in _SHARED else 2
    return ".".join(parts[-keep:])


_SECOND_LEVEL = {"co", "com", "org", "net", "ac", "gov", "edu", "ne", "or", "go"}
_SHARED = {"github.io", "gitlab.io", "pages.dev", "workers.dev", "vercel.app", "netlify.app", "herokuapp.com",
           "web.app", "appspot.com", "blogspot.com", "amazonaws.com", "azurewebsites.net", "cloudfront.net",
           "ngrok.io", "ngrok.app", "trycloudflare.com", "onrender.com", "fly.dev", "repl.co"}  # fmt: skip
MAIL_HOSTS = {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com",
              "proton.me", "protonmail.com", "gmx.net", "gmx.com", "gmx.de", "web.de", "aol.com", "mail.com",
              "qq.com", "163.com", "126.com", "yandex.ru", "mail.ru", "zoho.com", "fastmail.com"}  # fmt: skip
"""Where anybody can have an address: sharing such a host says nothing of belonging together."""


def references(text: str) -> Iterator[tuple[str, str]]:
    """Links, addresses and account numbers in a text, as (kind, text): url, address, account."""
    if "@" in text:
        for match in EMAIL.finditer(text):
            yield "address", match[0]
    for match in URL.finditer(text):
        yield "url", match[0].rstrip(".,;:!?")
    if "." in text:
        for match in BARE_HOST.finditer(text):
            yield "url", match[0].rstrip(".,;:!?")
    for match in IBAN.finditer(text):
        if sum(c.isdigit() for c in match[0]) >= 6:
            yield "account", match[0]
    for match in DIGITS.finditer(text):
        if not _DATE.match(match[0]):
            yield "account", match[0]
