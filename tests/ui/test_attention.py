"""A person who looks elsewhere is called: by the bell, the desktop, or the terminal; and nobody else's words do it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assistant.config import Look
from assistant.ui import attention
from assistant.ui.attention import desktop_command, show_on_desktop, terminal_sequence
from tests.ui.fake_desk import FakeDesk, request, words

HOSTILE = "done\x1b]52;c;ZXZpbA==\x07\x1b[2J; rm \u202e"


class TestTheTerminal:
    @pytest.mark.parametrize(
        ("environ", "begins"),
        [
            ({"TERM_PROGRAM": "WezTerm"}, "\x1b]9;"),
            ({"TERM_PROGRAM": "iTerm.app"}, "\x1b]9;"),
            ({"TERM": "xterm-kitty"}, "\x1b]99;;"),
            ({"TERM": "foot-extra"}, "\x1b]777;notify;"),
        ],
    )
    def test_U4_a_known_one_gets_one_sequence_of_ours_and_nothing_foreign(
        self, environ: Mapping[str, str], begins: str
    ) -> None:
        found = terminal_sequence(HOSTILE, environ)
        assert found.startswith(begins)
        assert found.endswith("\x1b\\")
        inside = found[len(begins) : -2]
        assert inside.isprintable()
        assert inside.count(";") == (1 if "777" in begins else inside.count(";"))
        assert len(found) < 200

    @pytest.mark.parametrize(
        "environ", [{"TERM": "xterm-256color"}, {"TERM": "foot", "TMUX": "/tmp/x,1,0"}, {"TERM": "linux"}, {}]
    )
    def test_one_that_is_not_known_gets_nothing(self, environ: Mapping[str, str]) -> None:
        assert terminal_sequence("a turn is over", environ) == ""


class TestTheDesktop:
    def desktop(self, folder: Path, script: str) -> dict[str, str]:
        program = folder / "notify-send"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return {"PATH": f"{folder}:/usr/bin:/bin", "DISPLAY": ":0", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}

    async def test_is_told_by_its_own_program_words_as_one_argument(self, tmp_path: Path) -> None:
        environ = self.desktop(tmp_path, f'printf "%s\\n" "$@" > {tmp_path}/said')
        assert await show_on_desktop("--icon=x $(rm -rf /) a turn is over", environ)
        said = (tmp_path / "said").read_text().splitlines()
        assert said == ["--app-name=assistant", "--", "assistant", "--icon=x $(rm -rf /) a turn is over"]

    async def test_that_refuses_is_no_desktop(self, tmp_path: Path) -> None:
        assert not await show_on_desktop("x", self.desktop(tmp_path, "exit 1"))

    def test_of_another_machine_or_none_is_left_alone(self, tmp_path: Path) -> None:
        environ = self.desktop(tmp_path, "true")
        assert desktop_command("x", environ)
        assert desktop_command("x", environ | {"SSH_CONNECTION": "1 2 3 4"}) == ()
        assert desktop_command("x", environ | {"DISPLAY": ""}) == ()
        assert desktop_command("x", environ | {"PATH": "/nonexistent"}) == ()


class TestThePerson:
    @pytest.fixture
    def called(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        told: list[str] = []

        async def show(text: str, environ: Mapping[str, str] | None = None) -> bool:
            told.append(text)
            return True

        monkeypatch.setattr(attention, "show_on_desktop", show)
        return told

    async def test_who_looks_elsewhere_is_called_for_a_question_and_at_the_end(
        self, open_chat: Any, called: list[str]
    ) -> None:
        async with open_chat(FakeDesk({"go": words("done")}, default=[request()])) as chat:
            chat.app.on_app_blur()
            await chat.say("go")
            await chat.until(lambda: any("a turn is over" in text for text in called))
            await chat.say("ask", wait=False)
            await chat.until(lambda: any("a decision is needed" in text for text in called))

    async def test_who_looks_is_not(self, open_chat: Any, called: list[str]) -> None:
        async with open_chat(FakeDesk(default=words("done"))) as chat:
            await chat.say("go")
            chat.app.on_app_blur()
            chat.app.on_app_focus()
            await chat.say("again")
            assert called == []

    async def test_who_wants_no_popup_gets_none(self, open_chat: Any, called: list[str]) -> None:
        look = Look(theme="dark", reduced_motion=True, popup=False)
        async with open_chat(FakeDesk(default=words("done")), look=look) as chat:
            chat.app.on_app_blur()
            await chat.say("go")
            assert called == []
