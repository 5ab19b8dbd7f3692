"""Refusals, missing tools, failures, cut answers: a plain sentence, what to do, and no loop."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.models.offline.model import MOST_CALLS
from assistant.types import ToolCall, ToolResult, ToolSpec
from tests.models.offline.toolbox import Chat, run_tool, specs

REQUESTS = (
    "read a.txt",
    "list files",
    "delete a.txt",
    "rename all .txt to .md",
    "run `ls`",
    "find every TODO and write them to todo.md",
    "compare a.txt and b.txt",
)


def always(code: str, text: str = "") -> Chat:
    """A conversation in which every call ends the same way."""
    return Chat(lambda call, _spec: ToolResult(call.id, False, text, code))


class TestRefusals:
    @pytest.mark.parametrize("said", REQUESTS)
    async def test_a_refusal_by_policy_is_said_and_not_tried_again(self, said: str) -> None:
        chat = always("refused", "refused by policy (refused)")
        answer = await chat.ask(said)
        assert "The rules of this task do not allow that" in answer
        assert len(chat.calls) <= 2

    async def test_a_no_of_the_person_is_taken_as_one(self) -> None:
        answer = await always("refused", "refused by the person; the person says: later").ask("delete a.txt")
        assert answer == "That needs your approval, and you said no: deleted `a.txt`. Nothing of it was done."

    async def test_nobody_there_to_ask(self) -> None:
        assert "nobody gave it" in await always("needs_person").ask("delete a.txt")
        assert "没有得到批准" in await always("needs_person").ask("删除 a.txt")

    @pytest.mark.parametrize(
        ("code", "words"),
        [
            ("timeout", "took too long"),
            ("stopped", "was stopped"),
            ("may_have_happened", "may or may not have happened"),
            ("sandbox_unavailable", "assistant doctor"),
            ("log_unavailable", "log can't be written"),
            ("unknown_tool", "does not have it"),
        ],
    )
    async def test_every_other_end_has_its_sentence(self, code: str, words: str) -> None:
        assert words in await always(code).ask("delete a.txt")

    async def test_a_refused_middle_leaves_what_was_done_before_it(self, folder: Path) -> None:
        def run(call: ToolCall, spec: ToolSpec) -> ToolResult:
            if call.name == "delete_files":
                return ToolResult(call.id, False, "refused by policy (refused)", "refused")
            return run_tool(call, spec, folder)

        answer = await Chat(run).ask("create c.txt with one; then delete a.txt; then read c.txt")
        assert "Created `c.txt`" in answer
        assert "do not allow that: deleted `a.txt`" in answer
        assert "Not done after that: step 3." in answer

    async def test_one_refused_of_many_edits_is_named(self, folder: Path) -> None:
        def run(call: ToolCall, spec: ToolSpec) -> ToolResult:
            if call.name == "edit_file" and "b.txt" in call.arguments:
                return ToolResult(call.id, False, "refused by policy (refused)", "refused")
            return run_tool(call, spec, folder)

        answer = await Chat(run).ask("replace alpha with omega in all files")
        assert "in 1 file" in answer
        assert "`b.txt`: refused by policy" in answer


class TestMissingTools:
    """O3: only tools that are offered are called."""

    @pytest.mark.parametrize("missing", [s.name for s in specs()])
    async def test_O3_the_tool_to_enable_is_named(self, folder: Path, missing: str) -> None:
        chat = Chat.on(folder, [s for s in specs() if s.name != missing])
        said = {
            "read_file": "read a.txt",
            "write_file": "make a TODO list",
            "edit_file": "replace foo with bar in a.txt",
            "list_dir": "show the tree",
            "search_text": "search for foo",
            "run_command": "run `ls`",
            "find_files": "find all txt files",
            "move_files": "rename a.txt to c.txt",
            "delete_files": "delete a.txt",
        }[missing]
        answer = await chat.ask(said)
        assert f"I need the tool `{missing}`" in answer
        assert "`/tools`" in answer

    async def test_O3_another_tool_that_can_do_it_is_used_instead(self, folder: Path) -> None:
        chat = Chat.on(folder, [s for s in specs() if s.name != "list_dir"])
        assert "`a.txt`" in await chat.ask("list files")
        assert chat.used == ["find_files"]

    @pytest.mark.parametrize("said", REQUESTS)
    async def test_O3_without_any_tool_nothing_is_called(self, folder: Path, said: str) -> None:
        assert "I need the tool" in await Chat.on(folder, ()).ask(said)


class TestBrokenAnswers:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\n",
            "[",
            "]",
            "[]",
            "[12 found",
            "[entries 1-1 of 99999999999999999999; start=2 for more]",
            "\x00",
            "x" * 100_000,
        ],
    )
    @pytest.mark.parametrize(
        "said",
        [
            *REQUESTS,
            "how many lines in a.txt",
            "summarise a.txt",
            "统计 a.txt 的字数",
            "the 3 smallest files",
            "how big is this folder",
        ],
    )
    async def test_an_answer_that_makes_no_sense_ends_in_words(self, said: str, text: str) -> None:
        chat = Chat(lambda call, _spec: ToolResult(call.id, True, text))
        assert (await chat.ask(said)).strip()
        assert len(chat.calls) <= MOST_CALLS

    async def test_a_failure_shows_what_the_tool_said_once_and_on_one_line(self) -> None:
        answer = await always("failed", "`a.txt` is write-protected\nsecond line").ask("replace x with y in a.txt")
        assert answer == "That did not work: `a.txt` is write-protected"

    async def test_a_call_without_a_result_counts_as_stopped(self, chat: Chat) -> None:
        chat.messages.append(chat_message("delete a.txt"))
        events = await chat.step()
        assert events
        chat.messages.append(chat_message("what did you do?"))
        text = "".join(getattr(e, "text", "") for e in await chat.step())
        assert "not finished" in text


def chat_message(words: str):
    from assistant.types import Message, TextPart

    return Message("user", (TextPart(words),))
