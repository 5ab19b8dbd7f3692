"""The Robots Exclusion Protocol (RFC 9309), read for our own name."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from fetch import fetch

from _kit.problem import Problem
from _kit.web import AGENT

ROBOTS_BYTES = 512_000
"""RFC 9309, 2.5: at least 500 kibibytes must be read."""


def check_robots(url: str) -> None:
    """Raises Problem(refused_by_site) when the site asks programs to stay away from `url`.

    RFC 9309, 2.3.1: no file, or one that is refused, allows everything; a server that fails forbids everything.
    """
    parts = urlsplit(url)
    answer = fetch(f"{parts.scheme}://{parts.netloc}/robots.txt", ROBOTS_BYTES)
    if answer.status >= 500:
        raise Problem(
            "refused_by_site",
            f"{parts.hostname} can't say whether programs may read it (robots.txt: {answer.status}); try later",
        )
    if answer.redirect or answer.status >= 400:
        return
    protego: Any = import_module("protego")
    rules = protego.Protego.parse(answer.body.decode("utf-8", "replace"))
    if not rules.can_fetch(url, AGENT.partition("/")[0]):
        raise Problem("refused_by_site", f"{parts.hostname} asks programs not to read this address (robots.txt)")
