"""A server's question to a model, through a whole task: granted, judged, asked, counted and recorded."""

from __future__ import annotations

import json
from pathlib import Path

from assistant.agent.events import CallFinished, CallOutput, TurnFinished
from assistant.compose import build_desk
from tests.servers.making import Says, World


async def test_E8_sampling_is_asked_of_the_tasks_model_and_recorded(world: World, home: Path, tmp_path: Path) -> None:
    world.test_server("asks", sampling=True)
    await world.trust("asks")
    script = tmp_path / "script.json"
    call = {"name": "asks__think", "arguments": {"question": "why is it so?"}}
    script.write_text(json.dumps({"steps": [{"calls": [call]}, {"text": "because"}, {"text": "done"}]}))
    desk = build_desk({"ASSISTANT_HOME": str(home / "assistant"), "HOME": str(home)})
    try:
        session = await desk.open_task(world.folder, model=f"scripted:{script}", approver=Says())
        assert "asks__think" in session.task.tools
        session.warm_up()
        events = [event async for event in session.run_turn("think about it")]
        finished = next(e for e in events if isinstance(e, CallFinished))
        assert finished.result.text.endswith("says because"), finished.result.text
        assert not [e for e in events if isinstance(e, CallOutput)]
        assert isinstance(events[-1], TurnFinished)
        entries = {e.kind: e.body for e in desk.log.entries()}
        assert entries["sampling"]["server"] == "asks"
        assert "sampling.result" in entries
    finally:
        await desk.aclose()
