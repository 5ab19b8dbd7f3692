"""HTTP as the worker speaks it: proxies, silence, reuse, and stopping."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from assistant.errors import ModelError
from assistant.models.worker import http
from assistant.models.worker.ask import ask
from assistant.models.worker.call import WireCall
from assistant.models.worker.proxy import proxy_for
from assistant.types import Finished, Message, ModelRequest, TextDelta, TextPart

CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n'
DONE = b"data: [DONE]\n\n"
REQUEST = ModelRequest((Message("user", (TextPart("hi"),)),))

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy from outside, no connection from before."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    http._idle.clear()  # pyright: ignore[reportPrivateUsage]


@asynccontextmanager
async def serving(serve: Serve, **options: object) -> AsyncIterator[int]:
    """A server on loopback; its port."""

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, **options)  # pyright: ignore[reportArgumentType]
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Read one request: its first line, its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return head.split(b"\r\n")[0].decode(), await reader.readexactly(length)


def chunked(*pieces: bytes) -> bytes:
    return b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request of a connection."""
    while True:
        await request(reader)
        writer.write(HEAD + chunked(CHUNK, LAST, DONE, b""))
        await writer.drain()


def call(base: str, timeout_s: float = 5, key: str = "sk-secret-key") -> WireCall:
    return WireCall("openai/gpt-4.1", REQUEST, base, key, timeout_s=timeout_s)


async def collected(asked: WireCall) -> str:
    words, finished = "", 0
    async for event in ask(asked):
        words += event.text if isinstance(event, TextDelta) else ""
        finished += isinstance(event, Finished)
    assert finished == 1
    return words


class TestProxy:
    """Proxies of the environment."""

    def test_which_one(self) -> None:
        environ = {"HTTPS_PROXY": "http://u:p%40@proxy:3128", "ALL_PROXY": "http://all:1", "NO_PROXY": "local, .corp"}
        found = proxy_for("https", "api.openai.com", environ)
        assert found is not None
        assert (found.host, found.port, found.headers) == ("proxy", 3128, {"Proxy-Authorization": "Basic dTpwQA=="})
        assert proxy_for("http", "api.openai.com", environ) == proxy_for("https", "x", {"https_proxy": "all:1"})
        assert proxy_for("https", "local", environ) is None
        assert proxy_for("https", "x.corp", environ) is None
        assert proxy_for("https", "corp.example", environ) is not None
        assert proxy_for("https", "x", {"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}) is None

    def test_a_socks_proxy_is_an_error_and_not_a_way_around(self) -> None:
        with pytest.raises(ModelError, match="socks5"):
            proxy_for("https", "x", {"ALL_PROXY": "socks5://p:1"})

    async def test_a_plain_address_is_asked_for_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[str] = []

        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append((await request(reader))[0])
            writer.write(HEAD + chunked(CHUNK, LAST, DONE, b""))
            await writer.drain()

        async with serving(proxy) as port:
            monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
            assert await collected(call("http://models.example:8000/v1")) == "hi"
        assert seen == ["POST http://models.example:8000/v1/chat/completions HTTP/1.1"]

    async def test_what_goes_to_a_plain_address_is_never_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Our own egress proxy passes one request of a connection and drops what follows."""
        heads: list[bytes] = []

        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            heads.append(head)
            length = next(int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length"))
            await reader.readexactly(length)
            writer.write(HEAD + chunked(CHUNK, LAST, DONE, b""))
            await writer.drain()
            await reader.read()  # whatever comes after the first request is dropped

        async with serving(proxy) as port:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
            for _ in range(2):
                assert await collected(call("http://models.example/v1", timeout_s=3)) == "hi"
        assert len(heads) == 2
        assert all(b"connection: close" in head.lower() for head in heads)

    async def test_a_secure_address_gets_a_tunnel(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """CONNECT, then TLS to the host itself through the tunnel, its certificate checked."""
        import ssl

        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "1",
                "-subj",
                "/CN=models.example",
                "-addext",
                "subjectAltName=DNS:models.example",
                "-keyout",
                str(tmp_path / "key"),
                "-out",
                str(tmp_path / "cert"),
            ],
            check=True,
            capture_output=True,
        )
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(tmp_path / "cert", tmp_path / "key")
        asked: list[str] = []

        async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode())
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

            async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
                while data := await source.read(4096):
                    sink.write(data)
                sink.close()

            await asyncio.gather(carry(reader, there_writer), carry(there_reader, writer))

        async with serving(answer, ssl=secure) as port, serving(tunnel) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
            http.tls.cache_clear()
            with pytest.raises(ModelError, match=r"(?i)certificate") as refused:
                await collected(call("https://models.example/v1"))
            assert refused.value.kind == "connection"
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert"))
            http.tls.cache_clear()
            assert await collected(call("https://models.example/v1")) == "hi"
            http.close_idle()
            http.tls.cache_clear()
        assert asked == ["CONNECT models.example:443 HTTP/1.1"] * 2

    async def test_a_proxy_that_refuses_is_said_to(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            await writer.drain()

        async with serving(proxy) as port:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
            with pytest.raises(ModelError, match="403") as error:
                await collected(call("https://models.example/v1"))
        assert (error.value.kind, error.value.retryable) == ("connection", False)


class TestConnections:
    """Opening, reuse, closing."""

    async def test_an_idle_connection_is_used_again(self) -> None:
        opened = 0

        async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal opened
            opened += 1
            await answer(reader, writer)

        async with serving(counted) as port:
            for _ in range(5):
                assert await collected(call(f"http://127.0.0.1:{port}/v1")) == "hi"
        assert opened == 1

    async def test_one_that_the_server_closed_is_not(self) -> None:
        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(HEAD + chunked(CHUNK, LAST, DONE, b""))
            await writer.drain()

        async with serving(once) as port:
            for _ in range(5):
                assert await collected(call(f"http://127.0.0.1:{port}/v1")) == "hi"
                await asyncio.sleep(0.02)

    async def test_W8_closing_the_stream_closes_the_connection(self) -> None:
        """Within 200 ms of the reader's leaving, the provider sees it."""
        gone = asyncio.Event()

        async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(HEAD)
            try:
                while not reader.at_eof():
                    writer.write(chunked(CHUNK))
                    await writer.drain()
                    await asyncio.sleep(0.005)
            finally:
                gone.set()

        async with serving(endless) as port:
            async with aclosing(ask(call(f"http://127.0.0.1:{port}/v1"))) as events:
                async for _ in events:
                    break
            started = time.monotonic()
            await asyncio.wait_for(gone.wait(), 1)
        assert time.monotonic() - started < 0.2

    async def test_nobody_listens(self) -> None:
        with pytest.raises(ModelError) as error:
            await collected(call("http://127.0.0.1:1/v1"))
        assert (error.value.kind, error.value.retryable) == ("connection", True)

    async def test_a_name_that_does_not_exist(self) -> None:
        with pytest.raises(ModelError) as error:
            await collected(call("http://no-such-host.invalid/v1"))
        assert error.value.kind == "connection"

    @pytest.mark.parametrize("base", ["ftp://x", "nonsense", "http://", "http://[bad", "http://x:99999/"])
    async def test_an_address_that_is_none(self, base: str) -> None:
        with pytest.raises(ModelError) as error:
            await collected(call(base))
        assert error.value.kind == "bad_request"


class TestAnswers:
    """Odd answers of a server."""

    @pytest.mark.parametrize(
        ("sent", "kind"),
        [
            (b"", "connection"),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "incomplete_stream"),
            (b"SSH-2.0-OpenSSH\r\n", "connection"),
            (b"HTTP/1.1 302 Found\r\nlocation: http://evil/\r\ncontent-length: 0\r\n\r\n", "bad_request"),
            (b"HTTP/1.1 204 No Content\r\n\r\n", "bad_request"),
            (HEAD + chunked(CHUNK) + b"zzz\r\n", "incomplete_stream"),
            (HEAD + chunked(CHUNK), "incomplete_stream"),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n" + CHUNK, "incomplete_stream"),
            (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 300_000, "connection"),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>", "server"),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "server"),
            (b"HTTP/1.1 500 Oops\r\ncontent-length: 50\r\n\r\nhalf", "server"),
        ],
    )
    async def test_W10_each_is_a_typed_error(self, sent: bytes, kind: str) -> None:
        async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(sent)
            await writer.drain()

        async with serving(odd) as port:
            with pytest.raises(ModelError) as error:
                await collected(call(f"http://127.0.0.1:{port}/v1"))
        assert error.value.kind == kind

    @pytest.mark.parametrize("sent", [b"", HEAD, HEAD + chunked(CHUNK)])
    async def test_W10_silence_ends_by_the_timeout(self, sent: bytes) -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(sent)
            await asyncio.sleep(30)

        async with serving(silent) as port:
            started = time.monotonic()
            with pytest.raises(ModelError) as error:
                await collected(call(f"http://127.0.0.1:{port}/v1", timeout_s=0.2))
        assert error.value.kind == "timeout"
        assert time.monotonic() - started < 2

    @pytest.mark.parametrize(
        "drop",
        [b": still here\n\n", b"event: ping\ndata: {}\n\n", b"d"],
        ids=["comments", "pings", "a byte of a message"],
    )
    async def test_W10_signs_of_life_alone_end_by_the_timeout(
        self, drop: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A connection that is only kept open is no answer; the person waits no longer than for silence."""
        monkeypatch.setattr("assistant.models.worker.pace.SLOWEST", 1000.0)  # a test's seconds are short
        gone = asyncio.Event()

        async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(HEAD + chunked(CHUNK))
            try:
                while True:
                    await asyncio.sleep(0.1)
                    writer.write(chunked(drop))
                    await writer.drain()
            finally:
                gone.set()

        async with serving(dripping) as port:
            with pytest.raises(ModelError) as error:
                await collected(call(f"http://127.0.0.1:{port}/v1", timeout_s=0.5))
            assert error.value.kind == "timeout"
            await asyncio.wait_for(gone.wait(), 5)

    async def test_W10_a_head_that_drips_ends_by_the_timeout(self) -> None:
        async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            for letter in HEAD.decode():
                writer.write(letter.encode())
                await writer.drain()
                await asyncio.sleep(0.05)

        async with serving(dripping) as port:
            with pytest.raises(ModelError) as error:
                await collected(call(f"http://127.0.0.1:{port}/v1", timeout_s=0.4))
        assert error.value.kind == "timeout"

    async def test_a_slow_stream_is_no_silence(self) -> None:
        """The timeout bounds each silence, not the whole."""

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(HEAD)
            for _ in range(8):
                await asyncio.sleep(0.1)
                writer.write(chunked(CHUNK))
            writer.write(chunked(LAST, DONE, b""))
            await writer.drain()

        async with serving(slow) as port:
            assert await collected(call(f"http://127.0.0.1:{port}/v1", timeout_s=0.4)) == "hi" * 8

    async def test_W6_a_key_that_the_provider_repeats_is_not_in_the_error(self) -> None:
        async def repeats(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            body = json.dumps({"error": {"message": "Incorrect API key provided: sk-secret-key. Try again."}}).encode()
            writer.write(b"HTTP/1.1 401 No\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()

        async with serving(repeats) as port:
            with pytest.raises(ModelError) as error:
                await collected(call(f"http://127.0.0.1:{port}/v1"))
        assert "sk-secret" not in str(error.value)
        assert "(key)" in str(error.value)
