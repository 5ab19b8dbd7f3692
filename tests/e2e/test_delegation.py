"""A helper in the real room: it works on its parent's stage, and the person sees it in the output, the list and the log."""

from __future__ import annotations

import json
import signal
import subprocess

from tests.e2e.conftest import Program


def call(tool: str, **arguments: object) -> dict[str, object]:
    return {"calls": [{"name": tool, "arguments": arguments}]}


class TestAHelper:
    def test_it_works_on_the_parents_stage(self, program: Program) -> None:
        model = program.script(
            call("delegate", prompt="write b.txt", tools=["write_file"]),
            call("write_file", path="b.txt", content="from the helper\n"),
            {"text": "written"},
            call("run_command", command="cat b.txt"),
            {"text": "done"},
        )
        ran = program.run("run", "go", "--model", model, "--tools", "delegate,write_file,run_command", "--json")
        assert ran.code == 0, ran.err
        results = [e["result"] for e in ran.events if e["type"] == "call_finished"]
        assert results[0]["text"] == "written"
        assert "from the helper" in results[1]["text"]
        assert ran.event("stage_changed")["waiting"] == 1, ran.out
        assert "+from the helper" in program.run("stage", "diff").out
        rows = [json.loads(line)["task"] for line in program.run("tasks", "--json").out.splitlines()]
        parent = ran.event("turn_started")["task"]
        assert [r["id"] for r in rows if r.get("parent") == parent] == [ran.event("child")["task"]]
        assert f"(part of {parent})" in program.run("tasks").out
        assert program.run("log", "verify").code == 0

    def test_without_json_its_calls_show_indented(self, program: Program) -> None:
        (program.folder / "a.txt").write_text("hi")
        model = program.script(
            call("delegate", prompt="read"), call("read_file", path="a.txt"), {"text": "hi"}, {"text": "it says hi"}
        )
        ran = program.run("run", "go", "--model", model, "--tools", "delegate,read_file")
        assert (ran.code, ran.out) == (0, "it says hi\n")
        assert "• delegate read\n  • read_file a.txt\n" in ran.err

    def test_an_interrupt_ends_its_programs_too(self, program: Program) -> None:
        model = program.script(call("delegate", prompt="wait"), call("run_command", command="sleep 63"), {"text": "x"})
        running = program.start("run", "go", "--model", model, "--tools", "delegate,run_command", "--json")
        assert running.stdout is not None
        for line in running.stdout:
            if b'"child"' in line and b'"call_judged"' in line:
                break
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=15)
        assert running.returncode == 130, err
        assert b'"reason":"stopped"' in out
        assert subprocess.run(["pgrep", "-f", "sleep 63"], capture_output=True).stdout == b""
        assert program.run("log", "verify").code == 0


class TestNotesOfAFolder:
    def test_the_model_is_given_them_and_the_log_has_them(self, program: Program) -> None:
        (program.folder / "AGENTS.md").write_text("use tabs")
        ran = program.run("run", "hello", "--model", program.script({"text": "hi"}), "--json")
        assert ran.code == 0, ran.err
        assert any("AGENTS.md" in e["text"] for e in ran.events if e["type"] == "notice")
        listed = program.run("log", "list", "--json").out.splitlines()
        assert [json.loads(line)["kind"] for line in listed].count("context.read") == 1
