"""Which way a server is signed in to; and the ways in which no person takes part (MCP extensions SEP-1046 and SEP-990).

Credentials go to the issuer that the configuration names and nowhere else: the server is not asked where to send them, and the
room lets through only the hosts that were granted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import httpx2
import msgspec
from mcp.client.auth import OAuthFlowError
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider

from assistant.servers.lines import Handshake
from assistant.servers.worker.oauth import AskCore, CoreStorage, person

if TYPE_CHECKING:
    from assistant.servers.config import SignIn

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105  # the name of a kind, RFC 8693
_WAIT_S = 30.0
_ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"


def provider(shake: Handshake, ask: AskCore) -> httpx2.Auth:
    """Signs requests to the server as its entry says."""
    match shake.oauth.grant:
        case "client_credentials":
            return _client(shake, CoreStorage(ask, shake))
        case "identity":
            return _identity(shake, CoreStorage(ask, shake))
        case _:
            return person(shake, ask)


def _client(shake: Handshake, storage: CoreStorage) -> httpx2.Auth:
    oauth = shake.oauth
    scope, issuer = oauth.scope or None, oauth.issuer
    if not oauth.private_key:
        return ClientCredentialsOAuthProvider(
            shake.url, storage, oauth.client_id, oauth.client_secret, scope=scope, issuer=issuer
        )
    signing = SignedJWTParameters(
        issuer=oauth.client_id,
        subject=oauth.client_id,
        signing_key=oauth.private_key,
        signing_algorithm=oauth.algorithm,
    )
    return PrivateKeyJWTOAuthProvider(
        shake.url, storage, oauth.client_id, signing.create_assertion_provider(), scope=scope, issuer=issuer
    )


def _identity(shake: Handshake, storage: CoreStorage) -> httpx2.Auth:
    oauth = shake.oauth
    return IdentityAssertionOAuthProvider(
        shake.url,
        storage,
        oauth.client_id,
        oauth.client_secret,
        oauth.issuer,
        _exchange(oauth),
        scope=oauth.scope or None,
        token_endpoint_auth_method="client_secret_basic",  # noqa: S106  # the name of a method
    )


def _exchange(oauth: SignIn) -> Callable[[str, str], Awaitable[str]]:
    """The identity provider's grant for one server, against the person's ID token (RFC 8693)."""

    async def grant(audience: str, resource: str) -> str:
        asked = {
            "grant_type": _EXCHANGE,
            "requested_token_type": _ID_JAG,
            "subject_token": oauth.identity_token,
            "subject_token_type": _ID_TOKEN,
            "audience": audience,
            "resource": resource,
            "client_id": oauth.identity_client_id,
        }
        async with httpx2.AsyncClient(timeout=_WAIT_S) as http:  # follows no redirect: the token goes nowhere else
            answer = await http.post(oauth.identity_endpoint, data=asked)
        try:
            given = msgspec.json.decode(answer.content, type=_Given)
        except msgspec.DecodeError:
            given = _Given()
        if answer.status_code != 200 or given.issued_token_type != _ID_JAG or not given.access_token:
            raise OAuthFlowError(f"the identity provider gave no grant (HTTP {answer.status_code})")
        return given.access_token

    return grant


class _Given(msgspec.Struct):
    access_token: str = ""
    issued_token_type: str = ""
