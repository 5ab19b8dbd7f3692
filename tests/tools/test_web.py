"""web_fetch and web_search against a real local server."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trafilatura", reason="the documents extra is not installed")

Answerer = Callable[[BaseHTTPRequestHandler], None]

ARTICLE = f"""<html><head><title>The Title</title></head><body><nav><a href="/x">Home</a> <a href="/y">Other</a></nav>
<article><h1>The Title</h1>{"".join(f"<p>Paragraph {n} of the article about foxes tells how they live in forests, {n} of them at a time.</p>" for n in range(8))}
<p>See <a href="https://example.com/more">more</a>.</p></article><footer>Copyright nobody</footer></body></html>"""


class Site:
    """A web server whose answers a test sets by path. Keeps what was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Answerer] = {}
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                site.asked.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
                answer = site.pages.get(self.path.partition("?")[0])
                if answer is None:
                    self.send_error(404)
                else:
                    answer(self)

            do_GET = do_POST = _answer  # noqa: N815  # names of the standard library

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def page(
        self, path: str, body: str | bytes, kind: str = "text/html; charset=utf-8", status: int = 200, **headers: str
    ) -> str:
        data = body.encode() if isinstance(body, str) else body

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in {"content-type": kind, "content-length": str(len(data)), **headers}.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(data)

        self.pages[path] = answer
        return self.url + path


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


class TestReading:
    def test_the_main_text_without_menus(self, call, site: Site) -> None:
        answer = call("web_fetch", url=site.page("/a", ARTICLE))
        assert answer.ok, answer.text
        assert "article about foxes" in answer.text
        assert "# The Title" in answer.text
        assert "[more](https://example.com/more)" in answer.text
        assert "Copyright nobody" not in answer.text
        assert {"path": "title", "value": "The Title", "kind": "text"} in answer.fields

    def test_a_page_without_an_article_is_read_whole(self, call, site: Site) -> None:
        assert "just this" in call("web_fetch", url=site.page("/a", "<p>just this</p>")).text

    def test_the_source_when_asked(self, call, site: Site) -> None:
        assert "<nav>" in call("web_fetch", url=site.page("/a", ARTICLE), raw=True).text

    def test_plain_text_and_json(self, call, site: Site) -> None:
        assert call("web_fetch", url=site.page("/a", "a\nb", "text/plain")).text == "a\nb"
        assert call("web_fetch", url=site.page("/b", '{"x": 1}', "application/json")).text == '{"x": 1}'

    def test_the_declared_encoding(self, call, site: Site) -> None:
        assert (
            "你好" in call("web_fetch", url=site.page("/a", "<p>你好</p>".encode("gbk"), "text/html; charset=gbk")).text
        )

    def test_a_long_page_is_paged(self, call, site: Site) -> None:
        url = site.page("/a", "\n".join(f"line {n}" for n in range(1000)), "text/plain")
        first = call("web_fetch", 1000, url=url)
        assert first.truncated
        start = int(first.text.rpartition("start=")[2].split()[0].rstrip("]"))
        assert call("web_fetch", 1000, url=url, start=start).text.startswith(f"line {start - 1}\n")

    def test_it_says_who_it_is(self, call, site: Site) -> None:
        call("web_fetch", url=site.page("/a", "x", "text/plain"))
        assert all(headers["User-Agent"].startswith("Assistant/") for _, _, headers, _ in site.asked)
        assert not any("Cookie" in headers or "Authorization" in headers for _, _, headers, _ in site.asked)


class TestRedirects:
    def test_on_the_same_host_it_is_followed(self, call, site: Site) -> None:
        site.page("/b", "arrived", "text/plain")
        answer = call("web_fetch", url=site.page("/a", "", status=302, location="/b"))
        assert answer.text == "arrived"
        assert answer.data["url"].endswith("/b")

    def test_T8_to_another_host_it_is_reported_and_not_followed(self, call, site: Site) -> None:
        other = Site()
        try:
            target = other.page("/secret", "reached", "text/plain").replace("127.0.0.1", "localhost")
            answer = call("web_fetch", url=site.page("/a", "", status=301, location=target))
            assert target in answer.text
            assert answer.fields == [{"path": "redirect", "value": target, "kind": "address"}]
            assert other.asked == []
        finally:
            other.server.shutdown()
            other.server.server_close()

    @pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:pass@127.0.0.1/x"])
    def test_T8_to_another_scheme_or_with_a_password_it_is_not_followed(self, call, site: Site, target: str) -> None:
        answer = call("web_fetch", url=site.page("/a", "", status=302, location=target))
        assert "redirects to another host" in answer.text

    def test_a_circle_ends(self, call, site: Site) -> None:
        answer = call("web_fetch", url=site.page("/a", "", status=302, location="/a"))
        assert answer.code == "network"
        assert "more than 5 times" in answer.text


class TestRobots:
    def test_what_a_site_forbids_is_not_asked_for(self, call, site: Site) -> None:
        site.page("/robots.txt", "User-agent: *\nDisallow: /private\n", "text/plain")
        answer = call("web_fetch", url=site.page("/private/x", "secret", "text/plain"))
        assert answer.code == "refused_by_site"
        assert "robots.txt" in answer.text
        assert [path for _, path, _, _ in site.asked] == ["/robots.txt"]

    def test_our_own_name_counts_first(self, call, site: Site) -> None:
        site.page("/robots.txt", "User-agent: *\nDisallow: /\n\nUser-agent: Assistant\nAllow: /\n", "text/plain")
        assert call("web_fetch", url=site.page("/a", "ok", "text/plain")).text == "ok"

    def test_a_server_that_fails_forbids(self, call, site: Site) -> None:
        site.page("/robots.txt", "", status=503)
        assert call("web_fetch", url=site.page("/a", "ok", "text/plain")).code == "refused_by_site"

    def test_the_person_can_set_it_aside(self, call, site: Site) -> None:
        site.page("/robots.txt", "User-agent: *\nDisallow: /\n", "text/plain")
        assert call("web_fetch", 50_000, {"robots": False}, url=site.page("/a", "ok", "text/plain")).text == "ok"


class TestLimits:
    def test_a_page_that_never_ends_is_cut(self, call, site: Site) -> None:
        answer = call("web_fetch", url=site.page("/a", b"word " * 2_000_000, "text/plain"))
        assert "the page is longer than 5.0 MB and was cut" in answer.text or answer.truncated
        assert answer.data["bytes"] == 5_000_000

    def test_a_compressed_bomb_is_cut(self, call, site: Site) -> None:
        bomb = gzip.compress(b"\0" * 200_000_000, 1)
        begin = time.monotonic()
        answer = call("web_fetch", url=site.page("/a", bomb, "text/plain", content_encoding="gzip"))
        assert answer.ok or answer.code == "binary"
        assert time.monotonic() - begin < 15

    def test_binary_content_is_named_and_saved_when_asked(self, call, site: Site, folder: Path) -> None:
        url = site.page("/a.pdf", b"%PDF-1.7\0", "application/pdf")
        answer = call("web_fetch", url=url)
        assert answer.code == "binary"
        assert "application/pdf, 9 B; `save_as` saves it" in answer.text
        assert call("web_fetch", url=url, save_as="d/a.pdf").text == "saved d/a.pdf: 9 B, application/pdf"
        assert (folder / "d/a.pdf").read_bytes() == b"%PDF-1.7\0"

    def test_a_file_that_is_too_large_is_not_begun(self, call, site: Site, folder: Path) -> None:
        def huge(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("content-length", str(10**12))
            handler.end_headers()

        site.pages["/a"] = huge
        assert call("web_fetch", url=site.url + "/a", save_as="a").code == "too_big"
        assert list(folder.iterdir()) == []

    @pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500])
    def test_an_error_of_the_site_is_passed_on(self, call, site: Site, status: int) -> None:
        answer = call("web_fetch", url=site.page("/a", "no", status=status))
        assert answer.code == "refused_by_site"
        assert str(status) in answer.text

    def test_nobody_listening(self, call) -> None:
        assert call("web_fetch", url="http://127.0.0.1:9/x").code == "network"

    def test_garbage_instead_of_http(self, call, site: Site) -> None:
        site.pages["/a"] = lambda handler: handler.wfile.write(b"\0\1\2 nonsense\r\n\r\n") and None
        assert call("web_fetch", url=site.url + "/a").code == "network"


class TestSearch:
    RESULTS = [
        {"title": "One", "url": "https://example.com/1", "content": "first", "description": "first"},
        {"title": "Bad", "url": "javascript:x"},
    ]

    def settings(self, site: Site, provider: str) -> dict[str, Any]:
        site.page("/search", json.dumps({"results": self.RESULTS}), "application/json")
        site.page("/res/v1/web/search", json.dumps({"web": {"results": self.RESULTS}}), "application/json")
        return {"provider": provider, "url": site.url, "key": "k-1"}

    @pytest.mark.parametrize("provider", ["searxng", "brave", "tavily"])
    def test_results_are_numbered_with_addresses_as_fields(self, call, site: Site, provider: str) -> None:
        answer = call("web_search", 50_000, self.settings(site, provider), query="foxes", count=3)
        assert answer.text == "1. One\n   https://example.com/1\n   first"
        assert answer.fields[0] == {"path": "[0].url", "value": "https://example.com/1", "kind": "address"}

    def test_the_key_goes_where_the_provider_wants_it(self, call, site: Site) -> None:
        call("web_search", 50_000, self.settings(site, "brave"), query="a&b=c")
        call("web_search", 50_000, self.settings(site, "tavily"), query="x")
        assert site.asked[0][1] == "/res/v1/web/search?q=a%26b%3Dc&count=8"
        assert site.asked[0][2]["X-Subscription-Token"] == "k-1"
        assert site.asked[1][2]["Authorization"] == "Bearer k-1"

    @pytest.mark.parametrize("settings", [{}, {"provider": "brave"}, {"provider": "searxng"}, {"provider": "other"}])
    def test_what_is_not_set_up_says_so(self, call, settings: dict[str, str]) -> None:
        assert call("web_search", 50_000, settings, query="x").code == "not_configured"

    def test_a_wrong_key(self, call, site: Site) -> None:
        settings = self.settings(site, "brave")
        site.page("/res/v1/web/search", "", status=401)
        assert "key is missing or wrong" in call("web_search", 50_000, settings, query="x").text

    @pytest.mark.parametrize("body", ["<html>", "{}", '{"results": 3}', "[]"])
    def test_an_answer_in_another_form(self, call, site: Site, body: str) -> None:
        settings = self.settings(site, "searxng")
        site.page("/search", body, "application/json")
        assert call("web_search", 50_000, settings, query="x").code == "failed"
