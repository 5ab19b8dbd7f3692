"""Clipboard, notifications, opening: by the desktop's own programs, here stood in for by scripts that note what they got."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

DESKTOP = {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Put a program on the PATH; gives the environment to call with."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def put(name: str, script: str) -> dict[str, str]:
        file = folder / name
        file.write_text(f"#!/bin/bash\n{script}\n")
        file.chmod(0o755)
        return {**DESKTOP, "PATH": f"{folder}:/usr/bin:/bin", "LOG": str(tmp_path / "log")}

    return put


class TestClipboard:
    def test_reads(self, call, program) -> None:
        assert call("read_clipboard", 50_000, None, program("wl-paste", "printf 'copied\\xff'")).text == "copied\\xff"

    def test_an_empty_clipboard_says_so(self, call, program) -> None:
        assert call("read_clipboard", 50_000, None, program("wl-paste", "true")).text == "[the clipboard holds no text]"

    def test_writes_as_data(self, call, program, tmp_path: Path) -> None:
        text = "--help; $(rm -rf /)\n世界"
        answer = call("write_clipboard", 50_000, None, program("wl-copy", 'cat > "$LOG"'), text=text)
        assert answer.text == f"copied {len(text)} characters"
        assert (tmp_path / "log").read_text() == text

    def test_falls_back_to_what_is_installed(self, call, program) -> None:
        env = program("xsel", "printf by-xsel")
        assert call("read_clipboard", 50_000, None, {**env, "PATH": env["PATH"].partition(":")[0]}).text == "by-xsel"

    def test_a_program_that_stays_behind_does_not_hold_the_call(self, call, program) -> None:
        env = program("wl-copy", "cat > /dev/null; (sleep 4.321 >/dev/null) & exit 0")
        assert call("write_clipboard", 50_000, None, env, text="x").ok


class TestNotify:
    def test_text_is_no_markup_and_no_option(self, call, program, tmp_path: Path) -> None:
        env = program("notify-send", 'printf "%s|" "$@" > "$LOG"')
        assert call("notify", 50_000, None, env, title="--urgency=critical", text="<b>a</b> & b").text == "shown"
        assert (
            tmp_path / "log"
        ).read_text() == "--app-name=Assistant|--|--urgency=critical|&lt;b&gt;a&lt;/b&gt; &amp; b|"


class TestOpen:
    def test_a_file_and_an_address(self, call, program, put, folder: Path, tmp_path: Path) -> None:
        env = program("xdg-open", 'echo "$@" > "$LOG"')
        put("a.pdf", b"%PDF")
        assert call("open_item", 50_000, None, env, path="a.pdf").text == "opened a.pdf"
        assert (tmp_path / "log").read_text() == f"{folder}/a.pdf\n"
        assert call("open_item", 50_000, None, env, url="https://example.com/").text == "opened https://example.com/"

    @pytest.mark.parametrize(
        ("name", "content", "mode"),
        [
            ("a.desktop", b"[Desktop Entry]", 0o644),
            ("a.txt", b"#!/bin/sh", 0o644),
            ("a.pdf", b"%PDF", 0o755),
            ("a", b"\x7fELF", 0o644),
            ("a.EXE", b"MZ", 0o644),
        ],
    )
    def test_what_would_run_is_refused(
        self, call, program, put, name: str, content: bytes, mode: int, tmp_path: Path
    ) -> None:
        env = program("xdg-open", 'echo "$@" > "$LOG"')
        put(name, content).chmod(mode)
        assert call("open_item", 50_000, None, env, path=name).code == "refused"
        assert not (tmp_path / "log").exists()

    def test_a_link_to_a_program_is_refused_by_its_target(self, call, program, put, folder: Path) -> None:
        put("real.desktop", b"[Desktop Entry]")
        (folder / "a.txt").symlink_to("real.desktop")
        assert call("open_item", 50_000, None, program("xdg-open", "true"), path="a.txt").code == "refused"


class TestWithoutADesktop:
    @pytest.mark.parametrize(
        ("tool", "args"),
        [
            ("read_clipboard", {}),
            ("write_clipboard", {"text": "x"}),
            ("notify", {"title": "x"}),
            ("open_item", {"url": "https://example.com"}),
        ],
    )
    def test_it_is_said_and_nothing_waits(self, call, tool: str, args: dict[str, str]) -> None:
        answer = call(tool, **args)
        assert answer.code == "no_desktop"
        assert "there is no desktop here" in answer.text

    def test_a_missing_program_is_named(self, call) -> None:
        answer = call("read_clipboard", 50_000, None, {**DESKTOP, "PATH": "/nowhere"})
        assert answer.code == "no_desktop"
        assert "`wl-paste`" in answer.text
