"""The report: one page, no network, no script, and nothing hostile gets through. Read by a real browser where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.audit import tongue, upkeep
from assistant.audit.log import Log
from assistant.audit.report import render, write_report
from assistant.audit.verification import Problem, Verification
from assistant.cli import main as run
from assistant.config import Paths

from .test_views import one_turn, open_task

HOSTILE = '</pre><script>document.title="owned"</script><img src=x onerror=document.title="owned">\u202e\x1b[31m&amp;'


@pytest.fixture
def filled(log: Log) -> Log:
    open_task(log, "t1", title=HOSTILE)
    one_turn(log, "t1", HOSTILE, "the answer", call="c1")
    log.append("decision", "t1", {"call": "c2", "decision": "deny", "policies": [HOSTILE], "reason": HOSTILE})
    changes = [{"path": HOSTILE, "kind": "changed", "before": "a" * 64}]
    log.append("stage.apply", "t1", {"changes": changes}, blobs={"diff": f"--- a\n+++ b\n-old\n+{HOSTILE}\n".encode()})
    log.append("intent", "t1", {"call": "c3", "tool": HOSTILE, "effect": "execute"})
    log.append(HOSTILE, HOSTILE, {"a": HOSTILE, "changes": HOSTILE, "hosts": [HOSTILE], "usage": HOSTILE})
    log.append("outcome", "t1", {"call": HOSTILE, "hosts": [HOSTILE, {"host": HOSTILE}], "changes": [HOSTILE]})
    log.append("model.result", "t1", {"model": HOSTILE, "usage": [1], "cost_uusd": "x", "duration_ms": None})
    return log


@pytest.fixture
def page(filled: Log, paths: Paths, tmp_path: Path) -> Path:
    filled.close()
    with closing(Log.open(paths, read_only=True)) as log:
        write_report(log, tmp_path / "report.html")
    return tmp_path / "report.html"


class TestPage:
    def test_it_tells_what_happened_and_that_the_log_verifies(self, page: Path) -> None:
        text = page.read_text(encoding="utf-8")
        for words in (
            "Verified.",
            "answered yes, this once · by a key on the screen",
            "asks the person · changes a file",
            "aaaaaaaaaaaa",
            "bbbbbbbbbbbb",
            "90210",
            "docs/notes.md",
            "api.example.com:443",
            "openai/gpt-x",
            "$0.0003",
        ):
            assert words in text
        for name in (
            "verification",
            "asked",
            "changes",
            "hosts",
            "models",
            "unfinished",
            "plots",
            "timeline",
            "appendix",
        ):
            assert f'<section id="{name}">' in text
        assert "def root_from(leaf, index, last, proof)" in text
        assert '<span class="add">+' in text

    def test_A8_it_loads_nothing_and_runs_nothing(self, page: Path) -> None:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<(script|img|link|iframe|object|embed|form|base|a)\b", text, re.IGNORECASE)
        assert not re.search(r"\b(src|href|action)\s*=", re.sub(r"&[^;]+;", "", re.sub(r">[^<]*<", "><", text)))
        assert "default-src 'none'" in text
        assert "\u202e" not in text
        assert "\x1b" not in text

    def test_an_empty_log_has_a_report(self, log: Log) -> None:
        assert "There are no entries" in render(log, [], Verification(True))

    def test_a_damaged_log_says_so_first(self, filled: Log) -> None:
        checked = Verification(False, first_bad_seq=3, problems=(Problem(f"entry 3: {HOSTILE}", 3),))
        text = render(filled, list(filled.entries()), checked)
        assert "Not verified: first_bad_seq=3" in text
        assert "<script" not in text

    def test_an_erased_content_says_so(self, filled: Log) -> None:
        upkeep.erase_entry(filled, 2)
        assert "(erased)" in render(filled, list(filled.entries()), Verification(True))


class TestInChinese:
    """The report's own words; what the log holds stays as it is."""

    @pytest.fixture
    def chinese(self, filled: Log, at_home: None, tmp_path: Path) -> Path:
        out = tmp_path / "chinese.html"
        assert run(["log", "report", "--out", str(out), "--lang", "zh_CN"]) == 0
        return out

    @pytest.fixture
    def at_home(self, paths: Paths, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
        monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "home"))
        yield
        tongue.speak("en")

    def test_every_heading_is_chinese_and_the_page_says_so(self, chinese: Path) -> None:
        text = chinese.read_text(encoding="utf-8")
        assert '<html lang="zh-CN">' in text
        heads = re.findall(r"<h[123]>(.*?)</h[123]>", text) + re.findall(r"<th(?: [^>]*)?>([^<]+)</th>", text)
        assert len(heads) > 30
        assert [head for head in heads if not re.search("[\u4e00-\u9fff]", head)] == []

    def test_the_setting_chooses_where_the_command_does_not(
        self, filled: Log, at_home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ASSISTANT_LANGUAGE", "zh_CN")
        for flags, words in (([], "<h1>操作日志</h1>"), (["--lang", "en"], "<h1>Action log</h1>")):
            assert run(["log", "report", "--out", str(tmp_path / "r.html"), *flags]) == 0
            assert words in (tmp_path / "r.html").read_text(encoding="utf-8")

    def test_a_browser_shows_it(self, chinese: Path, tmp_path: Path) -> None:
        done = subprocess.run([*_browser(tmp_path), "--dump-dom", chinese.as_uri()], capture_output=True, timeout=90)
        shown = done.stdout.decode()
        assert "<title>操作日志</title>" in shown
        assert "<h2>时间线</h2>" in shown
        assert "owned</title>" not in shown


def _browser(tmp_path: Path) -> list[str]:
    """Headless Chromium that reaches no network."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium here to read the report with")
    return [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=2000",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--disable-background-networking",
        "--no-first-run",
    ]


def test_a_browser_shows_it_without_network_and_without_being_owned(page: Path, tmp_path: Path) -> None:
    command = _browser(tmp_path)
    done = subprocess.run([*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "<title>Action log</title>" in done.stdout
    assert "owned</title>" not in done.stdout
    assert done.stdout.count("<tr>") > 20
    assert "<svg" in done.stdout
    assert not re.search(r"<(script|img)\b", done.stdout)
    shot = tmp_path / "shot.png"
    subprocess.run(
        [*command, "--window-size=1200,900", f"--screenshot={shot}", page.as_uri()], capture_output=True, timeout=90
    )
    assert shot.stat().st_size > 5000
