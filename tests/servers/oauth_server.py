"""A server by address that wants a signed-in person, and its authorization server on a port of its own."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CODE, TOKEN = "the-code", "the-token"


class Guarded:
    """Both servers, in threads. `seen` holds (who, path) of each request."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.challenge = ""
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), self._handler(who)) for who in ("resource", "auth")]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    @property
    def resource(self) -> str:
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def auth(self) -> str:
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    @property
    def auth_host(self) -> str:
        return f"127.0.0.1:{self._servers[1].server_port}"

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _handler(self, who: str) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._serve("")

            def do_POST(self) -> None:
                self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

            def _serve(self, body: str) -> None:
                owner.seen.append((who, self.path))
                bearer = self.headers.get("Authorization", "")
                status, headers, answer = getattr(owner, f"_{who}")(self.path, body, bearer)
                data = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Type": "application/json"}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name upstream
                pass

        return Handler

    def _resource(self, path: str, body: str, bearer: str) -> tuple[int, dict[str, str], Any]:
        described = f"{self.resource}/.well-known/oauth-protected-resource/mcp"
        if path == urlsplit(described).path:
            return 200, {}, {"resource": f"{self.resource}/mcp", "authorization_servers": [self.auth]}
        if path != "/mcp" or not body:
            return 405, {}, None
        if bearer != f"Bearer {TOKEN}":
            return 401, {"WWW-Authenticate": f'Bearer resource_metadata="{described}"'}, None
        return _mcp(json.loads(body))

    def _auth(self, path: str, body: str, bearer: str) -> tuple[int, dict[str, str], Any]:
        parts = urlsplit(path)
        asked = {k: v[0] for k, v in parse_qs(parts.query or body).items()}
        match parts.path:
            case "/.well-known/oauth-authorization-server":
                ends = {f"{n}_endpoint": f"{self.auth}/{n}" for n in ("authorization", "token", "registration")}
                more = {"response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"]}
                return 200, {}, {"issuer": self.auth, **ends, **more}
            case "/registration":
                return 201, {}, {**json.loads(body), "client_id": "registered", "token_endpoint_auth_method": "none"}
            case "/authorization":
                self.challenge = asked["code_challenge"]
                back = urlencode({"code": CODE, "state": asked["state"]})
                return 302, {"Location": f"{asked['redirect_uri']}?{back}"}, None
            case "/token":
                digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
                proved = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenge
                if asked.get("code") != CODE or not proved:
                    return 400, {}, {"error": "invalid_grant"}
                return 200, {}, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
            case _:
                return 404, {}, None


def _mcp(asked: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
    if "id" not in asked:
        return 202, {}, None
    match asked["method"]:
        case "initialize":
            about = {"serverInfo": {"name": "guarded", "version": "1"}, "capabilities": {"tools": {}}}
            result: dict[str, Any] = {"protocolVersion": "2025-06-18", **about}
        case "tools/list":
            result = {"tools": [{"name": "secret", "description": "Tell it.", "inputSchema": {"type": "object"}}]}
        case "tools/call":
            result = {"content": [{"type": "text", "text": "only for those who signed in"}]}
        case _:
            return 200, {}, {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no"}}
    return 200, {}, {"jsonrpc": "2.0", "id": asked["id"], "result": result}
