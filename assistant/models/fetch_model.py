"""Fetches a model file for the embedded engine by its name on Hugging Face, at the person's own command.

The file is checked against the SHA-256 that the hub names for it, lands under a temporary name, and gets its own name only
when it is whole.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError, UsageError
from assistant.models.local import GGUF_MAGIC

HUB = "https://huggingface.co"
"""Its address; `HF_ENDPOINT` names a mirror, as in the hub's own tools."""

TIMEOUT_S = 30.0
"""Longest silence."""

_NAME = re.compile(r"[\w.-]+/[\w.-]+/[\w./-]+\.gguf")
_SHA256 = re.compile(r'"?([0-9a-f]{64})"?')

Progress = Callable[[int, int], None]
"""Called with bytes so far and bytes in all (0 when unknown)."""


def fetch_model(name: str, folder: Path, progress: Progress, environ: Mapping[str, str] | None = None) -> Path:
    """Fetch `OWNER/REPOSITORY/FILE.gguf` into `folder`. Returns the file.

    Raises UsageError for a name of another form, AssistantError when the network, the disk or the check fails.
    """
    if not _NAME.fullmatch(name) or ".." in name:
        raise UsageError(f"`{name}` does not name a model file", hint="write it as OWNER/REPOSITORY/FILE.gguf")
    env = os.environ if environ is None else environ
    owner, repository, path = name.split("/", 2)
    address = f"{env.get('HF_ENDPOINT', HUB).rstrip('/')}/{owner}/{repository}/resolve/main/{path}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / Path(path).name
    part = target.with_name(target.name + ".part")
    try:
        _download(address, part, env.get("HF_TOKEN", ""), progress)
        part.rename(target)
    except (OSError, http.client.HTTPException) as error:
        raise AssistantError(
            f"`{name}` could not be fetched: {_reason(error)}", hint="check the name and the network"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()
    return target


def _download(address: str, part: Path, token: str, progress: Progress) -> None:
    redirect = _Redirect()
    opener = urllib.request.build_opener(redirect)
    request = urllib.request.Request(address, headers={"User-Agent": "assistant"})  # noqa: S310  # built above
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    with opener.open(request, timeout=TIMEOUT_S) as reply, part.open("wb") as out:
        total, done, digest = int(reply.headers.get("Content-Length") or 0), 0, hashlib.sha256()
        while data := reply.read(2**20):
            if not done and not data.startswith(GGUF_MAGIC):
                raise OSError("what came is not a GGUF file")
            out.write(data)
            digest.update(data)
            done += len(data)
            progress(done, total)
        if done == 0 or (total and done != total):
            raise OSError(f"{done} of {total} bytes came")
        named = _SHA256.fullmatch(redirect.etag or reply.headers.get("X-Linked-Etag") or "")
        if named and named[1] != digest.hexdigest():
            raise OSError("its SHA-256 is not the one that the hub names")
        out.flush()
        os.fsync(out.fileno())


class _Redirect(urllib.request.HTTPRedirectHandler):
    """Keeps the hash that the hub sends with its redirect to the storage."""

    etag = ""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise urllib.error.URLError("it was redirected to an address without encryption")
        self.etag = self.etag or headers.get("X-Linked-Etag", "")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the hub answered {error.code}"
    return str(getattr(error, "reason", "") or error)
