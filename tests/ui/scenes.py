"""What the snapshots show: each screen in a state worth looking at. No clock, nothing that moves."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from assistant.agent import events
from assistant.gateway.thumbnails import Thumbnail
from assistant.sandbox.protocol import Sides
from assistant.types import Answer, ImagePart, Message, TextPart, ToolResult, Usage
from assistant.ui.app import AssistantApp
from assistant.ui.screens.compare import CompareScreen
from tests.ui import fake_desk as fd

ANSWER = """### Three files are large

| file | size |
|---|---:|
| `video.mp4` | 1.2 GB |
| `照片/旅行.zip` | 310 MB |

1. Move the first one, or
2. make it smaller:

```sh
ffmpeg -i video.mp4 -crf 28 small.mp4
```

See [the manual](https://ffmpeg.org/ffmpeg.html).
"""


def chat_desk() -> fd.FakeDesk:
    """A turn with everything in it; `ask` leaves a card standing."""
    turn: list[fd.Step] = [
        events.ReasoningDelta("The folder first, then its largest files."),
        events.ModelFinished("m", "tool_calls", Usage(10, 10)),
        *fd.call("a", "list_dir", "list_dir: the whole folder", "x\n", ms=12),
        *fd.call(
            "b",
            "run_command",
            "run_command: du -a",
            "du: `private`: Permission denied\n",
            ok=False,
            code="failed",
            ms=340,
        ),
        events.TextDelta(ANSWER),
        events.Notice("warning", "the disk is nearly full", "make room"),
    ]
    answers = (Answer.ONCE, Answer.TASK, Answer.ALWAYS, Answer.NO)
    scopes = ((Answer.TASK, (fd.MAKE,)), (Answer.ALWAYS, (fd.MAKE,)))
    desk = fd.FakeDesk(
        {"largest": turn, "ask": [fd.request("make test", answers=answers, scopes=scopes)]},
        stage=fd.changes(),
        totals=fd.TaskTotals(34_200, 2_100, 12, 182_000),
        model="anthropic/claude-x",
        history=[Message("user", (TextPart("hello 你好"),)), Message("assistant", (TextPart("Hello."),))],
    )
    desk.conflicts = {"notes/todo.md"}
    desk.answered = [*fd.call("a", "list_dir", "list_dir: the whole folder", "x\n", ms=12), events.TextDelta(ANSWER)]
    desk.compared = [
        events.TextDelta("`video.mp4` is **1.2 GB**; the rest is small.\n\n- 照片/旅行.zip 是第二大的文件。\n")
    ]
    head, tail = "# To do\n", "- call Anna\n" + "".join(f"- {n}\n" for n in range(20))
    base, mine, staged = ("- write the report" + more for more in ("\n", " today\n", " by Friday\n- 买牛奶\n"))
    sides = [(head + middle + tail).encode() for middle in (base, mine, staged)]
    plot = b"no real picture: the desk has it drawn already"
    desk.thumbnails[hashlib.sha256(plot).hexdigest()] = bars()
    image = ImagePart("image/png", data_b64=base64.b64encode(plot).decode())
    desk.scripts["plot"] = [
        events.CallStarted("p", "plot_data", "plot_data: sizes.csv → sizes.png"),
        events.CallFinished("p", "plot_data", ToolResult("p", True, "saved sizes.png", images=(image,))),
        events.TextDelta("`video.mp4` takes most of the disk."),
    ]
    desk.sides = {"notes/todo.md": Sides("notes/todo.md", *sides)}
    return desk


def bars() -> Thumbnail:
    """A plot of three bars, as a desk would draw it: 40 x 20 pixels."""
    white, blue, grey = b"\xff\xff\xff", b"\x33\x66\xcc", b"\x99\x99\x99"
    heights = {column: top for first, top in ((4, 18), (16, 8), (28, 3)) for column in range(first, first + 8)}
    rows = [
        b"".join(grey if y == 19 else blue if 19 - y <= heights.get(x, 0) else white for x in range(40))
        for y in range(20)
    ]
    return Thumbnail(40, 20, b"".join(rows))


async def _settle(pilot: Any) -> None:
    """Wait until the screen has stood still for a while: under load, drawing lags behind."""
    pilot.app.clear_notifications()
    if hasattr(pilot.app.focused, "cursor_blink"):
        pilot.app.focused.cursor_blink = False
    still, last = 0, ""
    while still < 4:
        await pilot.pause(0.06)
        now = screen_text(pilot.app)
        still, last = (still + 1 if now == last else 0), now


def screen_text(app: Any) -> str:
    """The characters of the present frame."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def _ready(pilot: Any) -> Any:
    app: AssistantApp = pilot.app
    while not app.chats or (chat := next(iter(app.chats.values()))).session is None:
        await pilot.pause(0.01)
    return chat


async def _turn(pilot: Any) -> None:
    chat = await _ready(pilot)
    chat.prompt.put("largest")
    await pilot.press("enter")
    while not chat.turns.idle.is_set() or any(answer.drawing for answer in chat.query("AnswerView")):
        await pilot.pause(0.02)
    chat.transcript.anchor()
    await _settle(pilot)


async def _picture(pilot: Any) -> None:
    chat = await _ready(pilot)
    chat.prompt.put("plot")
    await pilot.press("enter")
    while not (chat.turns.idle.is_set() and chat.query("PictureView.-drawn")):
        await pilot.pause(0.02)
    chat.transcript.anchor()
    await _settle(pilot)


async def _welcome(pilot: Any) -> None:
    await _ready(pilot)
    await _settle(pilot)


async def _card(pilot: Any) -> None:
    chat = await _ready(pilot)
    chat.prompt.put("ask")
    await pilot.press("enter")
    while not (chat.panel and chat.panel.has_focus and chat.panel.has_class("-armed")):
        await pilot.pause(0.02)
    chat.activity.end()  # it counts seconds
    await _settle(pilot)


def _panel(name: str, *keys: str) -> Callable[[Any], Awaitable[None]]:
    async def open_it(pilot: Any) -> None:
        chat = await _ready(pilot)
        chat.open_screen(name)
        await _settle(pilot)
        for key in keys:
            await pilot.press(key)
        await _settle(pilot)

    return open_it


async def _compare(pilot: Any) -> None:
    chat = await _ready(pilot)
    chat.app.push_screen(CompareScreen(chat, "ollama/qwen3:8b"))
    while not isinstance(pilot.app.screen, CompareScreen) or not pilot.app.screen.over:
        await pilot.pause(0.02)
    while any(answer.drawing for answer in pilot.app.screen.query("AnswerView")):
        await pilot.pause(0.02)
    await _settle(pilot)


SCENES: dict[str, Callable[[Any], Awaitable[None]]] = {
    "welcome": _welcome,
    "turn": _turn,
    "picture": _picture,
    "card": _card,
    "help": _panel("help"),
    "review": _panel("review", "down", "down", "down", "down", "down", "s"),
    "hunk": _panel("review", "down", "down", "down", "down", "down", "tab"),
    "merge": _panel("review", "down", "down", "down", "down", "down", "c"),
    "log": _panel("log", "down"),
    "tasks": _panel("tasks"),
    "tools": _panel("tools"),
    "kits": _panel("kits"),
    "servers": _panel("servers"),
    "models": _panel("models"),
    "compare": _compare,
    "settings": _panel("settings"),
}
