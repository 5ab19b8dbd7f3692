"""The client under test of the official suite: our worker and the core's side of it, driven through one scenario.

Run by the suite as `python conformance_client.py URL`, with the scenario's name in MCP_CONFORMANCE_SCENARIO and its context
(JSON) in MCP_CONFORMANCE_CONTEXT. The worker runs without a room: it is the protocol that is tested here.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from assistant.config import find_paths
from assistant.gateway.approver import ElicitAnswer, ElicitRequest
from assistant.gateway.registry import Registry
from assistant.gateway.servers import Servers, TaskServers, launch_of
from assistant.servers.config import parse_entry
from assistant.servers.offer import Offer
from assistant.servers.process import ServerProcess
from assistant.types import JSON, Task
from tests.models.plain_launcher import PlainLauncher
from tests.servers.making import MemorySecrets

_ARGUMENTS: dict[str, dict[str, JSON]] = {"add_numbers": {"a": 5, "b": 3}}


class Browser:
    """A person who accepts what the server asks, and follows the address to sign in."""

    async def elicit(self, request: ElicitRequest) -> ElicitAnswer:
        if request.kind == "sign_in":
            await asyncio.to_thread(_visit, request.url)
        return ElicitAnswer("accept")


def _visit(url: str) -> None:
    try:
        urllib.request.urlopen(url, timeout=10).read()
    except urllib.error.URLError:
        pass


async def main(url: str) -> None:
    scenario = os.environ.get("MCP_CONFORMANCE_SCENARIO", "")
    context: dict[str, Any] = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))
    paths = find_paths({"ASSISTANT_HOME": "/nonexistent"})
    secrets = MemorySecrets()
    servers = Servers(paths, Registry(), secrets, {})
    config = parse_entry("conformance", {"url": url, **client_entry(scenario, url, context)}, "the suite")
    launcher = PlainLauncher((sys.executable, "-I", "-c", _START, str(Path(__file__).resolve().parent.parent.parent)))
    tasks = TaskServers(servers, lambda: Task("", "", ""), launcher, Browser(), _unrecorded)
    host = Host(tasks, config)
    process = ServerProcess(*launch_of(config, "", {}), launcher, host)
    try:
        offer = await process.offer()
        for tool in offer.tools:
            sys.stderr.write(f"{await process.call(tool.name, _ARGUMENTS.get(tool.name, {}))}\n")
    finally:
        await process.aclose()


def client_entry(scenario: str, url: str, context: dict[str, Any]) -> dict[str, Any]:
    """What a person would have configured for this server: what the scenario hands out, under our names."""
    oauth = {ours: context[theirs] for theirs, ours in _GIVEN.items() if context.get(theirs)}
    if scenario.startswith("auth/client-credentials"):
        oauth |= {"grant": "client_credentials", "issuer": issuer(url)}
    elif scenario.startswith("auth/cross-app-access"):
        oauth |= {"grant": "identity", "issuer": issuer(url)}
    elif scenario == "auth/basic-cimd":
        oauth["client_metadata_url"] = "https://conformance-test.local/client-metadata.json"
    return {"assistant": {"oauth": oauth}} if oauth else {}


_GIVEN = {
    "client_id": "client_id",
    "client_secret": "client_secret",
    "private_key_pem": "private_key",
    "signing_algorithm": "algorithm",
    "idp_id_token": "identity_token",
    "idp_token_endpoint": "identity_endpoint",
    "idp_client_id": "identity_client_id",
}


def issuer(url: str) -> str:
    """The authorization server's name, which whoever hands out credentials tells along; the suite leaves it out."""
    parts = urlsplit(url)
    address = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{parts.path}"
    return json.load(urllib.request.urlopen(address, timeout=10))["authorization_servers"][0]


class Host:
    """Passes on what the server asks."""

    def __init__(self, tasks: TaskServers, config: Any) -> None:
        self._tasks = tasks
        self._config = config

    async def answer(self, what: str, body: dict[str, JSON]) -> JSON:
        return await self._tasks.answer(self._config, "call", lambda event: None, what, body)

    def offered(self, offer: Offer) -> None:
        pass

    def said(self, level: str, text: str) -> None:
        pass


async def _unrecorded(kind: str, body: object, blobs: object) -> None:
    pass


_START = "import sys; sys.path.insert(0, sys.argv[1]); from assistant.servers.worker.__main__ import main; main()"

if __name__ == "__main__":
    asyncio.run(main(sys.argv[-1]))
