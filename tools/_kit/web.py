"""The one HTTP client of the web tools: the room's proxy, no cookies, no redirects of its own."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

AGENT = "Assistant/0.1 (a person's own agent)"
CONNECT_S = 10.0
READ_S = 30.0


def client() -> Any:
    """An `httpx.Client`, to be used in a `with`.

    The proxy is named here rather than taken from all that the environment may hold: a SOCKS address there would ask for a
    package that isn't installed, and `.netrc` must not be read.
    """
    httpx: Any = import_module("httpx")
    proxy = next(
        (v for k in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy") if (v := os.environ.get(k))), None
    )
    return httpx.Client(
        timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
        follow_redirects=False,
        headers={"User-Agent": AGENT},
        trust_env=False,
        proxy=proxy,
    )
