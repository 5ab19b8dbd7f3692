"""The screen's measures, as ratios within one run: first frame, long conversations, streaming, keys, idle, the storm."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import open_chat  # noqa: F401 - a fixture
from tests.ui.fuzz import desk as storm_desk
from tests.ui.fuzz import storm
from tests.ui.pty_run import Pty

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

DEMO = str(Path(__file__).parent.parent / "ui" / "demo.py")
MINIMAL = """
from textual.app import App
from textual.widgets import TextArea
class Minimal(App):
    def compose(self):
        yield TextArea(placeholder="Ask for something")
Minimal().run()
"""
BARE = MINIMAL.replace("TextArea", "Static").replace('placeholder="Ask', '"Ask')
ROUNDS = 9


def first_frame(argv: list[str]) -> tuple[float, float]:
    """Seconds until the first frame, and until the first key was echoed after it."""
    with Pty(argv) as terminal:
        terminal.wait(b"sk for something")
        frame = time.perf_counter() - terminal.started
        mark = len(terminal.data)
        terminal.type("z")
        echo = frame + (terminal.wait(b"z", after=mark) if b"z" not in argv[-1].encode() else 0)
        return frame, echo


def test_first_frame_and_first_key(tmp_path: Path) -> None:
    """Within 1.5 times a minimal Textual app's: the best of the rounds, since what else runs here only ever adds."""
    programs = {
        "minimal (a static text)": [sys.executable, "-c", BARE],
        "minimal (a text area)": [sys.executable, "-c", MINIMAL],
        "assistant": [sys.executable, DEMO, "chat", str(tmp_path)],
        "assistant, 10,000 messages": [sys.executable, DEMO, "long", str(tmp_path)],
    }
    frames: dict[str, list[float]] = {name: [] for name in programs}
    echoes: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):  # in turn, so that a slow moment of the machine meets all of them
        for name, argv in programs.items():
            if "static" in name:
                with Pty(argv) as terminal:
                    terminal.wait(b"sk for something")
                    frames[name].append(time.perf_counter() - terminal.started)
                continue
            frame, echo = first_frame(argv)
            frames[name].append(frame)
            echoes[name].append(echo)
    for name, values in frames.items():
        told = f"{min(echoes[name]):.3f}" if echoes[name] else "-"
        print(f"\n  {name:<28} first frame {min(values):.3f} s, first key {told} s", end="")
    bare = min(frames["minimal (a static text)"])
    area = min(echoes["minimal (a text area)"])
    ours = min(frames["assistant"])
    key = min(echoes["assistant"])
    print(f"\n  ratio: frame {ours / bare:.2f} (bare app), first key {key / area:.2f} (app with a text area)")
    assert ours / bare < 1.5
    assert key / area < 1.5
    long = min(frames["assistant, 10,000 messages"])
    assert long < 2 * ours + 0.2


def test_memory_and_idle(tmp_path: Path) -> None:
    """The process stays under 110 MB empty, 250 MB with 10,000 messages, and idles below 1 % of a processor."""
    for scene, limit_mb in (("chat", 110), ("long", 250)):
        with Pty([sys.executable, DEMO, scene, str(tmp_path)], width=120, height=40) as terminal:
            terminal.wait(b"sk for something")
            terminal.drain(1.0)
            used_mb = terminal.status("VmRSS") / 1024
            before, begun, written = terminal.cpu_s(), time.perf_counter(), len(terminal.data)
            terminal.drain(6.0, 6.0)
            spent = time.perf_counter() - begun
            share = (terminal.cpu_s() - before) / spent
            print(
                f"\n  {scene}: {used_mb:.0f} MB, idle {share:.2%} of a processor, {len(terminal.data) - written} bytes in {spent:.0f} s",
                end="",
            )
            assert used_mb < limit_mb
            assert share < 0.01


def streamed(scene: str, folder: Path) -> tuple[float, float, float]:
    """Processor seconds and bytes written while an answer streams, and how long a key takes meanwhile (median)."""
    with Pty([sys.executable, DEMO, scene, str(folder)], width=120, height=40) as terminal:
        terminal.wait(b"sk for something")
        terminal.drain(1.0)
        cpu, data = terminal.cpu_s(), len(terminal.data)
        terminal.type("slow\r")
        terminal.wait(b"word", after=data)
        keys: list[float] = []
        for letter in "zqxjkvzqxjkvzqxjkv":
            mark, begun = len(terminal.data), time.perf_counter()
            terminal.type(letter)
            terminal.wait(letter.encode(), after=mark)
            keys.append(time.perf_counter() - begun)
            terminal.drain(0.02, 0.25)
        terminal.drain(0.02, 3.0)
        return terminal.cpu_s() - cpu, len(terminal.data) - data, sorted(keys)[len(keys) // 2]


def test_streaming_costs_the_same_in_a_long_conversation(tmp_path: Path) -> None:
    """Processor time and bytes for the same words: under 1.3 times those of an empty task. Keys stay quick."""
    empty = streamed("chat", tmp_path)
    long = streamed("long", tmp_path)
    for name, (cpu, written, key) in (("empty", empty), ("10,000 messages", long)):
        print(
            f"\n  {name}: {cpu:.2f} s of processor, {written / 1000:.0f} kB written, a key echoed in {key * 1000:.0f} ms",
            end="",
        )
    print(f"\n  ratio: processor {long[0] / empty[0]:.2f}, bytes {long[1] / empty[1]:.2f}")
    assert long[0] / empty[0] < 1.3
    assert long[2] < 0.05


async def test_ten_thousand_random_events(open_chat: Callable[..., AbstractAsyncContextManager[Any]]) -> None:  # noqa: F811
    """Keys, mouse and sizes at random, while answers stream: nothing raises, and the prompt still works."""
    for seed in range(100, 110):
        async with open_chat(storm_desk(seed), resume="t1", size=(90, 30)) as chat:
            await storm(chat, seed, 1_000)
            while len(chat.app.screen_stack) > 1:
                chat.app.pop_screen()
                await chat.pilot.pause()
            chat.screen.prompt.put("after the storm")
            await chat.pilot.pause()
            assert chat.screen.prompt.text == "after the storm"
    print("\n  10,000 events, no exception")
