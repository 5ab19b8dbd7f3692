"""Fetching a model file by its name, from a hub on loopback that redirects to its storage and names the hash there."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import AssistantError, UsageError
from assistant.models import fetch_model as fetching
from assistant.models.fetch_model import fetch_model
from assistant.models.local import open_model

BYTES = b"GGUF" + bytes(range(256)) * 16_384
"""4 MB, so that it comes in several pieces."""
NAME = "me/tiny-GGUF/tiny-Q4_K_M.gguf"


class Hub:
    """Serves `content` under any name. What it is to do otherwise is set by the test."""

    def __init__(self) -> None:
        self.content = BYTES
        self.etag = ""
        """Empty: the right one."""
        self.cut_at: int | None = None
        """The connection ends after this byte of the file."""
        self.ranges = True
        self.status = 0
        self.storage = "/storage"
        self.length = ""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.base = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        path = lines[0].split(" ")[1]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        self.asked.append((path, headers))
        if self.status:
            writer.write(f"HTTP/1.1 {self.status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        elif not path.startswith("/storage"):
            etag = self.etag or hashlib.sha256(self.content).hexdigest()
            head = f'HTTP/1.1 302 Found\r\nLocation: {self.storage}\r\nX-Linked-Etag: "{etag}"\r\n'
            writer.write(f"{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        else:
            self.send(writer, headers.get("range", ""))
        await writer.drain()
        writer.close()

    def send(self, writer: asyncio.StreamWriter, wanted: str) -> None:
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if begin >= len(self.content):
            writer.write(b"HTTP/1.1 416 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        status = (
            f"206 Partial\r\nContent-Range: bytes {begin}-{len(self.content) - 1}/{len(self.content)}"
            if begin
            else "200 OK"
        )
        length = self.length or str(len(self.content) - begin)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n".encode())
        writer.write(self.content[begin : self.cut_at])

    async def fetch(self, folder: Path, name: str = NAME, **env: str) -> Path:
        """As the command does."""
        return await asyncio.to_thread(fetch_model, name, folder, self.told, {"HF_ENDPOINT": self.base, **env})

    def told(self, done: int, total: int) -> None:
        self.progress = (done, total)


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    made = Hub()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    async with server:
        made.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made


class TestFetching:
    async def test_a_file_is_fetched_by_its_name(self, hub: Hub, tmp_path: Path) -> None:
        file = await hub.fetch(tmp_path / "models")
        assert file == tmp_path / "models" / "tiny-Q4_K_M.gguf"
        assert file.read_bytes() == BYTES
        assert hub.progress == (len(BYTES), len(BYTES))
        assert [path for path, _ in hub.asked] == ["/me/tiny-GGUF/resolve/main/tiny-Q4_K_M.gguf", "/storage"]
        assert (tmp_path / "models").stat().st_mode & 0o777 == 0o700

    async def test_the_token_goes_to_the_hub_and_not_to_its_storage(self, hub: Hub, tmp_path: Path) -> None:
        await hub.fetch(tmp_path, HF_TOKEN="hf_secret")
        assert [headers.get("authorization") for _, headers in hub.asked] == ["Bearer hf_secret", None]

    async def test_a_model_that_is_there_is_not_fetched_over(self, hub: Hub, tmp_path: Path) -> None:
        file = tmp_path / "tiny-Q4_K_M.gguf"
        file.write_bytes(b"GGUF of another repository")
        with pytest.raises(AssistantError, match="already"):
            await hub.fetch(tmp_path)
        assert file.read_bytes() == b"GGUF of another repository"
        file.write_bytes(b"damaged")
        await hub.fetch(tmp_path)
        assert file.read_bytes() == BYTES

    async def test_two_at_once_do_not_mix(self, hub: Hub, tmp_path: Path) -> None:
        ends = await asyncio.gather(hub.fetch(tmp_path), hub.fetch(tmp_path), return_exceptions=True)
        assert any(isinstance(end, Path) for end in ends)
        assert all(isinstance(end, (Path, AssistantError)) for end in ends)
        assert [file.read_bytes() for file in tmp_path.iterdir()] == [BYTES]


class TestGoingOn:
    @pytest.mark.parametrize("cut", [4, 5, 70_000, 2**20, len(BYTES) - 1])
    async def test_what_came_is_kept_and_only_the_rest_is_fetched(self, hub: Hub, tmp_path: Path, cut: int) -> None:
        hub.cut_at = cut
        with pytest.raises(AssistantError, match=f"{cut} of {len(BYTES)} bytes") as failed:
            await hub.fetch(tmp_path)
        assert "goes on" in failed.value.hint
        assert [file.suffix for file in tmp_path.iterdir()] == [".part"]
        hub.cut_at = None
        assert (await hub.fetch(tmp_path)).read_bytes() == BYTES
        assert hub.asked[-1][1]["range"] == f"bytes={cut}-"
        assert hub.progress == (len(BYTES), len(BYTES))
        assert len(list(tmp_path.iterdir())) == 1

    async def test_a_hub_that_sends_the_whole_again_is_understood(self, hub: Hub, tmp_path: Path) -> None:
        hub.cut_at, hub.ranges = 9_000, False
        with pytest.raises(AssistantError):
            await hub.fetch(tmp_path)
        hub.cut_at = None
        assert (await hub.fetch(tmp_path)).read_bytes() == BYTES

    async def test_a_file_that_changed_meanwhile_is_refused_and_then_fetched_anew(
        self, hub: Hub, tmp_path: Path
    ) -> None:
        hub.cut_at = 9_000
        with pytest.raises(AssistantError):
            await hub.fetch(tmp_path)
        hub.cut_at, hub.content = None, BYTES[:4] + bytes(len(BYTES))
        with pytest.raises(AssistantError, match="SHA-256"):
            await hub.fetch(tmp_path)
        assert list(tmp_path.iterdir()) == []
        assert (await hub.fetch(tmp_path)).read_bytes() == hub.content

    async def test_a_file_that_became_shorter_is_fetched_anew(self, hub: Hub, tmp_path: Path) -> None:
        hub.cut_at = 9_000
        with pytest.raises(AssistantError):
            await hub.fetch(tmp_path)
        hub.cut_at, hub.content = None, BYTES[:500]
        assert (await hub.fetch(tmp_path)).read_bytes() == BYTES[:500]

    async def test_without_a_hash_nothing_is_kept(self, hub: Hub, tmp_path: Path) -> None:
        hub.etag, hub.cut_at = "W/unknown", 9_000
        with pytest.raises(AssistantError, match="9000 of"):
            await hub.fetch(tmp_path)
        assert list(tmp_path.iterdir()) == []

    async def test_an_interrupt_keeps_what_came(self, hub: Hub, tmp_path: Path) -> None:
        def interrupt(done: int, total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await asyncio.to_thread(fetch_model, NAME, tmp_path, interrupt, {"HF_ENDPOINT": hub.base})
        assert [file.suffix for file in tmp_path.iterdir()] == [".part"]
        assert (await hub.fetch(tmp_path)).read_bytes() == BYTES
        assert hub.asked[-1][1]["range"] == f"bytes={2**20}-"


class TestRefused:
    async def refused(self, hub: Hub, folder: Path, why: str, **env: str) -> str:
        """Nothing is left behind; returns what the person can do."""
        with pytest.raises(AssistantError, match=why) as failed:
            await hub.fetch(folder, **env)
        assert list(folder.iterdir()) == []
        return failed.value.hint

    async def test_another_hash(self, hub: Hub, tmp_path: Path) -> None:
        hub.etag = "0" * 64
        await self.refused(hub, tmp_path, "SHA-256")

    async def test_a_page_in_its_place(self, hub: Hub, tmp_path: Path) -> None:
        hub.content = b"<html>Sign in</html>"
        await self.refused(hub, tmp_path, "not a GGUF file")

    async def test_a_length_that_is_none(self, hub: Hub, tmp_path: Path) -> None:
        hub.length = "many"
        await self.refused(hub, tmp_path, "could not be fetched")

    @pytest.mark.parametrize(
        ("status", "hint"), [(404, "check the name"), (401, "HF_TOKEN"), (403, "HF_TOKEN"), (500, "check")]
    )
    async def test_a_status_that_says_no(self, hub: Hub, tmp_path: Path, status: int, hint: str) -> None:
        hub.status = status
        assert hint in await self.refused(hub, tmp_path, f"answered {status}")

    @pytest.mark.parametrize("storage", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
    async def test_a_redirect_to_something_else(self, hub: Hub, tmp_path: Path, storage: str) -> None:
        hub.storage = storage
        await self.refused(hub, tmp_path, "could not be fetched")

    async def test_a_disk_without_room_is_said_before_anything_is_fetched(
        self, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 1_000_000))  # type: ignore[attr-defined]
        assert "room" in await self.refused(hub, tmp_path, "needs 4 MB more, and 1 MB are free")

    async def test_a_disk_that_fills_up_meanwhile_gets_its_room_back(
        self, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(done: int, total: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(hub, "told", full)
        assert "room" in await self.refused(hub, tmp_path, "No space left")

    async def test_no_network(self, hub: Hub, tmp_path: Path) -> None:
        await self.refused(hub, tmp_path, "could not be fetched", HF_ENDPOINT="http://127.0.0.1:9")

    @pytest.mark.parametrize(
        "name",
        [
            "tiny",
            "a/b",
            "a/b/c.bin",
            "a/b/../../../x.gguf",
            "../b/c.gguf",
            "a/./c.gguf",
            "a/b/.hidden.gguf",
            "a/b/-x.gguf",
            "a/b//c.gguf",
            "/a/b/c.gguf",
            "https://x/y/z.gguf",
            "a/b/c%2f..%2fd.gguf",
            "a/b/c.gguf?x=1",
            "a/b/c\n.gguf",
            "a/b/\u4e8c.gguf",
            "a/b/c.gguf\0",
        ],
    )
    def test_names_of_another_form(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(UsageError, match=r"OWNER/REPOSITORY/FILE\.gguf"):
            fetch_model(name, tmp_path / "models", lambda *_: None, {})
        assert list(tmp_path.iterdir()) == []

    def test_one_of_several_files(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="one of several"):
            fetch_model("a/b/big-00001-of-00003.gguf", tmp_path, lambda *_: None, {})


async def test_what_was_fetched_is_what_the_engine_opens(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.models.local.installed", lambda: True)
    await hub.fetch(tmp_path, "me/x/deep/er/m.Q8_0.gguf")
    _info, connection = open_model("local/m.Q8_0", tmp_path)
    assert Path(connection.model_file).read_bytes() == BYTES
    assert fetching.HUB.startswith("https://")


class TestTheCommand:
    async def test_it_says_the_name_to_ask_for(
        self, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from assistant.cli import models

        monkeypatch.setenv("HF_ENDPOINT", hub.base)
        fetch: Any = models._fetch  # pyright: ignore[reportPrivateUsage]  # the command without its parser
        assert await asyncio.to_thread(fetch, NAME, tmp_path) == 0
        assert capsys.readouterr().out == "local/tiny-Q4_K_M\n"
