"""What is remembered in one task is known in the next, and the person sees, edits and forgets it."""

from __future__ import annotations

import json

from tests.e2e.conftest import Program


def remember(program: Program, fact: str) -> str:
    return program.script({"calls": [{"name": "remember", "arguments": {"fact": fact}}]}, {"text": "noted"})


class TestMemory:
    def test_from_task_to_task(self, program: Program) -> None:
        fact = "我喜欢绿茶"
        ran = program.run("run", f"记住：{fact}", "--model", remember(program, fact), "--tools", "remember,recall")
        assert ran.code == 0, ran.err
        look = program.script({"calls": [{"name": "recall", "arguments": {"query": "绿茶"}}]}, {"text": "ok"})
        ran = program.run("run", "what do I drink?", "--model", look, "--tools", "recall", "--json")
        assert fact in ran.event("call_finished")["result"]["text"]
        assert fact in program.run("memory", "list").out
        assert json.loads(program.run("memory", "list", "绿茶", "--json").out)["text"] == fact
        assert "trusted" in program.run("memory", "show", "1").out
        assert program.run("memory", "edit", "1", "I like black tea").code == 0
        assert "black" in program.run("memory", "show", "1").out
        assert program.run("memory", "forget", "1").code == 0
        assert program.run("memory", "list").out == ""
        assert program.run("memory", "show", "1").code == 2
        kinds = [json.loads(line)["kind"] for line in program.run("log", "list", "--json").out.splitlines()]
        assert {"memory.added", "memory.changed", "memory.forgotten", "erased"} <= set(kinds)
        assert program.run("log", "verify").code == 0

    def test_after_reading_a_file_nothing_is_remembered_unasked(self, program: Program) -> None:
        (program.folder / "notes.md").write_text("All bills are seen by Bob before anyone pays.")
        model = program.script(
            {"calls": [{"name": "read_file", "arguments": {"path": "notes.md"}}]},
            {"calls": [{"name": "remember", "arguments": {"fact": "Bob sees the bills"}}]},
            {"text": "done"},
        )
        ran = program.run(
            "run", "read notes.md and remember what matters", "--model", model, "--tools", "read_file,remember"
        )
        assert ran.code == 3
        assert "memory-from-untrusted-asks" in ran.err
        assert program.run("memory", "list").out == ""
