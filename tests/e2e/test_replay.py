"""`assistant replay`: a recorded task with another model, side by side, touching nothing."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from tests.e2e.conftest import Program, Ran

READ = {"calls": [{"name": "read_file", "arguments": {"path": "a.txt"}}]}
THEN = ({**READ, "text": "我来读一下这个文件，看看里面写了什么内容。"}, {"text": "文件里写着：你好，世界。"})


def script(program: Program, name: str, *steps: dict[str, object], **more: object) -> str:
    file = program.home / name
    file.write_text(json.dumps({"steps": steps, **more}))
    return f"scripted:{file}"


@pytest.fixture
def task(program: Program) -> str:
    (program.folder / "a.txt").write_text("你好，世界\n")
    ran = program.run("run", "读 a.txt", "--model", script(program, "then.json", *THEN), "--json")
    assert ran.code == 0, ran.err
    return ran.event("turn_started")["task"]


def replay(program: Program, task: str, model: str, *more: str) -> Ran:
    return program.run("replay", task, "--model", model, *more, COLUMNS="100")


def cells(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class TestReplay:
    def test_results_come_from_the_record_and_nothing_is_run(self, program: Program, task: str) -> None:
        (program.folder / "a.txt").unlink()
        now = script(program, "now.json", READ, {"text": "it says hello"}, context_tokens=99)
        ran = replay(program, task, now, "--json")
        assert ran.code == 0, ran.err
        *pairs, done = ran.events
        assert [p["same"] for p in pairs] == [True, False]
        assert (pairs[1]["then"], pairs[1]["now"]) == ("文件里写着：你好，世界。", "it says hello")
        assert done["original"] == task
        entries = program.run("log", "list", "--task", done["task"], "--json").out
        assert '"replayed"' in entries
        assert '"intent"' not in entries
        assert program.run("log", "verify").code == 0
        rows = [json.loads(line) for line in program.run("tasks", "--all", "--json").out.splitlines()]
        assert next(r for r in rows if r["task"]["id"] == done["task"])["task"]["parent"] == task

    def test_side_by_side_within_the_width_also_in_chinese(self, program: Program, task: str) -> None:
        now = script(program, "now.json", {"text": "我不需要读文件就能回答这个问题，" * 5})
        for width in (80, 100, 40):
            ran = program.run("replay", task, "--model", now, COLUMNS=str(width))
            assert ran.code == 0, ran.err
            lines = ran.out.splitlines()[:-1]
            assert max(cells(line) for line in lines) <= max(width, 80)
            at = {cells(line[: line.index(mark)]) for line in lines for mark in ("≠", "=") if mark in line}
            assert len(at) == 1
            assert "0 of 2 answers the same" in ran.out

    def test_its_costs_are_its_own_and_in_the_log(self, program: Program, task: str) -> None:
        usage = {"input": 1_000_000, "output": 0}
        now = script(
            program, "now.json", {"text": "x", "usage": usage}, input_uusd_per_mtok=2_000_000, output_uusd_per_mtok=0
        )
        done = replay(program, task, now, "--json").events[-1]
        assert done["now"]["cost_uusd"] == 2_000_000
        rows = [json.loads(line) for line in program.run("tasks", "--all", "--json").out.splitlines()]
        costs = {r["task"]["id"]: r.get("cost_uusd", 0) for r in rows}
        assert (costs[done["task"]], costs[task]) == (2_000_000, 0)
        assert done["task"] not in program.run("tasks").out
        assert f"(replay of {task})" in program.run("tasks", "--all").out

    def test_a_policy_that_forbids_the_model_holds(self, program: Program, task: str) -> None:
        own = program.home / ".config/assistant/policies"
        own.mkdir(parents=True)
        (own / "x.cedar").write_text(
            '@id("no-scripts") @reason("no scripts here")\nforbid(principal, action == Action::"consult", resource);\n'
        )
        ran = replay(program, task, script(program, "now.json", {"text": "x"}))
        assert ran.code == 3
        assert "no scripts here" in ran.err

    def test_a_model_that_fails_ends_with_4_and_unknown_ones_with_2(self, program: Program, task: str) -> None:
        ran = replay(program, task, script(program, "now.json", {"error": {"kind": "server", "message": "no luck"}}))
        assert ran.code == 4
        assert "no luck" in ran.err
        assert replay(program, task, "nobody/x").code == 2
        assert replay(program, "zzzz", "builtin/offline").code == 2

    def test_the_built_in_model_replays_too(self, program: Program, task: str) -> None:
        ran = replay(program, task, "builtin/offline")
        assert ran.code == 0, ran.err
        assert Path(program.folder / "a.txt").read_text() == "你好，世界\n"

    def test_a_replay_can_be_resumed_as_the_task_that_it_is(self, program: Program, task: str) -> None:
        now = script(program, "now.json", READ, {"text": "it says hello"}, {"text": "and more"})
        done = replay(program, task, now, "--json").events[-1]
        ran = program.run("run", "go on", "--resume", done["task"], "--json")
        assert ran.code == 0, ran.err
        assert "may have happened" not in ran.out + ran.err
        assert "".join(e["text"] for e in ran.events if e["type"] == "text") == "and more"
