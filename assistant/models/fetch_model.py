"""Fetches a model file for the embedded engine by its name on Hugging Face, at the person's own command.

The file is checked against the SHA-256 that the hub names for it, lands under a temporary name, and gets its own name only
when it is whole. A fetch that broke off goes on from where it was.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import http.client
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from assistant.errors import AssistantError, UsageError
from assistant.models.local import GGUF_MAGIC

HUB = "https://huggingface.co"
"""Its address; `HF_ENDPOINT` names a mirror, as in the hub's own tools."""

TIMEOUT_S = 30.0
"""Longest silence."""

PIECE_BYTES = 2**20

_NAME = re.compile(r"[\w.-]+/[\w.-]+(/[\w.-]+)*/[\w.-]+\.gguf", re.ASCII)
_ONE_OF_SEVERAL = re.compile(r"-\d{5}-of-\d{5}\.gguf$")
_SHA256 = re.compile(r'"?([0-9a-f]{64})"?')

Progress = Callable[[int, int], None]
"""Called with bytes so far and bytes in all (0 when unknown)."""


def fetch_model(name: str, folder: Path, progress: Progress, environ: Mapping[str, str] | None = None) -> Path:
    """Fetch `OWNER/REPOSITORY/FILE.gguf` into `folder`. Returns the file; one that lies there already is fetched again only
    where it is no GGUF file.

    What came before the network failed is kept where the hub names a hash, and the next call goes on from there.
    Raises UsageError for a name of another form, AssistantError when the network, the disk or the check fails.
    """
    _check(name)
    env = os.environ if environ is None else environ
    owner, repository, path = name.split("/", 2)
    address = f"{env.get('HF_ENDPOINT', HUB).rstrip('/')}/{owner}/{repository}/resolve/main/{path}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / Path(path).name
    if _is_model(target):
        raise AssistantError(f"there is a model file `{target}` already", hint="remove it to fetch it again")
    part = target.with_name(f"{target.name}.{hashlib.sha256(name.encode()).hexdigest()[:8]}.part")
    keep = False
    try:
        with part.open("ab") as out:
            fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                _download(address, out, env.get("HF_TOKEN", ""), progress)
                part.rename(target)
            except BaseException as error:
                keep = _goes_on(error) and part.stat().st_size > 0
                raise
            finally:
                if not keep:
                    part.unlink(missing_ok=True)
    except BlockingIOError as error:
        raise AssistantError(f"`{name}` is being fetched already", hint="wait for the other command") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        kept = f"{part.stat().st_size / 1e6:,.0f} MB are kept: the same command goes on from there" if keep else ""
        raise AssistantError(
            f"`{name}` could not be fetched: {_reason(error)}", hint=kept or _what_to_do(error)
        ) from error
    return target


class _WrongFile(OSError):
    """What came is not what was asked for: there is nothing to go on from."""


def _check(name: str) -> None:
    if not _NAME.fullmatch(name) or any(part.startswith((".", "-")) for part in name.split("/")):
        raise UsageError(f"`{name}` does not name a model file", hint="write it as OWNER/REPOSITORY/FILE.gguf")
    if _ONE_OF_SEVERAL.search(name):
        raise UsageError(
            f"`{name}` is one of several files of its model, and the engine sees one file only",
            hint="choose a smaller quantisation, which is one file",
        )


def _is_model(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return stream.read(4) == GGUF_MAGIC
    except OSError:
        return False


def _goes_on(error: BaseException) -> bool:
    """Whether what has come is right as far as it goes. A full disk is given its room back."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return False
    return not isinstance(error, (_WrongFile, urllib.error.HTTPError, ValueError))


def _download(address: str, out: BinaryIO, token: str, progress: Progress) -> None:
    """Append what is missing to `out`, and check the whole. Raises OSError, HTTPException, ValueError."""
    done, digest = _so_far(out)
    redirect = _Redirect()
    try:
        reply = _opened(address, redirect, token, done)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not done:  # the file has become shorter than what was kept of it
            raise
        out.truncate(0)
        _download(address, out, token, progress)
        return
    with reply:
        named = _SHA256.fullmatch(redirect.etag or reply.headers.get("X-Linked-Etag") or "")
        if reply.status != 206:  # the whole file comes, whatever was asked for
            done, digest = 0, hashlib.sha256()
            out.truncate(0)
        elif not named or not reply.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
            raise _WrongFile("the rest of it came without its hash, or was another part than was asked for")
        rest = int(reply.headers.get("Content-Length") or 0)
        total = done + rest if rest else 0
        _require_room(out, rest)
        try:
            while data := reply.read(PIECE_BYTES):
                if not done and not data.startswith(GGUF_MAGIC):
                    raise _WrongFile("what came is not a GGUF file")
                out.write(data)
                digest.update(data)
                done += len(data)
                progress(done, total)
            if done == 0 or (total and done != total):
                raise OSError(f"{done} of {total} bytes came")
        except (OSError, http.client.HTTPException) as error:
            if named:
                raise
            raise _WrongFile(_reason(error)) from error
        finally:
            out.flush()
    if named and named[1] != digest.hexdigest():
        raise _WrongFile("its SHA-256 is not the one that the hub names")
    os.fsync(out.fileno())


def _so_far(out: BinaryIO) -> tuple[int, Any]:
    digest = hashlib.sha256()
    size = 0
    with open(out.name, "rb") as stream:
        while data := stream.read(PIECE_BYTES):
            digest.update(data)
            size += len(data)
    return size, digest


def _opened(address: str, redirect: _Redirect, token: str, done: int) -> Any:
    opener = urllib.request.build_opener(redirect)
    request = urllib.request.Request(address, headers={"User-Agent": "assistant"})  # noqa: S310  # built above
    if done:
        request.add_header("Range", f"bytes={done}-")
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    return opener.open(request, timeout=TIMEOUT_S)


def _require_room(out: BinaryIO, wanted: int) -> None:
    free = shutil.disk_usage(Path(out.name).parent).free
    if wanted > free:
        raise OSError(errno.ENOSPC, f"it needs {wanted / 1e6:,.0f} MB more, and {free / 1e6:,.0f} MB are free")


class _Redirect(urllib.request.HTTPRedirectHandler):
    """Keeps the hash that the hub sends with its redirect to the storage."""

    etag = ""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.startswith("https:" if req.full_url.startswith("https:") else ("https:", "http:")):
            raise _WrongFile("it was redirected to an address without encryption")
        self.etag = self.etag or headers.get("X-Linked-Etag", "")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the hub answered {error.code}"
    return str(getattr(error, "reason", "") or getattr(error, "strerror", "") or error)


def _what_to_do(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError) and error.code in (401, 403):
        return "the name may be wrong; or accept the model's terms on its page and set HF_TOKEN"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "make room, or choose a smaller file"
    return "check the name and the network"
