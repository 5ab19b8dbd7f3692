"""The way through litellm, from inside a worker's real room: no home, no files of anybody, one host through the egress proxy."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from assistant.compose import ModelRooms
from assistant.errors import ModelError
from assistant.models.connection import Connection
from assistant.models.launcher import Launch, interpreter_folders
from assistant.models.scripted import Step
from assistant.models.worker_model import WorkerModel
from assistant.models.worker_process import Worker
from assistant.sandbox.engine import find_sandbox
from assistant.types import ModelInfo
from tests.conformance.model_suite import asked
from tests.models.model_server import ModelServer

pytestmark = pytest.mark.timeout(400)  # importing the library takes four seconds of processor time

ASK = """
import asyncio, json, sys
from assistant.models.worker.call import WireCall
from assistant.models.worker.wire import any_other
from assistant.types import Message, ModelRequest, TextDelta, TextPart

async def main():
    call = WireCall("openai/m", ModelRequest((Message("user", (TextPart("hi"),)),)), sys.argv[1], "k", timeout_s=60)
    words = "".join([e.text async for e in any_other.ask(call) if isinstance(e, TextDelta)])
    print(json.dumps({"said": words}), flush=True)

asyncio.run(main())
"""


async def test_the_library_reaches_its_one_host_through_the_proxy(home: Path) -> None:
    """The real library, the real room: it imports there, asks, and streams."""
    async with ModelServer([Step(text="hello from the room", piece=5)]) as server:
        host = server.base.partition("://")[2]
        argv = (sys.executable, "-I", "-c", ASK, f"{server.base}/v1")
        pipe = await ModelRooms(find_sandbox).start(Launch("library", argv, (host,), interpreter_folders()))
        try:
            said = b""
            while b"\n" not in said and (piece := await pipe.read()):
                said += piece
        finally:
            await pipe.stop()
    assert said, pipe.errors()
    assert json.loads(said) == {"said": "hello from the room"}
    assert len(server.taken) == 1


async def test_a_worker_asks_a_provider_that_only_the_library_knows(home: Path) -> None:
    """As the product does it. Its host does not exist, so what comes back is a typed error, and soon; no key is in it."""
    connection = Connection("replicate", "r8-a-secret-key", hosts=("api.replicate.invalid:443",))
    worker = Worker(ModelRooms(find_sandbox), connection)
    try:
        async with asyncio.timeout(300):
            with pytest.raises(ModelError) as error:
                async for _ in WorkerModel(ModelInfo("replicate/x/y", "replicate"), worker).stream(asked("hi")):
                    pass
    finally:
        await worker.aclose()
    assert error.value.kind in ("connection", "server", "timeout", "permission")
    assert "r8-a-secret-key" not in error.value.message
