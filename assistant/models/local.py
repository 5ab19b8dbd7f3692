"""The embedded engine (extra `local`): llama.cpp in a worker process of its own, for models kept as GGUF files.

The process is a worker like any other (same room, same lines), with two differences: it sees one model file and has no
network at all. llama.cpp's OpenAI-compatible server listens on the room's own loopback, and the worker asks that.

    python -I -m assistant.models.local FILE --port N

Models are files `NAME.gguf` in the folder `models/` of the person's data, asked as `local/NAME`.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import socket
import sys
from pathlib import Path
from typing import Any

from assistant.errors import ModelError, UsageError
from assistant.models.connection import Connection
from assistant.models.launcher import Launch, interpreter_folders
from assistant.types import ModelInfo

PROVIDER = "local"

CONTEXT_TOKENS = 16384
"""Window that memory is set aside for; the model's own may be larger, and its cache then costs gigabytes."""

EXTRA_MEMORY_BYTES = 4 * 2**30
"""Beside the model's file: cache, buffers, Python."""

GGUF_MAGIC = b"GGUF"
"""First four bytes of every such file (GGUF specification, ggml-org/ggml docs/gguf.md)."""


def installed() -> bool:
    """Whether the engine is installed; nothing is imported."""
    return importlib.util.find_spec("xllamacpp") is not None


def models(folder: Path) -> list[ModelInfo]:
    """The models in `folder`, usable when the engine is installed."""
    why = "" if installed() else "the engine is not installed: pip install 'assistant[local]'"
    found = sorted(folder.glob("*.gguf")) if folder.is_dir() else []
    return [info(f"{PROVIDER}/{file.stem}", why) for file in found if file.is_file()]


def open_model(model: str, folder: Path) -> tuple[ModelInfo, Connection]:
    """Everything to ask `local/NAME`. Raises UsageError when the engine, the file, or its beginning is missing."""
    name = model.partition("/")[2]
    file = folder / f"{name.removesuffix('.gguf')}.gguf"
    if not name or "/" in name or name.startswith("."):
        raise UsageError(f"`{model}` does not name a model file", hint=f"put it at {folder}/NAME.gguf, ask local/NAME")
    try:
        with file.open("rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise UsageError(
            f"there is no model file `{file}`", hint="fetch one: assistant models fetch OWNER/REPOSITORY/FILE.gguf"
        ) from error
    if magic != GGUF_MAGIC:
        raise UsageError(f"`{file}` is not a GGUF file", hint="fetch it again, or remove it")
    if not installed():
        raise UsageError(f"`{model}` needs the embedded engine", hint="pip install 'assistant[local]'")
    address = f"http://127.0.0.1:{_free_port()}/v1"
    return info(model), Connection(PROVIDER, api_base=address, model_file=str(file.resolve()))


def local_launch(connection: Connection) -> Launch:
    """How the engine's process is started: one file to read, no network."""
    file = Path(connection.model_file)
    port = connection.api_base.rpartition(":")[2].partition("/")[0]
    argv = (sys.executable, "-I", "-m", "assistant.models.local", str(file), "--port", port)
    try:
        memory = file.stat().st_size + EXTRA_MEMORY_BYTES
    except OSError as error:
        raise ModelError(f"the model file `{file}` is gone", kind="not_found") from error
    return Launch(PROVIDER, argv, (), (*interpreter_folders(), str(file)), memory)


def info(model: str, why_not: str = "") -> ModelInfo:
    """The entry of a model file in the catalogue."""
    return ModelInfo(
        model,
        PROVIDER,
        local=True,
        usable=not why_not,
        why_not=why_not,
        context_tokens=CONTEXT_TOKENS,
        input_uusd_per_mtok=0,
        output_uusd_per_mtok=0,
    )


def _free_port() -> int:
    """A port for the room's own loopback, where any is free; free here too, for engines without network namespaces."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# ---------------------------------------------------------------- inside the worker


def serve_model(file: str, port: int) -> Any:
    """Load `file` and listen. Returns the server, which runs in threads of its own as long as it is kept."""
    xllamacpp: Any = importlib.import_module("xllamacpp")  # large and optional: only ever imported in this process
    params: Any = xllamacpp.CommonParams()
    params.model.path = file
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.use_jinja = True  # the model's own chat template, which tool calls need
    params.warmup = False
    params.ui = False
    return xllamacpp.Server(params)


def main() -> int:
    """Load the model, then serve lines as every worker does. Returns 3 when the model can't be loaded."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    lines, errors = os.dup(1), os.dup(2)
    os.dup2(2, 1)  # whatever the engine prints must not reach the lines
    try:
        server = serve_model(options.file, options.port)
    except Exception as error:  # the engine raises plain RuntimeError for a file that it can't load
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a thread of the engine may print on: ours are the last words
        os.write(errors, f"\nthe model can't be loaded: {error}\n".encode())
        return 3
    os.dup2(lines, 1)
    from assistant.models.worker.serve import main as serve_lines

    status = serve_lines()
    del server
    return status


if __name__ == "__main__":
    sys.exit(main())
