"""The way out: single hosts, counted, by the clients that people use, against servers of our own."""

from __future__ import annotations

import asyncio
import http.server
import ipaddress
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import UsageError
from assistant.sandbox.addresses import Address
from assistant.sandbox.egress import EgressProxy
from assistant.sandbox.protocol import Command
from assistant.types import Completed, Limits
from tests.sandbox.places import Place, open_place


class Server:
    """A small web server over a folder."""

    def __init__(self, folder: Path, tls: ssl.SSLContext | None = None) -> None:
        handler = type("Handler", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
        self.httpd = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), lambda *args: handler(*args, directory=str(folder))
        )
        if tls is not None:
            self.httpd.socket = tls.wrap_socket(self.httpd.socket, server_side=True)
        self.port = self.httpd.server_address[1]
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "hello").write_text("hello from the web")
    server = Server(folder)
    yield server
    server.close()


async def fetch(place: Place, script: str, *hosts: str) -> Completed:
    return await place.room.run(Command(("sh", "-c", script), hosts=hosts, limits=Limits(wall_s=60)))


class TestReaching:
    async def test_S3_a_granted_host_and_nothing_else(self, tmp_path: Path, web: Server) -> None:
        async with open_place(tmp_path) as place:
            granted = f"127.0.0.1:{web.port}"
            done = await fetch(place, f"curl -sS http://{granted}/hello", granted)
            assert done.stdout == b"hello from the web"
            (use,) = done.hosts
            assert (use.host, use.port) == ("127.0.0.1", web.port)
            assert use.received_bytes > len("hello from the web")
            assert use.sent_bytes > 0
            other = await fetch(place, "curl -sS http://127.0.0.1:1/; curl -sS http://example.com/", granted)
            assert other.stdout.count(b"not granted") == 2
            assert {u.refused for u in other.hosts} == {"not granted"}

    async def test_without_a_grant_there_is_no_proxy_and_no_way(self, tmp_path: Path, web: Server) -> None:
        async with open_place(tmp_path) as place:
            done = await fetch(place, f"env | grep -i proxy; curl -sS http://127.0.0.1:{web.port}/hello")
            assert done.stdout == b""
            assert done.exit_status == 7

    async def test_another_call_can_not_use_the_proxy_of_one_that_has_it(self, tmp_path: Path, web: Server) -> None:
        async with open_place(tmp_path) as place:
            granted = f"127.0.0.1:{web.port}"
            script = "echo ${HTTP_PROXY##*:} > port; sleep 2"
            owner = asyncio.create_task(fetch(place, script, granted))
            await asyncio.sleep(0.5)
            thief = "curl -sS -x http://127.0.0.1:$(cat port) http://%s/hello; curl -sS --socks5-hostname 127.0.0.1:$(cat port) http://%s/hello"
            done = await fetch(place, thief % (granted, granted))
            assert b"needs its password" in done.stdout
            assert b"hello" not in done.stdout
            owner.cancel()
            await asyncio.gather(owner, return_exceptions=True)

    async def test_socks_and_connect_and_plain_http(self, tmp_path: Path, web: Server) -> None:
        async with open_place(tmp_path) as place:
            at = f"127.0.0.1:{web.port}"
            script = (
                f"curl -sS -x $ALL_PROXY http://{at}/hello && curl -sS -p http://{at}/hello && "
                f"python3 -c 'import urllib.request as u; print(u.urlopen(\"http://{at}/hello\").read())'"
            )
            done = await fetch(place, script, at)
            assert done.stdout.count(b"hello from the web") == 3, done.stderr

    async def test_programs_of_the_room_reach_each_other_without_the_proxy(self, tmp_path: Path, web: Server) -> None:
        async with open_place(tmp_path) as place:
            (place.folder / "page").write_text("own page")
            server = await place.room.start(Command(("python3", "-m", "http.server", "8123", "--bind", "127.0.0.1")))
            for hosts in ((), ("example.com",)):
                script = "for n in 1 2 3 4 5 6 7 8 9; do curl -sS http://127.0.0.1:8123/page && break; sleep 0.2; done"
                assert (await fetch(place, script, *hosts)).stdout == b"own page"
            await server.stop()

    async def test_a_grant_that_is_no_host_is_refused(self, tmp_path: Path) -> None:
        async with open_place(tmp_path) as place:
            with pytest.raises(UsageError, match="granted host"):
                await fetch(place, "true", "0x7f.1")
            await place.sh("true")


async def _proxy(hosts: list[str], names: dict[str, list[str]]) -> tuple[EgressProxy, int, list[str]]:
    asked: list[str] = []

    async def resolve(name: str, port: int) -> list[Address]:
        asked.append(name)
        if name not in names:
            raise socket.gaierror(-2, "unknown")
        return [ipaddress.ip_address(a) for a in names[name].copy()]

    proxy = EgressProxy(hosts, resolve)
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    await proxy.serve(sock.detach())
    return proxy, port, asked


async def _ask(proxy: EgressProxy, port: int, request: str, *, password: bool = True) -> bytes:
    import base64

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    user = proxy.environment(port)["HTTP_PROXY"].split("//")[1].rpartition("@")[0]
    head = f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}\r\n" if password else ""
    writer.write(request.replace("\n", "\r\n").replace("AUTH\r\n", head).encode())
    answer = await asyncio.wait_for(reader.read(500), 10)
    writer.close()
    return answer


class TestTricks:
    @pytest.mark.parametrize(
        "address", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "fd00:ec2::254"]
    )
    async def test_a_granted_name_that_leads_inside_is_refused(self, address: str) -> None:
        proxy, port, _ = await _proxy(["evil.com"], {"evil.com": [address]})
        answer = await _ask(proxy, port, "CONNECT evil.com:443 HTTP/1.1\nAUTH\n\n")
        assert b"403" in answer
        assert b"inside this machine or network" in answer
        proxy.close()

    async def test_a_name_is_resolved_once_and_the_checked_address_is_the_one_connected_to(self, web: Server) -> None:
        """Rebinding: a second answer would be another address, but nobody asks twice."""
        names = {"localhost": ["127.0.0.1"]}
        proxy, port, asked = await _proxy([f"localhost:{web.port}"], names)
        answer = await _ask(proxy, port, f"CONNECT localhost:{web.port} HTTP/1.1\nAUTH\n\n")
        assert b"200" in answer
        assert asked == ["localhost"]
        proxy.close()

    @pytest.mark.parametrize(
        "host",
        [
            "2130706433",
            "0x7f000001",
            "127.1",
            "017700000001",
            "[::ffff:7f00:1]",
            "localhost",
            "a.com@b.com",
            "a.com%00.b.com",
        ],
    )
    async def test_an_address_in_disguise_is_not_a_grant(self, host: str) -> None:
        proxy, port, asked = await _proxy(["a.com"], {})
        answer = await _ask(proxy, port, f"CONNECT {host}:443 HTTP/1.1\nAUTH\n\n")
        assert answer[9:12] in (b"403", b"400")
        assert asked == []
        proxy.close()

    @pytest.mark.parametrize(
        "request_", [
            "GET http://a.com/ HTTP/1.1\nAUTH\nContent-Length: 1\nTransfer-Encoding: chunked\n\n",
            "GET http://a.com/ HTTP/1.1\nAUTH\nContent-Length: 1\nContent-Length: 2\n\n",
            "GET http://user@a.com/ HTTP/1.1\nAUTH\n\n",
            "GET https://a.com/ HTTP/1.1\nAUTH\n\n",
            "GET /relative HTTP/1.1\nAUTH\n\n",
            "GET http://a.com/ HTTP/1.1\nAUTH\n folded: x\n\n",
            "GET  http://a.com/ HTTP/1.1\nAUTH\n\n",
            "CONNECT a.com HTTP/1.1\nAUTH\n\n",
            "PRI * HTTP/2.0\nAUTH\n\n",
        ],
    )  # fmt: skip
    async def test_requests_that_two_readers_could_read_differently_are_refused(self, request_: str) -> None:
        proxy, port, asked = await _proxy(["a.com"], {"a.com": ["1.1.1.1"]})
        assert b"400" in (await _ask(proxy, port, request_))[:16]
        assert asked == []
        proxy.close()

    async def test_without_the_calls_password_nothing_is_opened(self) -> None:
        proxy, port, asked = await _proxy(["a.com"], {"a.com": ["1.1.1.1"]})
        assert b"407" in await _ask(proxy, port, "CONNECT a.com:443 HTTP/1.1\nAUTH\n\n", password=False)
        assert asked == []
        proxy.close()

    async def test_a_second_request_on_one_connection_goes_nowhere(self, web: Server) -> None:
        proxy, port, _ = await _proxy([f"127.0.0.1:{web.port}"], {})
        two = f"GET http://127.0.0.1:{web.port}/hello HTTP/1.1\nAUTH\n\nGET http://127.0.0.1:1/ HTTP/1.1\nAUTH\n\n"
        answer = await _ask(proxy, port, two)
        assert answer.count(b"HTTP/1.") == 1
        proxy.close()


def _certificate(folder: Path) -> ssl.SSLContext:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def _needs(*programs: str) -> None:
    for name in programs:
        if not shutil.which(name, path="/usr/bin:/bin:/usr/local/bin"):
            pytest.skip(f"`{name}` is not installed")


class TestClients:
    """pip, npm, git and curl, unchanged."""

    async def test_pip_installs_from_an_index(self, tmp_path: Path) -> None:
        _needs("pip3")
        from tests.sandbox.containment.driver import make_wheel

        index = tmp_path / "index"
        index.mkdir()
        make_wheel(index / "tiny-example")
        server = Server(index)
        try:
            async with open_place(tmp_path) as place:
                script = (
                    "python3 -m pip install -q --disable-pip-version-check --no-cache-dir --target t "
                    f"--index-url http://127.0.0.1:{server.port}/ --trusted-host 127.0.0.1 tiny-example && ls t"
                )
                done = await fetch(place, script, f"127.0.0.1:{server.port}")
                assert b"tiny_example" in done.stdout, done.stderr
        finally:
            server.close()

    async def test_npm_installs_from_a_registry(self, tmp_path: Path) -> None:
        _needs("npm")
        registry = tmp_path / "registry"
        (registry / "package").mkdir(parents=True)
        (registry / "package/package.json").write_text('{"name":"tiny","version":"1.0.0"}')
        subprocess.run(["tar", "czf", "tiny.tgz", "package"], cwd=registry, check=True)
        server = Server(registry)
        dist = {"tarball": f"http://127.0.0.1:{server.port}/tiny.tgz"}
        version = {"name": "tiny", "version": "1.0.0", "dist": dist}
        (registry / "tiny").write_text(
            json.dumps({"name": "tiny", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}})
        )
        try:
            async with open_place(tmp_path) as place:
                script = f"echo '{{}}' > package.json; npm install --no-audit --no-fund --registry http://127.0.0.1:{server.port}/ tiny && ls node_modules"
                done = await fetch(place, script, f"127.0.0.1:{server.port}")
                assert b"tiny" in done.stdout.splitlines(), done.stderr + done.stdout
        finally:
            server.close()

    async def test_git_clones_and_curl_fetches_over_https(self, tmp_path: Path) -> None:
        _needs("git", "openssl", "curl")
        repository = tmp_path / "served" / "r.git"
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
        for name in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{name}_NAME": "a", f"GIT_{name}_EMAIL": "a@b"}
        source = tmp_path / "source"
        subprocess.run(["git", "init", "-q", str(source)], check=True, env=environment)
        subprocess.run(
            ["git", "-C", str(source), "commit", "-q", "--allow-empty", "-m", "0"], check=True, env=environment
        )
        subprocess.run(["git", "clone", "-q", "--bare", str(source), str(repository)], check=True, env=environment)
        subprocess.run(["git", "-C", str(repository), "update-server-info"], check=True, env=environment)
        server = Server(tmp_path / "served", _certificate(tmp_path))
        try:
            async with open_place(tmp_path) as place:
                shutil.copy(tmp_path / "cert.pem", place.folder / "cert.pem")
                url = f"https://localhost:{server.port}/r.git"
                script = (
                    f"curl -sS --cacert cert.pem {url}/HEAD && GIT_SSL_CAINFO=$PWD/cert.pem git clone -q {url} r && "
                    "git -C r log --oneline"
                )
                done = await fetch(place, script, f"localhost:{server.port}")
                assert b"ref: refs/heads/" in done.stdout, done.stderr
                assert done.stdout.rstrip().endswith(b"0"), done.stderr
        finally:
            server.close()
