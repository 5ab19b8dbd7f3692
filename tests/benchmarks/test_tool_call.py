"""What the assistant itself costs per tool call, without the command: decision, two durable entries, sandbox, difference.

Run the same real gateway, log, policies and room as the product; the command is `true`. Goal: median under 40 ms.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from assistant.compose import build_desk
from assistant.gateway.approver import Unattended
from assistant.types import ToolCall

CALLS = 40


class Stopwatch:
    """Wraps functions and adds up where the time of a call goes."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = defaultdict(list)

    def wrap(self, owner: Any, name: str, part: str) -> None:
        inner = getattr(owner, name)
        if asyncio.iscoroutinefunction(inner):

            async def timed(*args: Any, **kwargs: Any) -> Any:
                start = time.perf_counter()
                try:
                    return await inner(*args, **kwargs)
                finally:
                    self.spent[part].append(time.perf_counter() - start)
        else:

            def timed(*args: Any, **kwargs: Any) -> Any:
                start = time.perf_counter()
                try:
                    return inner(*args, **kwargs)
                finally:
                    self.spent[part].append(time.perf_counter() - start)

        object.__setattr__(owner, name, timed)


@pytest.mark.parametrize("files", [10, 2000])
async def test_overhead_of_a_call_is_under_40_ms_and_does_not_grow_with_the_folder(
    home: Path, tmp_path: Path, files: int
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    for number in range(files):
        (folder / f"f{number}.txt").write_text("x")
    desk = build_desk()
    session = await desk.open_task(folder, model="builtin/offline", kit="write", approver=Unattended())
    gateway = session._gateway  # the parts are measured from inside, on purpose
    call = ToolCall("c", "run_command", json.dumps({"command": "true"}))
    await gateway.call(call, lambda _: None)  # warm: the room is open
    room = await session.open_room()
    watch = Stopwatch()
    watch.wrap(gateway, "judge", "decision")
    watch.wrap(gateway, "_record_decision", "log: intent and decision")
    watch.wrap(gateway, "_finish", "log: outcome")
    watch.wrap(room, "run", "sandbox, start to end")
    watch.wrap(room, "call_changes", "stage difference")
    whole: list[float] = []
    for number in range(CALLS):
        start = time.perf_counter()
        result = await gateway.call(ToolCall(f"c{number}", "run_command", call.arguments), lambda _: None)
        whole.append(time.perf_counter() - start)
        assert result.ok
    await desk.aclose()
    median = statistics.median(whole) * 1000
    print(f"\n{files} files: one call {median:.1f} ms")
    for part, times in watch.spent.items():
        print(f"  {part}: {statistics.median(times) * 1000:.2f} ms")
    assert median < 40
