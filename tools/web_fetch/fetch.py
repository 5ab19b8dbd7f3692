"""One GET, with limits: time, size, and redirects that stay on the host."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from urllib.parse import urljoin, urlsplit

from _kit.problem import Problem
from _kit.text import size
from _kit.web import client

REDIRECTS = 5


class Response:
    """What came back. `redirect` is set, and the body empty, when the answer leads to another host."""

    def __init__(self, url: str, status: int, reason: str) -> None:
        self.url = url
        self.status = status
        self.reason = reason
        self.type = ""
        self.charset = ""
        self.body = b""
        self.cut = False
        self.redirect = ""


def fetch(url: str, limit: int, *, keep_rest: bool = False) -> Response:
    """GET `url`, at most `limit` bytes of it after decompression.

    Raises Problem: network when the host can't be reached (or is not allowed), too_big when a file to keep is longer.
    """
    httpx: Any = import_module("httpx")
    try:
        with client() as connection:
            for _ in range(REDIRECTS + 1):
                response, location = _get(connection, url, limit, keep_rest)
                if not location:
                    return response
                target = urljoin(url, location)
                if not _same_host(url, target):
                    response.redirect = target
                    return response
                url = target
    except httpx.HTTPError as error:
        raise Problem("network", f"{urlsplit(url).hostname} can't be reached: {_why(error)}") from error
    except (httpx.InvalidURL, ValueError) as error:
        raise Problem("invalid_arguments", f"`{url[:200]}` is not an address: {error}") from error
    raise Problem("network", f"{urlsplit(url).hostname} redirects more than {REDIRECTS} times")


def _get(connection: Any, url: str, limit: int, keep_rest: bool) -> tuple[Response, str]:
    """(answer, where it redirects to or nothing)."""
    with connection.stream("GET", url) as answer:
        response = Response(url, answer.status_code, answer.reason_phrase)
        if answer.status_code in (301, 302, 303, 307, 308) and answer.headers.get("location"):
            return response, answer.headers["location"]
        kind, _, rest = answer.headers.get("content-type", "").partition(";")
        response.type = kind.strip().lower()
        response.charset = rest.partition("charset=")[2].strip(" \"'") if "charset=" in rest.lower() else ""
        declared = answer.headers.get("content-length", "")
        if keep_rest and declared.isdigit() and int(declared) > limit:
            raise Problem("too_big", f"the file has {size(int(declared))}; up to {size(limit)} are saved")
        parts: list[bytes] = []
        held = 0
        for part in answer.iter_bytes(65536):
            parts.append(part[: limit - held])
            held += len(part)
            if held > limit:
                response.cut = True
                break
        response.body = b"".join(parts)
        return response, ""


def _same_host(one: str, other: str) -> bool:
    """Same host; the same port too, but for the step from plain HTTP to HTTPS."""
    a, b = urlsplit(one), urlsplit(other)
    if b.scheme not in ("http", "https") or a.hostname != b.hostname or b.username or b.password:
        return False
    ports = {"http": 80, "https": 443}
    pa, pb = a.port or ports.get(a.scheme, 0), b.port or ports[b.scheme]
    return pa == pb or (a.scheme == "http" and b.scheme == "https" and pa == 80 and pb == 443)


def _why(error: Exception) -> str:
    names = {
        "ConnectTimeout": "no answer",
        "ReadTimeout": "it stopped answering",
        "ProxyError": "this task may not reach it",
    }
    return names.get(type(error).__name__, str(error)[:200] or type(error).__name__)
