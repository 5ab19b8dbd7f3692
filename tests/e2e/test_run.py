"""`assistant run`: one task without a screen, from the command line to the disk."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Program
from tests.support.openai_server import OpenAIServer, broken_off, calls, error, text
from tests.support.search_server import SearchServer


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def sources(program: Program) -> Path:
    (program.folder / "src").mkdir()
    (program.folder / "src" / "one.py").write_text("def one():\n    pass  # TODO: finish one\n")
    (program.folder / "src" / "二.py").write_text("# TODO 第二个\n")
    (program.folder / "README.md").write_text("Nothing to do here.\n")
    return program.folder


class TestTheWholeWay:
    def test_todo_list_is_staged_reviewed_applied_and_provable(self, program: Program, sources: Path) -> None:
        before = tree(sources)
        prompt = "find every TODO in this folder and write them to todo.md"
        ran = program.run("run", prompt, "--folder", str(sources), "--kit", "write", "--review", "--json")
        assert ran.code == 0, ran.err
        assert ran.event("turn_finished")["reason"] == "done"
        assert tree(sources) == before

        diff = program.run("stage", "diff")
        assert "+++ b/todo.md" in diff.out
        assert program.run("stage", "apply").code == 0
        written = (sources / "todo.md").read_text()
        assert "finish one" in written
        assert "第二个" in written

        assert program.run("log", "verify").code == 0
        database = program.home / ".local/share/assistant/log.db"
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw = database.read_bytes()
        body = next(r[0] for r in sqlite3.connect(database).execute("SELECT body FROM entries WHERE seq = 4"))
        at = raw.index(body.encode() if isinstance(body, str) else body)
        database.write_bytes(raw[: at + 5] + bytes([raw[at + 5] ^ 1]) + raw[at + 6 :])
        damaged = program.run("log", "verify")
        assert damaged.code == 7
        assert "first_bad_seq=4" in damaged.out + damaged.err

    def test_undo_takes_an_applied_change_back(self, program: Program, sources: Path) -> None:
        before = tree(sources)
        assert program.run("run", "rename all .md to .txt", "--autonomy", "observer").code in (0, 3)
        program.run("stage", "apply")
        program.run("stage", "undo")
        assert tree(sources) == before

    def test_one_hunk_is_applied_and_another_dropped(self, program: Program) -> None:
        file = program.folder / "a.txt"
        lines = [f"line {n}\n" for n in range(1, 31)]
        file.write_text("".join(lines))
        edit = "sed -i -e s/^line.2$/two/ -e s/^line.15$/fifteen/ -e s/^line.28$/28/ a.txt"
        assert program.run("sandbox", "exec", "--folder", str(program.folder), "--", "sh", "-c", edit).code == 0
        diff = program.run("stage", "diff")
        assert "@@ hunk 3\n" in diff.out
        assert program.run("stage", "apply", "a.txt", "--hunk", "2").code == 0
        assert file.read_text() == "".join(lines).replace("line 15\n", "fifteen\n")
        assert program.run("stage", "drop", "a.txt", "--hunk", "2").code == 0
        left = program.run("stage", "diff").out
        assert "+two" in left
        assert "+28" not in left
        assert "fifteen" not in left
        wrong = program.run("stage", "apply", "a.txt", "--hunk", "9")
        assert wrong.code != 0
        assert "no hunk 9" in wrong.err
        assert program.run("stage", "undo").code == 0
        assert file.read_text() == "".join(lines)

    def test_chinese_requests_work(self, program: Program, sources: Path) -> None:
        ran = program.run("run", "这里有多少个文件？")
        assert ran.code == 0
        assert "3" in ran.out

    def test_a_task_goes_on_after_a_restart(self, program: Program, sources: Path) -> None:
        first = program.run("run", "list the files here", "--json")
        task = first.event("turn_started")["task"]
        again = program.run("run", "what did you do?", "--resume", task[:10], "--json")
        assert again.event("turn_started")["turn"] == 2
        said = "".join(e["text"] for e in again.events if e["type"] == "text")
        assert "list_dir" in said or "list" in said.lower()


class TestThroughAProvider:
    """The same task against a scripted OpenAI-compatible server, through the sandboxed worker."""

    def run(self, program: Program, server: OpenAIServer, *more: str) -> object:
        return program.run(
            "run", "do it", "--model", "openai/scripted-1", "--json", *more,
            OPENAI_API_KEY="test-key", OPENAI_BASE_URL=server.base,
        )  # fmt: skip

    def test_streamed_tool_calls_are_run_and_answered(self, program: Program, sources: Path) -> None:
        todo = {"path": "todo.md", "content": "- finish one\n"}
        with OpenAIServer(
            [calls(("search_text", {"pattern": "TODO"})), calls(("write_file", todo)), text("all done")]
        ) as s:
            ran = self.run(program, s, "--kit", "write", "--review")
        assert ran.code == 0, ran.err
        assert "".join(e["text"] for e in ran.events if e["type"] == "text") == "all done"
        assert [m["role"] for m in s.requests[2]["messages"]] == [
            "system",
            "user",
            "assistant",
            "tool",
            "assistant",
            "tool",
        ]
        assert "finish one" in s.requests[1]["messages"][3]["content"]
        assert (
            s.headers[0]["authorization" if "authorization" in s.headers[0] else "Authorization"] == "Bearer test-key"
        )
        assert "+- finish one" in program.run("stage", "diff").out

    def test_a_denied_call_is_told_to_the_model_and_ends_with_3(self, program: Program, sources: Path) -> None:
        outside = {"path": "/etc/cron.d/x", "content": "x"}
        with OpenAIServer([calls(("write_file", outside)), text("I could not")]) as s:
            ran = self.run(program, s, "--kit", "write")
        assert ran.code == 3
        assert "refused" in s.requests[1]["messages"][-1]["content"]
        assert not Path("/etc/cron.d/x").exists()

    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            (error(401, "bad key", "invalid_api_key"), "key"),
            (error(400, "no such parameter"), "did not understand"),
            (error(404, "no such model"), "knows no model"),
        ],
    )
    def test_a_provider_that_refuses_ends_with_4_and_one_plain_sentence(
        self, program: Program, sources: Path, answer: object, says: str
    ) -> None:
        with OpenAIServer([answer]) as s:  # type: ignore[list-item]
            ran = self.run(program, s)
        assert ran.code == 4
        assert says in ran.event("turn_finished")["message"]

    def test_a_cut_answer_keeps_what_came(self, program: Program, sources: Path) -> None:
        with OpenAIServer([broken_off("half an ans")]) as s:
            ran = self.run(program, s)
        assert ran.code == 4
        task = ran.event("turn_started")["task"]
        with OpenAIServer([text("the rest")]) as s:
            self.run(program, s, "--resume", task)
        assert "half an ans" in json.dumps(s.requests[0]["messages"])


class TestEnds:
    def test_interrupt_stops_in_good_order_with_130(self, program: Program, sources: Path) -> None:
        model = program.script({"calls": [{"name": "run_command", "arguments": {"command": "sleep 98760"}}]})
        running = program.start("run", "go", "--model", model, "--json")
        assert running.stdout is not None
        for line in running.stdout:
            if b'"call_judged"' in line:
                break
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=15)
        assert running.returncode == 130, err
        assert b'"turn_finished"' in out
        assert subprocess.run(["pgrep", "-f", "sleep 98760"], capture_output=True).stdout == b""

    def test_kill_9_loses_nothing_and_the_next_start_says_what_may_have_happened(
        self, program: Program, sources: Path
    ) -> None:
        model = program.script(
            {"calls": [{"name": "run_command", "arguments": {"command": "sleep 98761"}}]}, {"text": "ok"}
        )
        running = program.start("run", "go", "--model", model, "--json")
        assert running.stdout is not None
        seen = b""
        for line in running.stdout:
            seen += line
            if b'"call_judged"' in line:
                break
        os.kill(running.pid, signal.SIGKILL)
        running.wait(10)
        task = json.loads(seen.splitlines()[0])["task"]
        assert program.run("log", "verify").code == 0
        again = program.run("run", "go on", "--resume", task, "--model", model, "--json")
        assert "may have happened" in again.out + again.err
        deadline = time.monotonic() + 5
        while (
            subprocess.run(["pgrep", "-f", "sleep 98761"], capture_output=True).stdout and time.monotonic() < deadline
        ):
            time.sleep(0.1)
        assert subprocess.run(["pgrep", "-f", "sleep 98761"], capture_output=True).stdout == b""

    def test_a_spent_budget_ends_with_5(self, program: Program, sources: Path) -> None:
        with OpenAIServer([calls(("list_dir", {"path": "."})), calls(("list_dir", {"path": "src"})), text("x")]) as s:
            ran = program.run(
                "run", "go", "--model", "openai/gpt-4o", "--max-usd", "0.000001", "--json",
                OPENAI_API_KEY="k", OPENAI_BASE_URL=s.base,
            )  # fmt: skip
        assert ran.code == 5
        assert len(s.requests) == 1


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100"
    "18dd8db00000000049454e44ae426082"
)


class TestTools:
    def test_a_model_that_sees_gets_the_picture_and_again_after_a_restart(
        self, program: Program, sources: Path
    ) -> None:
        (sources / "dot.png").write_bytes(PNG)
        env = {"OPENAI_API_KEY": "k"}
        with OpenAIServer([calls(("read_file", {"path": "dot.png"})), text("a dot")]) as s:
            env["OPENAI_BASE_URL"] = s.base
            ran = program.run("run", "what is on dot.png?", "--model", "openai/gpt-4o", "--json", **env)
        assert ran.code == 0, ran.err
        assert "data:image/png;base64," in json.dumps(s.requests[1]["messages"])
        task = ran.event("turn_started")["task"]
        with OpenAIServer([text("still a dot")]) as s:
            env["OPENAI_BASE_URL"] = s.base
            program.run("run", "sure?", "--resume", task, **env)
        assert "data:image/png;base64," in json.dumps(s.requests[0]["messages"])

    def test_a_search_provider_of_the_persons_own_is_reached_unasked_and_nothing_else_is(
        self, program: Program, sources: Path
    ) -> None:
        hits = {"results": [{"title": "Found", "url": "https://example.com/x", "content": "words"}]}
        with SearchServer(hits) as search:
            config = program.home / ".config/assistant"
            config.mkdir(parents=True)
            (config / "config.toml").write_text(
                f'[tools.web_search]\nprovider = "searxng"\nurl = "{search.base}"\nhosts = ["{search.host}"]\n'
            )
            model = program.script(
                {"calls": [{"name": "web_search", "arguments": {"query": "todo"}}]},
                {"calls": [{"name": "web_fetch", "arguments": {"url": "https://example.com/x"}}]},
                {"text": "ok"},
            )
            ran = program.run(
                "run", "search the web for todo", "--model", model, "--tools", "web_search,web_fetch", "--json"
            )
        finished = [e for e in ran.events if e["type"] == "call_finished"]
        assert finished[0]["result"]["ok"], finished[0]
        assert "Found" in finished[0]["result"]["text"]
        assert finished[1]["result"]["code"] in ("needs_person", "refused")
