"""A conversation with the offline model whose calls are made by the shipped tools, on a real folder.

Each call is read, checked and made canonical by the gateway's own code and run by the tool's own program; only the
judging, the room and the log are left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from assistant.gateway.canonicalise import make_action
from assistant.gateway.registry import Registry
from assistant.gateway.validate import InvalidCallError, Validator
from assistant.models.offline import OfflineModel
from assistant.shipped import shipped
from assistant.types import (
    CallDone,
    CallPart,
    Message,
    ModelEvent,
    ModelRequest,
    ResultPart,
    TextDelta,
    TextPart,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from assistant.visible import visible

NAMES = (
    "read_file",
    "write_file",
    "edit_file",
    "list_dir",
    "search_text",
    "run_command",
    "find_files",
    "move_files",
    "delete_files",
)
TODAY = date(2026, 11, 24)
STEPS = 40
"""Model calls of one request: no plan needs more."""

Runner = Callable[[ToolCall, ToolSpec], ToolResult]


@cache
def specs() -> tuple[ToolSpec, ...]:
    """The manifests of the tools that the model knows."""
    registry = Registry.load([shipped("tools")])
    return tuple(registry.get(name) for name in NAMES)


@cache
def _validator() -> Validator:
    return Validator()


def run_tool(call: ToolCall, spec: ToolSpec, folder: Path) -> ToolResult:
    """Make one call for real."""
    try:
        action = make_action(spec, _validator().check(spec, call.arguments), str(folder))
    except InvalidCallError as error:
        return ToolResult(call.id, False, str(error), "invalid_arguments")
    args = {a.name: a.value for a in action.arguments}
    if spec.protocol == "plain":
        env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["bash", "-c", args["command"]], cwd=folder, env=env, capture_output=True, timeout=30)
        text = visible((done.stdout + done.stderr).decode("utf-8", "backslashreplace"))
        if done.returncode:
            text = f"{text.rstrip()}\n[exit status {done.returncode}]".lstrip("\n")
        return ToolResult(call.id, done.returncode == 0, text, "failed" if done.returncode else "")
    tools = shipped("tools")
    request = {"args": args, "folder": str(folder), "output_bytes": spec.limits.output_bytes}
    python = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run(
        [python, "-I", "-S", str(tools / "launch.py"), str(tools / spec.name / spec.program[0])],
        cwd=folder, input=json.dumps(request).encode(), capture_output=True, timeout=30,
    )  # fmt: skip
    last = json.loads(done.stdout.splitlines()[-1])
    if "error" in last:
        return ToolResult(call.id, False, visible(last["error"]["text"]), last["error"]["code"])
    return ToolResult(call.id, True, visible(last["result"]["text"]), truncated=bool(last["result"].get("truncated")))


@dataclass
class Chat:
    """One conversation. `run` makes the calls; `answers` are the model's words, `calls` what it asked for."""

    run: Runner
    tools: Sequence[ToolSpec] = field(default_factory=specs)
    messages: list[Message] = field(default_factory=list[Message])
    calls: list[tuple[str, dict[str, object]]] = field(default_factory=list[tuple[str, dict[str, object]]])
    model: OfflineModel = field(default_factory=lambda: OfflineModel(lambda: TODAY))

    @classmethod
    def on(cls, folder: Path, tools: Sequence[ToolSpec] | None = None) -> Chat:
        """A conversation about a real folder."""
        return cls(lambda call, spec: run_tool(call, spec, folder), specs() if tools is None else tools)

    async def ask(self, words: str) -> str:
        """Say something; every call is made until the model answers. Returns the answer."""
        self.messages.append(Message("user", (TextPart(words),)))
        self.calls = []
        by_name = {s.name: s for s in self.tools}
        for _ in range(STEPS):
            events = await self.step()
            calls = [e.part.call for e in events if isinstance(e, CallDone)]
            if not calls:
                return "".join(e.text for e in events if isinstance(e, TextDelta))
            for call in calls:
                assert call.name in by_name, f"{call.name} was not offered"
                self.calls.append((call.name, json.loads(call.arguments)))
                result = self.run(call, by_name[call.name])
                assert result.code != "invalid_arguments", (call, result.text)
                self.messages.append(Message("tool", (ResultPart(result),)))
        raise AssertionError(f"no answer to {words!r} after {STEPS} steps: {self.calls}")

    async def step(self) -> list[ModelEvent]:
        """One call of the model, remembered."""
        events = [e async for e in self.model.stream(ModelRequest(tuple(self.messages), tuple(self.tools)))]
        text = "".join(e.text for e in events if isinstance(e, TextDelta))
        parts = ((TextPart(text),) if text else ()) + tuple(
            CallPart(e.part.call) for e in events if isinstance(e, CallDone)
        )
        self.messages.append(Message("assistant", parts))
        return events

    @property
    def used(self) -> list[str]:
        """The tools of the last request, in order."""
        return [name for name, _ in self.calls]
