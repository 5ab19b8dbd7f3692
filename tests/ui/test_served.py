"""The screen in a browser: who gets in, who doesn't, and that it really is the screen."""

from __future__ import annotations

import asyncio
import base64
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from assistant.ui.served import COOKIE, GuardedServer, is_loopback

DEMO = str(Path(__file__).with_name("demo.py"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def served(password: str = "", argv: list[str] | None = None) -> AsyncIterator[GuardedServer]:
    server = GuardedServer(
        argv or [sys.executable, DEMO, "chat", "/tmp"], host="127.0.0.1", port=free_port(), password=password
    )
    runner = web.AppRunner(await server._make_app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", server.port).start()
    try:
        yield server
    finally:
        await runner.cleanup()


async def status(session: aiohttp.ClientSession, url: str, **options: Any) -> int:
    async with session.get(url, allow_redirects=False, **options) as response:
        return response.status


class TestTheDoor:
    @pytest.mark.parametrize("path", ["/", "/ws", "/static/js/textual.js", "/download/x", "/?token=wrong"])
    async def test_U10_nothing_is_given_without_the_token(self, path: str) -> None:
        async with served() as server, aiohttp.ClientSession() as session:
            assert await status(session, server.public_url + path) == 403

    async def test_the_token_becomes_a_cookie_and_leaves_the_address(self) -> None:
        async with served() as server, aiohttp.ClientSession() as session:
            async with session.get(server.address, allow_redirects=False) as response:
                assert (response.status, response.headers["Location"]) == (303, "/")
                cookie = response.headers["Set-Cookie"]
                assert "HttpOnly" in cookie
                assert "SameSite=Strict" in cookie
            async with session.get(server.public_url + "/", cookies={COOKIE: server.token}) as response:
                assert response.status == 200
                policy = response.headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'self';")
                assert "https:" not in policy

    async def test_U10_another_page_of_the_browser_gets_nothing(self) -> None:
        async with served() as server, aiohttp.ClientSession(cookies={COOKIE: server.token}) as session:
            assert await status(session, server.public_url + "/ws", headers={"Origin": "https://evil.example"}) == 403
            assert await status(session, server.public_url + "/", headers={"Host": "evil.example"}) == 421

    async def test_U10_a_password_is_asked_for_as_well(self) -> None:
        async with (
            served("correct horse battery") as server,
            aiohttp.ClientSession(cookies={COOKIE: server.token}) as session,
        ):
            assert await status(session, server.public_url + "/") == 401
            for word, expected in (("wrong", 401), ("correct horse battery", 200)):
                value = base64.b64encode(f"me:{word}".encode()).decode()
                assert (
                    await status(session, server.public_url + "/", headers={"Authorization": f"Basic {value}"})
                    == expected
                )

    def test_two_runs_have_two_tokens(self) -> None:
        one, two = (GuardedServer(["true"], host="127.0.0.1", port=1) for _ in range(2))
        assert one.token != two.token
        assert len(one.token) >= 32


class TestInterfaces:
    @pytest.mark.parametrize(
        ("host", "loopback"),
        [
            ("127.0.0.1", True),
            ("127.9.9.9", True),
            ("::1", True),
            ("localhost", True),
            ("0.0.0.0", False),
            ("192.168.1.5", False),
            ("::", False),
            ("localhost.evil.example", False),
        ],
    )
    def test_what_only_this_machine_can_reach(self, host: str, loopback: bool) -> None:
        assert is_loopback(host) == loopback

    def test_U10_beyond_it_nothing_is_served_without_a_password(self) -> None:
        with pytest.raises(ValueError, match="password"):
            GuardedServer(["true"], host="0.0.0.0", port=8790)

    @pytest.mark.parametrize(
        ("args", "env", "told"),
        [
            (["--host", "0.0.0.0"], {}, "--beyond-this-machine"),
            (["--host", "0.0.0.0", "--beyond-this-machine"], {}, "ASSISTANT_SERVE_PASSWORD"),
            (["--host", "0.0.0.0", "--beyond-this-machine"], {"ASSISTANT_SERVE_PASSWORD": "short"}, "12 characters"),
        ],
    )
    def test_the_command_refuses_and_says_what_to_do(
        self, tmp_path: Path, args: list[str], env: dict[str, str], told: str
    ) -> None:
        import os

        done = subprocess.run(
            [sys.executable, "-m", "assistant", "serve", "--folder", str(tmp_path), *args],
            env={**os.environ, "HOME": str(tmp_path / "home"), **env}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 2
        assert told in done.stderr


class TestTheScreen:
    async def test_the_web_socket_carries_the_chat_and_takes_keys(self) -> None:
        async with served() as server, aiohttp.ClientSession(cookies={COOKIE: server.token}) as session:
            async with session.ws_connect(server.public_url + "/ws?width=90&height=30") as socket_:
                shown = b""

                async def until(words: bytes) -> None:
                    nonlocal shown
                    async with asyncio.timeout(30):
                        while words not in shown:
                            message = await socket_.receive()
                            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
                            shown += message.data if isinstance(message.data, bytes) else message.data.encode()

                await until(b"sk for something")
                await socket_.send_json(["stdin", "zebra"])
                await until(b"zebra")

    async def test_a_browser_shows_it_and_types_into_it(self, tmp_path: Path) -> None:
        browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if not browser:
            pytest.skip("no Chromium is installed")
        async with served() as server, Browser(browser, tmp_path) as page:
            await page.ask("Page.navigate", url=server.address)
            await page.until("document.body && document.body.classList.contains('-first-byte')")
            assert await page.value("location.search") == "", "the token has left the address"
            await asyncio.sleep(1.5)  # the page fades in
            for kind in ("mousePressed", "mouseReleased"):
                await page.ask("Input.dispatchMouseEvent", type=kind, x=300, y=404, button="left", clickCount=1)
            empty = await page.picture()
            (tmp_path / "empty.png").write_bytes(empty)
            for letter in "zebra":
                await page.ask("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
                await page.ask("Input.dispatchKeyEvent", type="keyUp", key=letter)
            async with asyncio.timeout(20):
                while await page.picture() == empty:
                    await asyncio.sleep(0.2)
            (tmp_path / "page.png").write_bytes(await page.picture())


class Browser:
    """Chromium without a window, spoken to by its debugging protocol."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder, self._number = program, folder, 0

    async def __aenter__(self) -> Browser:
        port = free_port()
        self._process = await asyncio.create_subprocess_exec(
            self._program, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,600",
            f"--user-data-dir={self._folder / 'profile'}", f"--remote-debugging-port={port}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        self._session = aiohttp.ClientSession()
        async with asyncio.timeout(30):
            while True:
                try:
                    async with self._session.get(f"http://127.0.0.1:{port}/json") as response:
                        pages = [p for p in await response.json() if p["type"] == "page"]
                    if pages:
                        break
                except aiohttp.ClientConnectionError:
                    pass
                await asyncio.sleep(0.1)
        self._socket = await self._session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._socket.close()
        await self._session.close()
        self._process.kill()
        await self._process.wait()

    async def ask(self, method: str, **params: Any) -> Any:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        async with asyncio.timeout(30):
            while True:
                answer = await self._socket.receive_json()
                if answer.get("id") == self._number:
                    return answer["result"]

    async def value(self, script: str) -> Any:
        return (await self.ask("Runtime.evaluate", expression=script))["result"].get("value")

    async def until(self, script: str) -> None:
        async with asyncio.timeout(40):
            while not await self.value(script):
                await asyncio.sleep(0.1)

    async def picture(self) -> bytes:
        return base64.b64decode((await self.ask("Page.captureScreenshot"))["data"])
