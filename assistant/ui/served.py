"""The screen in a browser: textual-serve, bound to loopback, behind a token.

Whoever can open the page can do all that the person can, so four things must hold for each request: the address is one
of ours (against DNS rebinding), the origin is our own page (against other pages' scripts), the token of this run was
shown, and, beyond loopback, a password. The page may load nothing from elsewhere (Content-Security-Policy).
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
import secrets
import shlex
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web
from textual_serve.server import Server

COOKIE = "assistant_token"
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' {socket}; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address) can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class GuardedServer(Server):
    """textual-serve with a door. Raises ValueError for an address beyond loopback without a password."""

    def __init__(self, argv: Sequence[str], *, host: str, port: int, password: str = "") -> None:
        if not is_loopback(host) and not password:
            raise ValueError("an address beyond this machine needs a password")
        self.token = secrets.token_urlsafe(24)
        self._password = password
        netloc = f"[{host}]" if ":" in host else host
        address = f"http://{netloc}:{port}"
        # The base names a PathLike without its parameter.
        super().__init__(shlex.join(argv), host, port, "assistant", address)  # pyright: ignore[reportUnknownMemberType]
        own = {f"localhost:{port}", f"127.0.0.1:{port}"} if is_loopback(host) else set[str]()
        self._hosts: set[str] = {f"{netloc}:{port}", *own}

    @property
    def address(self) -> str:
        """What the person opens. The token leaves the address with the first answer."""
        return f"{self.public_url}/?token={self.token}"

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self.guard)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Says nothing: the command says where it serves."""

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let through what may pass; see the module's text for the four conditions."""
        if request.headers.get("Host", "") not in self._hosts:
            raise web.HTTPMisdirectedRequest(text="this is not the address the assistant serves")
        origin = request.headers.get("Origin", "")
        if origin and origin.partition("://")[2] not in self._hosts:
            raise web.HTTPForbidden(text="another page may not use the assistant")
        if self._password and not self._knows_password(request):
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="assistant"'})
        if hmac.compare_digest(request.query.get("token", "").encode(), self.token.encode()):
            answer = web.HTTPSeeOther("/")
            answer.set_cookie(COOKIE, self.token, httponly=True, samesite="Strict")
            answer.headers["Referrer-Policy"] = "no-referrer"
            raise answer
        if not hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self.token.encode()):
            raise web.HTTPForbidden(text="open the address that `assistant serve` printed, with its token")
        response = await handler(request)
        if not response.prepared:
            socket = "ws" + self.public_url.removeprefix("http")
            response.headers["Content-Security-Policy"] = POLICY.format(socket=socket)
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "no-store"
        return response

    def _knows_password(self, request: web.Request) -> bool:
        kind, _space, value = request.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(value, validate=True) if kind.lower() == "basic" else b""
        except ValueError:
            return False
        return hmac.compare_digest(given.partition(b":")[2], self._password.encode())


def serve(argv: Sequence[str], *, host: str, port: int, password: str, say: Callable[[str], Any]) -> int:
    """Serve `argv` (a command that opens the screen) until Ctrl+C. `say` gets the address. Returns the exit code."""
    server = GuardedServer(argv, host=host, port=port, password=password)
    say(server.address)
    server.initialize_logging = lambda: None  # type: ignore[method-assign]  # a line per request helps nobody here
    server.serve()
    return 0
