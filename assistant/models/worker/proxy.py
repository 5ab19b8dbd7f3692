"""Which proxy stands between us and a host, as the environment says.

The sandbox gives the worker its egress proxy by these variables; outside, they are the person's own.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from assistant.errors import ModelError


class Proxy(NamedTuple):
    """An HTTP proxy."""

    host: str
    port: int
    secure: bool
    """Whether the proxy itself is spoken to by TLS."""
    headers: Mapping[str, str]


def proxy_for(scheme: str, host: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for an origin: `HTTPS_PROXY` or `HTTP_PROXY`, else `ALL_PROXY`; none for hosts in `NO_PROXY`.

    Names in lower case count too and win, as in curl. Raises ModelError `bad_request` for a proxy of another kind (SOCKS).
    """
    address = _variable(environ, f"{scheme}_proxy") or _variable(environ, "all_proxy")
    if not address or _excluded(host, _variable(environ, "no_proxy")):
        return None
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ModelError(
            f"the proxy `{parts.scheme}://{parts.hostname or ''}` can't be used",
            kind="bad_request",
            hint="set HTTPS_PROXY to an HTTP proxy",
        )
    headers: dict[str, str] = {}
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    return Proxy(
        parts.hostname, parts.port or (443 if parts.scheme == "https" else 80), parts.scheme == "https", headers
    )


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _excluded(host: str, spec: str) -> bool:
    for item in (part.strip().lower() for part in spec.split(",")):
        name = item.lstrip(".").partition(":")[0]
        if item == "*" or (name and (host == name or host.endswith("." + name))):
            return True
    return False
