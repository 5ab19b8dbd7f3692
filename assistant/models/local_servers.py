"""Model servers on this machine: Ollama, llama.cpp, LM Studio, vLLM, found by asking the ports they use."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic

import msgspec

from assistant.errors import UsageError
from assistant.models.connection import host_of, is_loopback, numbered
from assistant.models.local_details import Detail, details
from assistant.models.local_http import ask
from assistant.types import Data

DEADLINE_S = 0.3
"""For all of them together: a server on loopback answers a list of models in a few milliseconds."""

MAX_MODELS = 200


class LocalServer(Data, frozen=True):
    """A kind of server. `path` lists its models; the answer's form is OpenAI's, except for Ollama."""

    provider: str
    title: str
    port: int
    path: str = "/v1/models"
    base_names: tuple[str, ...] = ()
    """Environment names that say it is elsewhere on this machine."""


SERVERS = (
    LocalServer("ollama", "Ollama", 11434, "/api/tags", ("OLLAMA_HOST", "OLLAMA_API_BASE")),
    LocalServer("llamacpp", "llama.cpp", 8080),
    LocalServer("lm_studio", "LM Studio", 1234, "/v1/models", ("LM_STUDIO_API_BASE",)),
    LocalServer("vllm", "vLLM", 8000, "/v1/models", ("VLLM_API_BASE", "HOSTED_VLLM_API_BASE")),
)
"""Ports as each project's documentation gives them."""

LOCAL = {server.provider: server for server in SERVERS}


class Found(Data, frozen=True):
    """What one server said. `problem` is empty when it answered with a list."""

    server: LocalServer
    address: str
    models: tuple[str, ...] = ()
    details: Mapping[str, Detail] = {}
    """What it says of each, by name, as far as it came in time."""
    problem: str = ""

    def ids(self) -> list[str]:
        """Its models as `provider/name`."""
        return [f"{self.server.provider}/{name}" for name in self.models]


def address_of(server: LocalServer, environ: Mapping[str, str], given: str = "") -> str:
    """Where the server is expected: as given in the settings, or by its environment name, or at its usual port."""
    address = given or next((environ[name] for name in server.base_names if environ.get(name)), "")
    if not address:
        return f"http://127.0.0.1:{server.port}"
    if "://" not in address:
        address = f"http://{address}" if ":" in address else f"http://{address}:{server.port}"
    return numbered(address.replace("://0.0.0.0", "://127.0.0.1")).rstrip("/").removesuffix("/v1").removesuffix("/api")


async def probe(servers: Sequence[tuple[LocalServer, str]], *, deadline_s: float = DEADLINE_S) -> list[Found]:
    """Ask all of them at once. Never raises, never takes longer than the deadline.

    Only loopback addresses are asked: this runs in the trusted process, and a list of models is all that it reads.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_ask(server, address, deadline_s)) for server, address in servers]
    return [task.result() for task in tasks]


async def _ask(server: LocalServer, address: str, deadline_s: float) -> Found:
    begun = monotonic()
    try:
        host = host_of(address)
        if not is_loopback(host) or not address.startswith("http://"):
            return Found(server, address, problem="it is not on this machine")
        async with asyncio.timeout(deadline_s):
            names = _names(await ask(host, server.path))
        left_s = max(0.0, begun + deadline_s - monotonic())
        said = await details(server.provider, host, names, left_s)
        able = tuple(name for name in names if name not in said or said[name].chats)
        return Found(server, address, able, said, "" if able else "it runs, and has no model")
    except TimeoutError:
        return Found(server, address, problem=f"no answer at {address} within {deadline_s * 1000:.0f} ms")
    except OSError:
        return Found(server, address, problem=f"nothing listens at {address}")
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return Found(server, address, problem=f"what listens at {address} is not {server.title}")
    except UsageError as error:
        return Found(server, address, problem=error.message)


class _Row(msgspec.Struct):
    id: str = ""
    name: str = ""


class _Reply(msgspec.Struct):
    data: list[_Row] | None = None
    models: list[_Row] | None = None


def _names(body: bytes) -> tuple[str, ...]:
    reply = msgspec.json.decode(body, type=_Reply)
    rows = reply.data if reply.data is not None else reply.models
    if rows is None:
        raise ValueError("no list")
    return tuple(name for row in rows if _is_name(name := row.id or row.name))[:MAX_MODELS]


def _is_name(name: str) -> bool:
    return bool(name) and name.isprintable() and len(name) <= 200
