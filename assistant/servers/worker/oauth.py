"""Signing in (OAuth 2.1) by the SDK's providers. Nothing is kept here: the core keeps tokens in the system's keyring."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from mcp.client.auth import OAuthClientProvider, oauth2
from mcp.client.auth.utils import validate_metadata_issuer
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from assistant.servers.lines import Handshake

AskCore = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""`Ask` to the core and its answer's body. Raises RuntimeError with the core's reason."""


class CoreStorage:
    """Tokens and the client's registration, in the core's hands."""

    def __init__(self, ask: AskCore, shake: Handshake) -> None:
        self._ask = ask
        self._shake = shake

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens kept for this server."""
        text = await self._ask("secret_get", {"key": "tokens"})
        return OAuthToken.model_validate_json(text) if text else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep them."""
        await self._ask("secret_set", {"key": "tokens", "value": tokens.model_dump_json(exclude_none=True)})

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """The registration that the person configured, or the one kept for this server."""
        given = self._shake.oauth
        if given.client_id:
            return OAuthClientInformationFull(
                client_id=given.client_id,
                client_secret=given.client_secret or None,
                redirect_uris=[AnyUrl(self._shake.redirect_uri)],
                token_endpoint_auth_method="client_secret_basic" if given.client_secret else "none",
            )
        text = await self._ask("secret_get", {"key": "client"})
        return OAuthClientInformationFull.model_validate_json(text) if text else None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep it."""
        await self._ask("secret_set", {"key": "client", "value": client_info.model_dump_json(exclude_none=True)})


class _OwnOrigin(str):
    """The issuer that a server without protected resource metadata (protocol 2025-03-26) must have: its own origin."""

    __slots__ = ()


class PersonProvider(OAuthClientProvider):
    """The SDK's, which takes one thing more: in the oldest way of finding the authorization server, at the root of the
    server's own origin, the metadata may name an issuer below that origin (`https://host/oauth`). RFC 8414 wants the very
    same; but whoever answers at an origin's root speaks for the whole origin, so nobody else's name can be borrowed so."""

    def _expected_issuer(self) -> str:
        expected = super()._expected_issuer()
        return expected if self.context.auth_server_url else _OwnOrigin(expected)


def _validate_issuer(metadata: OAuthMetadata, expected: str) -> None:
    issuer = urlsplit(str(metadata.issuer))
    if isinstance(expected, _OwnOrigin) and f"{issuer.scheme}://{issuer.netloc}" == expected.rstrip("/"):
        return
    _strictly(metadata, expected)


_strictly = validate_metadata_issuer
oauth2.validate_metadata_issuer = _validate_issuer  # pyright: ignore[reportPrivateImportUsage]  # looked up there at each use


def person(shake: Handshake, ask: AskCore) -> OAuthClientProvider:
    """Signs requests to the server, asking the person when there is no token."""
    came: dict[str, Any] = {}

    async def redirect(url: str) -> None:
        came.update(await ask("authorize", {"url": url}))

    async def callback() -> AuthorizationCodeResult:
        return AuthorizationCodeResult(code=came["code"], state=came.get("state") or None, iss=came.get("iss") or None)

    return PersonProvider(
        server_url=shake.url,
        client_metadata=OAuthClientMetadata(
            client_name="Assistant",
            redirect_uris=[AnyUrl(shake.redirect_uri)],
            grant_types=["authorization_code", "refresh_token"],
            response_types=["code"],
            scope=shake.oauth.scope or None,
        ),
        client_metadata_url=shake.oauth.client_metadata_url or None,
        storage=CoreStorage(ask, shake),
        redirect_handler=redirect,
        callback_handler=callback,
    )
