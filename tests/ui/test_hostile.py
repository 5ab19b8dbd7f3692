"""Whatever names and words come from models, tools, servers, files and settings: none reaches the terminal as a command.

Two ways of looking: the cells of each screen, fed with hostile text everywhere it can come from; and every byte that the
program writes to a real pseudo-terminal, where only our own kinds of sequences may be found.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assistant.agent import events
from assistant.agent.events import ChildEvent
from assistant.agent.kits import Kit
from assistant.audit.views import LogRow, TaskSummary
from assistant.gateway.approver import ElicitRequest
from assistant.gateway.processes import Running
from assistant.gateway.servers import ServerState
from assistant.servers.config import Grants, ServerConfig
from assistant.servers.offer import Offer, OfferedTool
from assistant.servers.trust import Pin
from assistant.types import Boundary, Change, Effect, Grant, ModelInfo, Resource, Task, ToolResult, ToolSpec
from assistant.ui.screens.form import FormScreen
from tests.ui import fake_desk
from tests.ui.fake_desk import FakeDesk, request
from tests.ui.pty_run import Pty
from tests.ui.test_safe import HOSTILE, check

DEMO = str(Path(__file__).with_name("demo.py"))


def hostile_desk(monkeypatch: pytest.MonkeyPatch) -> FakeDesk:
    """Everything that comes from elsewhere is hostile."""
    spec = ToolSpec(HOSTILE, "", Effect.FETCH, ("main.py",), {}, can=HOSTILE, cannot=HOSTILE, hosts=(HOSTILE,))
    monkeypatch.setattr(fake_desk, "TOOLS", [(spec, True)])
    monkeypatch.setattr(fake_desk, "MODELS", [ModelInfo(HOSTILE, HOSTILE, usable=False, why_not=HOSTILE)])
    desk = FakeDesk(stage=[Change(HOSTILE, "created", held=HOSTILE)], model=HOSTILE)
    desk.rows = [LogRow(n, 0, HOSTILE, HOSTILE, HOSTILE, HOSTILE) for n in (1, 2)]
    arrange = desk.arrangements
    arrange.settings = msgspec.convert(
        {"kit": HOSTILE, "me": [HOSTILE], "tools": {HOSTILE: {"hosts": [HOSTILE]}}, "model": {"default": HOSTILE}},
        type(arrange.settings),
    )
    arrange.kits = {HOSTILE: Kit(HOSTILE, {"en": HOSTILE}, (HOSTILE,), {"en": HOSTILE})}
    config = ServerConfig(HOSTILE, command=HOSTILE, args=(HOSTILE,), grants=Grants((HOSTILE,), (HOSTILE,)))
    old, new = Offer(HOSTILE), Offer(HOSTILE, HOSTILE, (OfferedTool(HOSTILE, f"{HOSTILE}\n{HOSTILE}"),))
    arrange.states = [ServerState(config, "changed", Pin("a", old.sha256, old, 0, new), (spec,), HOSTILE)]
    arrange.offer = new

    async def tasks(*_: object, **_more: object) -> list[TaskSummary]:
        return [TaskSummary(Task(HOSTILE, HOSTILE, HOSTILE, HOSTILE), 1, 0, 0, 0)]

    monkeypatch.setattr(desk, "tasks", tasks)
    return desk


@pytest.mark.parametrize(
    "name", ["tools", "kits", "servers", "running", "settings", "tasks", "models", "log", "review"]
)
async def test_U4_in_every_screen(name: str, open_chat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_chat(hostile_desk(monkeypatch), size=(160, 60)) as chat:
        session = chat.desk.session
        session._grants = [Grant(HOSTILE, Effect.FETCH, Resource(HOSTILE, HOSTILE), HOSTILE, reason=HOSTILE)]
        session._boundaries = [Boundary("b", HOSTILE, HOSTILE)]
        session.programs = [Running("p1", HOSTILE, True)]
        chat.screen.refresh_status()
        chat.screen.open_screen(name)
        await chat.until(lambda: len(chat.app.screen_stack) == 2)
        await chat.until(lambda: "begin " in chat.text())
        check(chat.text())
        await chat.pilot.press("enter")
        await chat.pilot.pause()
        check(chat.text())


async def test_U4_in_questions_to_confirm(open_chat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_chat(hostile_desk(monkeypatch), size=(160, 60)) as chat:
        chat.screen.open_screen("servers")
        await chat.until(lambda: len(chat.app.screen_stack) == 2)
        await chat.pilot.press("enter")
        await chat.until(lambda: len(chat.app.screen_stack) == 3)
        await chat.until(lambda: "since you trusted it" in chat.text())
        check(chat.text())


async def test_U4_in_a_servers_question_and_its_form(open_chat: Any) -> None:
    schema: dict[str, Any] = {
        "properties": {
            HOSTILE: {"type": "string", "title": HOSTILE, "description": HOSTILE, "default": HOSTILE},
            "pick": {"type": "string", "enum": [HOSTILE, "b"], "enumNames": [HOSTILE, "b"], "default": HOSTILE},
            "many": {"type": "array", "items": {"type": "string", "enum": [HOSTILE]}},
            "raw": {"type": HOSTILE, "default": {HOSTILE: HOSTILE}},
        },
        "required": [HOSTILE],
    }
    asked = ElicitRequest("e", HOSTILE, "form", HOSTILE, schema)
    async with open_chat(FakeDesk({"go": [asked]}), size=(160, 60)) as chat:
        await chat.say("go", wait=False)
        await chat.card()
        check(chat.text())
        await chat.pilot.press("e")
        await chat.until(lambda: isinstance(chat.app.screen, FormScreen))
        await chat.pilot.pause()
        check(chat.text())


async def test_U4_in_the_form_that_changes_a_call_and_in_the_list_of_questions(open_chat: Any) -> None:
    async with open_chat(FakeDesk({"go": [request(f"{HOSTILE}\n{HOSTILE}")]}), size=(160, 60)) as chat:
        await chat.say("go", wait=False)
        await chat.card()
        chat.screen.panel.add(request(HOSTILE, call_id="c2"))
        await chat.until(lambda: "▸ 1" in chat.text())
        check(chat.text())
        await chat.pilot.press("e")
        await chat.until(lambda: isinstance(chat.app.screen, FormScreen))
        await chat.pilot.pause()
        check(chat.text())


async def test_U4_in_what_a_helper_does(open_chat: Any) -> None:
    inner = [
        events.CallStarted("x", HOSTILE, HOSTILE),
        events.Notice("warning", HOSTILE, HOSTILE),
        events.CallFinished("x", HOSTILE, ToolResult("x", False, HOSTILE, HOSTILE)),
        events.TextDelta(HOSTILE),
    ]
    script = [events.CallStarted("d", "delegate", "delegate"), *[ChildEvent(HOSTILE, e) for e in inner], 60.0]
    async with open_chat(FakeDesk({"go": script}), size=(160, 60)) as chat:
        await chat.say("go", wait=False)
        await chat.until(lambda: chat.text().count("[red]r[/red]") >= 3)
        check(chat.text())
        await chat.desk.session.stop()


SIGNS = "\x1b\x9b\x9d\x90\x07\x08\x00\x7f\r\n\t]0;[31m8;;52;c;?1049h\u202e\u2066\u200f\u00ad\ue000abc 文字🙂{}[]$`\\"


async def test_U4_random_text_never_becomes_a_control_character_in_a_cell(open_chat: Any) -> None:
    rng = random.Random(7)
    texts = ["".join(rng.choice(SIGNS) for _ in range(rng.randint(1, 60))) for _ in range(40)]
    script = [step for n, text in enumerate(texts) for step in fake_desk.call(f"c{n}", text, text, text, ok=False)]
    async with open_chat(FakeDesk({"go": [*script, events.TextDelta("\n".join(texts))]}), size=(120, 60)) as chat:
        await chat.say("go")
        await chat.until(lambda: not any(answer.drawing for answer in chat.screen.query("AnswerView")))
        for step in (0, -1, -1, -1):
            if step:
                chat.screen.transcript.page(step)
                await chat.pilot.pause()
            check(chat.text())


OURS = re.compile(
    rb"\x1b\[[0-9;:?<>=!$' \"]*[A-Za-z@`~]"  # CSI: Textual's own, checked below for what it may not be
    rb"|\x1b[78=>HMDEc]|\x1b[()][0AB]"  # save, restore, keypad, character sets
)
OSC = re.compile(rb"(?:\x1b\]|\xc2\x9d)([^\x07\x1b]*)(?:\x07|\x1b\\)")


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, str], bytes]:
    """Every byte that the demo wrote while it showed the scene `hostile`."""

    def run(prompt: str, until: str) -> bytes:
        env = {"HOME": str(tmp_path), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        (tmp_path / "work").mkdir()
        with Pty([sys.executable, DEMO, "hostile", str(tmp_path / "work")], width=120, height=40, env=env) as pty:
            pty.wait(b"for something", 60)
            pty.type(prompt + "\r")
            pty.wait(until.encode(), 60)
            pty.drain()
            return pty.data

    return run


def test_U4_every_byte_that_is_written_is_ours(written: Callable[[str, str], bytes]) -> None:
    data = written("hostile", "THE-END")
    assert b"owned" in data, "the hostile words are shown"
    assert b"\x1b[77;77H" not in data
    for found in OSC.finditer(data):
        assert b"owned" not in found[1]
        assert not found[1].startswith((b"0;", b"1;", b"2;", b"8;", b"52;")), (
            f"a title, link or clipboard: {found[1]!r}"
        )
    rest = OSC.sub(b"", OURS.sub(b"", re.sub(rb"\x1bP[^\x1b]*\x1b\\", b"", data)))
    left = re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]", rest)
    assert left is None, rest[max(0, left.start() - 40) : left.end() + 40]
