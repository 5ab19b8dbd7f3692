"""Random keys, mouse and sizes while answers stream and cards come and go. Shared by the test and the benchmark."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from textual import events as ui_events

from assistant.agent import events
from tests.ui.fake_desk import FakeDesk, Step, call, changes, long_history, request, server_asks, words

KEYS = [
    "up",
    "down",
    "left",
    "right",
    "enter",
    "tab",
    "shift+tab",
    "escape",
    "pageup",
    "pagedown",
    "home",
    "end",
    "ctrl+up",
    "ctrl+down",
    "ctrl+end",
    "ctrl+f",
    "ctrl+j",
    "backspace",
    "delete",
    "space",
    "slash",
    "at",
    "f1",
    "f2",
    "f3",
    "f4",
    "f5",
    "f6",
    "ctrl+t",
    "a",
    "b",
    "y",
    "n",
    "t",
    "w",
    "e",
    "ctrl+s",
    "q",
    "s",
    "x",
    "你",
    "好",
    "é",
    "🙂",
    "exclamation_mark",
]
NAMES = {"slash": "/", "at": "@", "exclamation_mark": "!", "space": " "}


def script(seed: int) -> list[Step]:
    """A turn of random parts."""
    rng = random.Random(seed)
    steps: list[Step] = []
    for number in range(rng.randint(2, 6)):
        kind = rng.choice(["words", "call", "ask", "notice", "output", "server", "helper"])
        if kind == "words":
            steps += words("# h\n\n- one 一\n- two\n\n```py\nx = 1\n```\n" * rng.randint(1, 3), rng.randint(1, 40))
        elif kind == "call":
            steps += call(
                f"c{seed}-{number}", "read_file", "read_file: a", "x\n" * 20, ok=rng.random() < 0.7, code="failed"
            )
        elif kind == "ask":
            steps.append(request(f"make {number}", call_id=f"a{seed}-{number}"))
        elif kind == "server":
            steps.append(server_asks(f"Which one, {seed}-{number}?"))
        elif kind == "helper":
            steps.append(events.CallStarted(f"h{seed}-{number}", "delegate", "delegate"))
            steps += [
                events.ChildEvent(f"kid{number}", e) for e in call(f"k{number}", "read_file", "read_file: b", "x\n")
            ]
        elif kind == "notice":
            steps.append(events.Notice("warning", "something", "do this"))
        else:
            steps += [events.CallOutput(f"o{seed}", "line\n") for _ in range(30)]
        steps.append(rng.random() / 50)
    return steps


def desk(seed: int) -> FakeDesk:
    """A desk whose every prompt gets another script."""
    count = iter(range(10_000_000))
    return FakeDesk(default=lambda _prompt: script(seed + next(count)), stage=changes(), history=long_history(60, 10))


class Mix(msgspec.Struct, frozen=True):
    """How many of a hundred events are what; the rest are prompts that are written and sent."""

    keys: float = 82
    mouse: float = 13
    sizes: float = 1
    pastes: float = 0
    screens: float = 0
    """Screens opened, or closed from outside, as when what they show is gone."""


WILD = Mix(keys=45, mouse=25, sizes=8, pastes=8, screens=8)
"""More of everything that comes at the wrong time."""
PASTED = [
    "整理照片 🙂👩‍👩‍👧",
    "two\r\nlines\n",
    "\x1b[31mred\x1b[0m\x9b",
    "x" * 5_000,
    "/help",
    "@",
    "~/a.png",
    "\u202eabc\ufeff",
    "\n",
]
SCREENS = ["review", "tools", "log", "tasks", "models", "help", "settings", "kits", "servers", "running"]


async def storm(chat: Any, seed: int, number: int, mix: Mix = Mix()) -> list[str]:  # noqa: B008
    """Send `number` random events; gives the prompts that were written and sent meanwhile. Nothing may raise."""
    sent: list[str] = []
    watched: set[Any] = set()

    def watch(screen: Any) -> None:
        """What the keys take out of the line again, or into the prompt to edit it, is theirs to change."""
        if screen in watched:
            return
        watched.add(screen)
        take_back = screen.prompt.take_back

        def taken_back() -> str | None:
            text = take_back()
            if text in sent:
                sent.remove(text)
            return text

        screen.prompt.take_back = taken_back

    rng = random.Random(seed)
    app = chat.app
    app.exit = lambda *_args, **_more: None  # `/q` and Enter are typed by chance too: nobody leaves in the middle
    for index in range(number):
        roll = 100 * rng.random()
        if roll < mix.keys:
            key = rng.choice(KEYS)
            character = NAMES.get(key, key if len(key) == 1 else None)
            app.post_message(ui_events.Key(key, character))
        elif roll < (below := mix.keys + mix.mouse):
            x, y = rng.randrange(app.size.width), rng.randrange(app.size.height)
            kind = rng.choice(
                [
                    ui_events.MouseDown,
                    ui_events.MouseUp,
                    ui_events.MouseMove,
                    ui_events.MouseScrollUp,
                    ui_events.MouseScrollDown,
                ]
            )
            app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y))
        elif roll < (below := below + mix.sizes):
            await chat.pilot.resize_terminal(rng.randint(4, 160), rng.randint(2, 50))
        elif roll < (below := below + mix.pastes):
            app.post_message(ui_events.Paste(rng.choice(PASTED)))
        elif roll < below + mix.screens:
            if len(app.screen_stack) > 1 and app.screen.is_mounted and rng.random() < 0.5:
                app.screen.dismiss()  # not waited for: the next events come while it is on its way out
            else:
                chat.screen.open_screen(rng.choice(SCREENS))
        else:
            # The keys before are drawn first: else one of them might edit what is put here. It waits when a turn runs.
            await front(chat)
            text = f"prompt {seed}-{index:05}"
            watch(chat.screen)
            chat.screen.editing.leave()  # it is a prompt of its own, no change of an earlier one
            chat.screen.prompt.focus()
            chat.screen.prompt.put(text)
            sent.append(text)
            app.post_message(ui_events.Key("enter", "\r"))
            await chat.pause()
        if index % 10 == 0:
            await chat.pause()
    await chat.pause()
    return sent


async def front(chat: Any) -> None:
    """Close whatever stands above the chat."""
    await chat.pause()
    while len(chat.app.screen_stack) > 1:
        await chat.until(lambda: chat.app.screen.is_mounted)  # nobody can close what isn't there yet
        chat.app.pop_screen()
        await chat.pause()


async def calm(chat: Any) -> None:
    """Back to the chat, and every turn stopped, those of the prompts that waited in line too."""
    await chat.pilot.resize_terminal(90, 30)
    await front(chat)

    def stopped() -> bool:
        for screen in chat.app.chats.values():
            screen.turns.stop()  # again and again: prompts that waited in line begin as soon as one has ended
        return not any(screen.turns.active for screen in chat.app.chats.values())

    await chat.until(stopped, 60.0)


def nothing_lost(chat: Any, sent: list[str]) -> None:
    """Every prompt reached its task, waits for it, or is back in the prompt."""
    reached = [text for session in chat.desk.sessions for text in session.prompts]
    here = [text for screen in chat.app.chats.values() for text in (*screen.turns.waiting, screen.prompt.text)]
    kept = "\n".join([*reached, *here])
    lost = [text for text in sent if text not in kept]
    assert not lost, f"lost: {lost}"
