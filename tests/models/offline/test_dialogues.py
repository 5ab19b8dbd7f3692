"""Whole conversations with the shipped tools on a real folder: what is answered, and what has changed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.models.offline.toolbox import Chat


def names(folder: Path) -> set[str]:
    """Every file below, by its relative path."""
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


class TestLooking:
    async def test_the_largest_files(self, chat: Chat) -> None:
        answer = await chat.ask("list the largest files here")
        assert answer.splitlines()[2] == "1. `big.bin` (51.2 kB)"
        assert chat.used == ["find_files"]

    async def test_the_largest_file_and_then_it(self, chat: Chat) -> None:
        assert "`notes.md`" in await chat.ask("what is the largest md file?")
        assert "alpha" not in await chat.ask("read it")
        assert chat.calls[0][1]["path"] == "notes.md"

    async def test_the_smallest_are_the_other_end(self, chat: Chat) -> None:
        answer = await chat.ask("the 2 smallest files")
        assert "1. `empty.txt` (0 B)" in answer
        assert "big.bin" not in answer

    async def test_a_folder_as_it_is_with_folders_first(self, chat: Chat) -> None:
        answer = await chat.ask("列出文件")
        rows = [line for line in answer.splitlines() if line.startswith("- ")]
        assert rows[0] == "- `src/`"
        assert len(rows) == 10

    async def test_a_folder_that_is_not_there(self, chat: Chat) -> None:
        assert await chat.ask("list nowhere/") == "There is no `nowhere` here."

    async def test_by_kind_in_any_case(self, chat: Chat, folder: Path) -> None:
        (folder / "OLD.TXT").write_text("x")
        answer = await chat.ask("list all txt files")
        assert "`OLD.TXT`" in answer
        assert "`a.txt`" in answer
        assert "notes.md" not in answer

    async def test_by_size_and_age(self, chat: Chat, folder: Path) -> None:
        os.utime(folder / "a.txt", (0, 0))
        assert "`big.bin`" in await chat.ask("find files larger than 10 kB")
        assert "`a.txt`" in (old := await chat.ask("files older than 30 days"))
        assert "`b.txt`" not in old
        assert "`empty.txt`" in await chat.ask("找出空文件")

    async def test_a_name_that_nothing_has_leads_to_close_ones(self, chat: Chat) -> None:
        assert "`src/main.py`" in await chat.ask("where is main")
        assert "`notes.md`" in await chat.ask("read note.md")

    async def test_the_tree(self, chat: Chat) -> None:
        assert "src/main.py" in await chat.ask("show the tree")


class TestReading:
    async def test_a_file_is_shown_in_a_block_that_it_can_not_close(self, chat: Chat, folder: Path) -> None:
        (folder / "x.md").write_text("```\nnot the end\n```\n# big\n")
        answer = await chat.ask("read x.md")
        assert "````markdown\n```\nnot the end\n```\n# big\n````" in answer

    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            ("show the first 2 lines of a.txt", "alpha\nbeta foo"),
            ("last line of a.txt", "foo foo"),
            ("a.txt 第2到3行", "beta foo\ngamma"),
            ("line 3 of a.txt", "gamma"),
        ],
    )
    async def test_ranges(self, chat: Chat, said: str, shown: str) -> None:
        assert f"```\n{shown}\n```" in await chat.ask(said)

    async def test_a_long_file_says_how_to_go_on(self, chat: Chat, folder: Path) -> None:
        (folder / "long.txt").write_text("".join(f"line {i}\n" for i in range(1, 1001)))
        answer = await chat.ask("read long.txt")
        assert "line 200\n```" in answer
        assert "“lines 201 to 400 of long.txt”" in answer
        assert "line 201" in (await chat.ask("lines 201 to 400 of long.txt"))

    async def test_the_only_file_of_that_name_elsewhere_is_taken_and_said(self, chat: Chat) -> None:
        answer = await chat.ask("read main.py")
        assert answer.startswith("(There is no `main.py`; I took `src/main.py`.)")

    async def test_what_can_not_be_shown(self, chat: Chat) -> None:
        assert await chat.ask("read empty.txt") == "`empty.txt` is empty."
        assert "no text file" in await chat.ask("read big.bin")
        assert "can't see pictures" in await chat.ask("read pic.png")
        assert "There is no `nothing.xyz` here" in await chat.ask("read nothing.xyz")


class TestSearching:
    async def test_hits_are_grouped_by_file(self, chat: Chat) -> None:
        answer = await chat.ask("search for foo")
        assert "`foo` is on 2 lines in 1 file" in answer
        assert "- `a.txt`\n  - line 2: `beta foo`\n  - line 4: `foo foo`" in answer

    async def test_capitals_matter_only_when_they_are_typed(self, chat: Chat) -> None:
        assert "is on 1 line" in await chat.ask("search for todo: write")
        assert "without regard to capitals" in await chat.ask("search for Weather")

    async def test_in_one_file_and_in_chinese(self, chat: Chat) -> None:
        assert "没有 `hello`" in await chat.ask("a.txt里有没有hello？")
        assert "第 1 行" in await chat.ask("在 报告.txt 中查找 客户")

    async def test_signs_of_regular_expressions_are_plain_text(self, chat: Chat, folder: Path) -> None:
        (folder / "re.txt").write_text("f(x) = [a*b]\n")
        assert "is on 1 line" in await chat.ask('search for "[a*b]"')


class TestCounting:
    @pytest.mark.parametrize(
        ("said", "answer"),
        [
            ("how many files are here?", "10 files in this folder."),
            ("how many lines in a.txt", "`a.txt` has 4 lines."),
            ("a.txt 有多少行", "`a.txt` 有 4 行。"),
            ("how many words in a.txt", "`a.txt` has 6 words (25 characters)."),
            ("统计 报告.txt 的字数", "`报告.txt` 共 63 字（汉字 63 个，其他词 0 个；字符 69 个）。"),
            ("how many times does foo appear in a.txt", "`foo` occurs 3 times in `a.txt`, on 2 lines."),
            ("how many lines are in all txt files", "8 lines in 3 files."),
            ("how many folders are there", "1 folder in this folder."),
            ("how big is a.txt", "`a.txt`: 29 B."),
            ("how big is src/", "`src`: 130 B in 1 file."),
        ],
    )
    async def test_counts(self, chat: Chat, said: str, answer: str) -> None:
        assert await chat.ask(said) == answer

    async def test_a_file_longer_than_one_answer_is_counted_to_its_end(self, chat: Chat, folder: Path) -> None:
        (folder / "long.txt").write_text("two words\n" * 20_000)
        assert (await chat.ask("count the words in long.txt")).startswith("`long.txt` has 40,000 words")
        assert "20,000 lines" in await chat.ask("how many lines in long.txt")


class TestComparing:
    async def test_what_differs(self, chat: Chat) -> None:
        answer = await chat.ask("compare a.txt and b.txt")
        assert "1 line only in the second, 2 lines only in the first" in answer
        assert "-beta foo\n+beta bar" in answer

    async def test_the_same(self, chat: Chat, folder: Path) -> None:
        (folder / "c.txt").write_bytes((folder / "a.txt").read_bytes())
        assert await chat.ask("a.txt 和 c.txt 一样吗") == "`a.txt` 和 `c.txt` 完全相同。"

    async def test_long_files_are_left_to_diff(self, chat: Chat, folder: Path) -> None:
        (folder / "m.txt").write_text("same\n" * 30_000)
        (folder / "n.txt").write_text("same\n" * 30_000 + "other\n")
        assert "+other" in await chat.ask("diff m.txt n.txt")
        assert chat.used[-1] == "run_command"

    async def test_the_second_file_is_asked_for(self, chat: Chat) -> None:
        assert "which file" in await chat.ask("compare a.txt")
        assert "differ" in await chat.ask("b.txt")


class TestSummaries:
    async def test_english(self, chat: Chat) -> None:
        answer = await chat.ask("summarise notes.md in 2 sentences")
        rows = [line for line in answer.splitlines() if line.startswith("- ")]
        assert len(rows) == 2
        assert "- The project builds a tool that reads files." in rows
        assert "weather" not in answer

    async def test_chinese(self, chat: Chat) -> None:
        answer = await chat.ask("用两句话总结 报告.txt")
        assert answer.count("- ") == 2
        assert "新产品" in answer
        assert "天气" not in answer

    async def test_a_program_is_described(self, chat: Chat) -> None:
        answer = await chat.ask("what is src/main.py about")
        assert "Start the program" in answer
        assert "`main`, `App`" in answer

    async def test_a_folder(self, chat: Chat, folder: Path) -> None:
        (folder / "README.md").write_text("# It\n\nThis folder holds a small example. It is used by tests.\n")
        answer = await chat.ask("summarise this folder")
        assert "11 files" in answer
        assert "`.txt` 4" in answer
        assert "small example" in answer


class TestRenaming:
    async def test_all_of_an_ending_in_chinese(self, chat: Chat, folder: Path) -> None:
        answer = await chat.ask("把所有 .txt 改名为 .md")
        assert names(folder) >= {"a.md", "b.md", "报告.md", "empty.md"}
        assert not [n for n in names(folder) if n.endswith(".txt")]
        assert "`报告.txt` → `报告.md`" in answer
        assert "4 个文件" in answer
        assert chat.used == ["find_files", "move_files"]

    async def test_in_folders_below_but_not_where_git_ignores(self, chat: Chat, folder: Path) -> None:
        (folder / ".gitignore").write_text("packages/\n")
        for place in ("docs", "packages"):
            (folder / place).mkdir()
            (folder / place / "z.txt").write_text("z")
        await chat.ask("rename all .txt files to .md")
        assert "docs/z.md" in names(folder)
        assert "packages/z.txt" in names(folder)

    async def test_what_is_in_the_way_stops_all_of_it(self, chat: Chat, folder: Path) -> None:
        (folder / "a.md").write_text("mine")
        answer = await chat.ask("rename all .txt to .md")
        assert "exists already" in answer
        assert (folder / "a.md").read_text() == "mine"
        assert (folder / "b.txt").exists()

    async def test_one_file_stays_in_its_folder(self, chat: Chat, folder: Path) -> None:
        await chat.ask("rename src/main.py to app.py")
        assert "src/app.py" in names(folder)

    async def test_names_by_a_rule(self, chat: Chat, folder: Path) -> None:
        await chat.ask("replace spaces with underscores in file names")
        assert "my_file.log" in names(folder)
        await chat.ask("add prefix old_ to all .log files")
        assert {"old_my_file.log", "old_x.log"} <= names(folder)
        await chat.ask("给所有 .txt 文件加后缀 _v2")
        assert "a_v2.txt" in names(folder)

    async def test_it_is_the_renamed_file(self, chat: Chat, folder: Path) -> None:
        await chat.ask("rename a.txt to c.txt")
        assert "alpha" in await chat.ask("read it")
        assert chat.calls[0][1]["path"] == "c.txt"


class TestMoving:
    async def test_a_pattern_into_a_folder(self, chat: Chat, folder: Path) -> None:
        assert "Moved 2 files to `logs/`" in await chat.ask("move *.log into logs/")
        assert {"logs/x.log", "logs/my file.log"} <= names(folder)

    async def test_named_files_in_chinese(self, chat: Chat, folder: Path) -> None:
        await chat.ask("把 a.txt 和 b.txt 移动到 旧文件 文件夹")
        assert {"旧文件/a.txt", "旧文件/b.txt"} <= names(folder)

    async def test_what_is_not_there_is_said(self, chat: Chat) -> None:
        assert await chat.ask("move c.md to docs/") == "There is no `c.md` here."
        assert await chat.ask("copy c.md to d.md") == "There is no `c.md` here."

    async def test_a_copy_never_replaces_anything(self, chat: Chat, folder: Path) -> None:
        assert await chat.ask("copy a.txt to c.txt") == "Copied `a.txt` to `c.txt`."
        assert "nothing was copied" in await chat.ask("copy b.txt to c.txt")
        assert (folder / "c.txt").read_text() == (folder / "a.txt").read_text()

    async def test_tidying_by_kind(self, chat: Chat, folder: Path) -> None:
        await chat.ask("按类型整理文件")
        assert {"documents/a.txt", "documents/notes.md", "images/pic.png", "src/main.py"} <= names(folder)

    async def test_a_repository_is_not_tidied(self, chat: Chat, folder: Path) -> None:
        (folder / ".git").mkdir()
        before = names(folder)
        assert "git repository" in await chat.ask("organize this folder by type")
        assert names(folder) == before

    async def test_the_listed_ones(self, chat: Chat, folder: Path) -> None:
        await chat.ask("find all .log files")
        await chat.ask("move them to logs/")
        assert {"logs/x.log", "logs/my file.log"} <= names(folder)


class TestWriting:
    async def test_a_new_file(self, chat: Chat, folder: Path) -> None:
        assert await chat.ask('create hello.txt with "hello world"') == "Created `hello.txt`: 1 line."
        assert (folder / "hello.txt").read_text() == "hello world\n"

    async def test_what_was_only_to_be_created_is_never_replaced(self, chat: Chat, folder: Path) -> None:
        assert "exists already" in await chat.ask('create a.txt with "x"')
        assert "已经存在" in await chat.ask("新建文件 big.bin")
        assert (folder / "a.txt").read_text().startswith("alpha")

    async def test_a_pasted_block(self, chat: Chat, folder: Path) -> None:
        await chat.ask("write this to list.md:\n- one\n- delete a.txt\n")
        assert (folder / "list.md").read_text() == "- one\n- delete a.txt\n"
        assert (folder / "a.txt").exists()

    async def test_adding_at_either_end(self, chat: Chat, folder: Path) -> None:
        await chat.ask('append "omega" to a.txt')
        await chat.ask("在 a.txt 开头加上 标题")
        assert (folder / "a.txt").read_text() == "标题\nalpha\nbeta foo\ngamma\nfoo foo\nomega\n"

    async def test_adding_to_a_file_that_repeats_itself(self, chat: Chat, folder: Path) -> None:
        (folder / "r.txt").write_text("same\n" * 5)
        await chat.ask("append end to r.txt")
        assert (folder / "r.txt").read_text() == "same\n" * 5 + "end\n"

    async def test_where_the_place_can_not_be_told_apart_nothing_is_changed(self, chat: Chat, folder: Path) -> None:
        (folder / "r.txt").write_text("same\n" * 60)
        assert "changed nothing" in await chat.ask("append end to r.txt")
        assert (folder / "r.txt").read_text() == "same\n" * 60

    async def test_adding_to_a_file_that_is_not_there_makes_it(self, chat: Chat, folder: Path) -> None:
        await chat.ask('add "buy milk" to shopping.txt')
        assert (folder / "shopping.txt").read_text() == "buy milk\n"

    async def test_the_last_answer(self, chat: Chat, folder: Path) -> None:
        await chat.ask("15% of 240")
        await chat.ask("save that to result.md")
        assert (folder / "result.md").read_text() == "`15% of 240` = **36**\n"

    async def test_an_answer_on_the_way(self, chat: Chat, folder: Path) -> None:
        await chat.ask("统计 a.txt 的行数并保存到 n.txt")
        assert (folder / "n.txt").read_text() == "`a.txt` 有 4 行。\n"

    async def test_a_folder(self, chat: Chat, folder: Path) -> None:
        await chat.ask("新建文件夹 资料")
        assert (folder / "资料").is_dir()


class TestEditing:
    async def test_replacing_in_one_file(self, chat: Chat, folder: Path) -> None:
        assert await chat.ask("把 a.txt 里的 foo 改成 bar") == "已将 `a.txt` 里的 `foo` 替换为 `bar`。"
        assert (folder / "a.txt").read_text() == "alpha\nbeta bar\ngamma\nbar bar\n"

    async def test_replacing_everywhere(self, chat: Chat, folder: Path) -> None:
        answer = await chat.ask('replace "alpha" with "omega" in all files')
        assert "in 2 files" in answer
        assert (folder / "b.txt").read_text().startswith("omega")

    async def test_text_that_is_not_there(self, chat: Chat) -> None:
        assert "nothing was changed" in await chat.ask("replace zebra with horse in a.txt")
        assert "nothing was changed" in await chat.ask("replace zebra with horse in all files")

    @pytest.mark.parametrize(
        ("said", "left"),
        [
            ("delete line 2 of a.txt", "alpha\ngamma\nfoo foo\n"),
            ("delete line 1 of a.txt", "beta foo\ngamma\nfoo foo\n"),
            ("delete the last line of a.txt", "alpha\nbeta foo\ngamma\n"),
            ("delete lines 2 to 3 from a.txt", "alpha\nfoo foo\n"),
            ("把 a.txt 第2行改成 你好", "alpha\n你好\ngamma\nfoo foo\n"),
            ('insert "x" after line 4 of a.txt', "alpha\nbeta foo\ngamma\nfoo foo\nx\n"),
            ('insert "x" before line 1 of a.txt', "x\nalpha\nbeta foo\ngamma\nfoo foo\n"),
        ],
    )
    async def test_single_lines(self, chat: Chat, folder: Path, said: str, left: str) -> None:
        await chat.ask(said)
        assert (folder / "a.txt").read_text() == left

    async def test_a_line_that_is_not_there(self, chat: Chat, folder: Path) -> None:
        before = (folder / "a.txt").read_text()
        await chat.ask("delete line 99 of a.txt")
        assert (folder / "a.txt").read_text() == before

    async def test_bytes_that_are_no_text_and_line_ends_survive_an_edit(self, chat: Chat, folder: Path) -> None:
        (folder / "old.txt").write_bytes(b"caf\xe9\r\n\x1b[31mred\r\nfoo\r\n")
        await chat.ask("append bar to old.txt")
        await chat.ask("replace foo with fee in old.txt")
        assert (folder / "old.txt").read_bytes() == b"caf\xe9\r\n\x1b[31mred\r\nfee\r\nbar\r\n"


class TestTodo:
    async def test_every_todo_into_a_file_grouped_by_file(self, chat: Chat, folder: Path) -> None:
        answer = await chat.ask("find every TODO in this folder and write them to todo.md")
        assert (folder / "todo.md").read_text() == (
            "# TODO\n\n2 items in 2 files.\n\n## `notes.md`\n\n- [ ] line 8: write the docs\n\n"
            "## `src/main.py`\n\n- [ ] line 6: (ann) parse the arguments\n"
        )
        assert "2 items" in answer
        assert chat.used == ["search_text", "write_file"]

    async def test_again_does_not_find_its_own_list(self, chat: Chat, folder: Path) -> None:
        await chat.ask("find every TODO in this folder and write them to todo.md")
        first = (folder / "todo.md").read_text()
        await chat.ask("整理所有的 TODO 到 todo.md")
        assert (folder / "todo.md").read_text().count("- [ ]") == first.count("- [ ]")

    async def test_shown_only(self, chat: Chat, folder: Path) -> None:
        assert "FIXME" in await chat.ask("list all TODOs and FIXMEs")
        assert not (folder / "todo.md").exists()

    async def test_nothing_marked_writes_nothing(self, chat: Chat, folder: Path) -> None:
        (folder / "notes.md").unlink()
        (folder / "src/main.py").unlink()
        assert "Nothing is marked" in await chat.ask("make a TODO list")
        assert not (folder / "todo.md").exists()


class TestDeleting:
    async def test_named_files(self, chat: Chat, folder: Path) -> None:
        await chat.ask("delete a.txt and src/")
        assert "a.txt" not in names(folder)
        assert not (folder / "src").exists()

    async def test_a_pattern(self, chat: Chat, folder: Path) -> None:
        assert "已删除 2 个文件" in await chat.ask("删除所有 .log 文件")
        assert not [n for n in names(folder) if n.endswith(".log")]

    async def test_never_on_a_guess(self, chat: Chat, folder: Path) -> None:
        before = names(folder)
        assert await chat.ask("delete main.py") == "There is no `main.py` here."
        assert names(folder) == before

    async def test_never_everything(self, chat: Chat, folder: Path) -> None:
        before = names(folder)
        for said in ("delete everything", "delete all files", "删除所有文件", "delete *"):
            assert (await chat.ask(said)).startswith(("I don't delete everything", "我不会一次删除")), said
        assert names(folder) == before

    async def test_what_to_delete_is_asked_for(self, chat: Chat, folder: Path) -> None:
        assert "name the file" in await chat.ask("delete")
        await chat.ask("x.log")
        assert "x.log" not in names(folder)


class TestRunning:
    async def test_a_command(self, chat: Chat) -> None:
        assert "```\nhi\n```" in await chat.ask("run `echo hi`")
        assert "没有成功" in await chat.ask("运行 ls nowhere")

    async def test_the_tests_of_a_project(self, chat: Chat, folder: Path) -> None:
        assert "nothing here that tells" in await chat.ask("run the tests")
        (folder / "Makefile").write_text("test:\n\t@echo all passed\n")
        assert "all passed" in await chat.ask("run the tests")
        assert chat.calls[-1] == ("run_command", {"command": "make test"})

    async def test_git(self, chat: Chat, folder: Path) -> None:
        assert await chat.ask("git status") == "This folder is not a git repository."
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
        for args in (["init", "-q"], ["add", "--all"], ["commit", "-qm", "first"]):
            subprocess.run([*git, *args], cwd=folder, check=True)
        assert "Nothing has changed since the last commit on main" in await chat.ask("git status")
        (folder / "a.txt").write_text("new\n")
        assert "1 path has uncommitted changes" in await chat.ask("git status")
        assert "first" in await chat.ask("最近5次提交")
        assert "+new" in await chat.ask("git diff")


class TestExplaining:
    async def test_what_was_done_by_the_conversation(self, chat: Chat) -> None:
        assert "nothing in this conversation yet" in await chat.ask("what did you do?")
        await chat.ask("rename a.txt to c.txt")
        answer = await chat.ask("what did you do?")
        assert answer == "For “rename a.txt to c.txt” I made 1 call:\n\n- moved `a.txt → c.txt`: done"
        assert "移动 `a.txt → c.txt`: 完成" in await chat.ask("刚才做了什么？")

    async def test_all_of_it(self, chat: Chat) -> None:
        await chat.ask("delete x.log")
        await chat.ask("read b.txt")
        answer = await chat.ask("what have you done so far?")
        assert "deleted `x.log`" in answer
        assert "read `b.txt`" in answer

    async def test_why_it_failed(self, chat: Chat) -> None:
        assert "Nothing has failed" in await chat.ask("why did it fail?")
        await chat.ask("delete nothing.txt")
        assert "`nothing.txt` does not exist" in await chat.ask("why did it fail?")


class TestSteps:
    async def test_one_after_the_other(self, chat: Chat, folder: Path) -> None:
        answer = await chat.ask('create c.txt with "one"; then append two to it; then read it')
        assert (folder / "c.txt").read_text() == "one\ntwo\n"
        assert "one\ntwo" in answer

    async def test_a_step_that_fails_ends_them_and_says_so(self, chat: Chat, folder: Path) -> None:
        answer = await chat.ask("delete nothing.txt, then delete a.txt, then read b.txt")
        assert "Not done after that: step 2, step 3." in answer
        assert (folder / "a.txt").exists()

    async def test_go_on_does_the_rest(self, chat: Chat, folder: Path) -> None:
        for i in range(45):
            (folder / f"n {i}.dat").write_text("x")
        assert "go on" in await chat.ask("replace spaces with underscores in file names")
        await chat.ask("go on")
        assert not [n for n in names(folder) if " " in n]


class TestComputing:
    @pytest.mark.parametrize(
        ("said", "answer"),
        [
            ("what is 0.1 + 0.2?", "`0.1 + 0.2` = **0.3**"),
            ("2^100", "`2^100` = **1,267,650,600,228,229,401,496,703,205,376**"),
            ("240的15%是多少", "`240的15%` = **36**"),
            ("1/3", "`1/3` ≈ **0.3333333333**"),
            ("5公里等于多少英里", "5 km ≈ **3.106856 mi**"),
            ("72 f to c", "72 °F ≈ **22.222222 °C**"),
            ("how many days between 2024-02-01 and 2024-03-01", "From 2024-02-01 to 2024-03-01: **29 days**."),
            ("2024-05-01 是星期几", "2024-05-01 是**星期三**。"),
            ("what date is 45 days from now?", "45 days after 2026-11-24: **2027-01-08**, a Friday."),
            ("1/0", "I can't compute that: it divides by zero."),
            ("compute 9**9**9", "I can't compute that: the numbers would become too large."),
            ("5 km in kg", "I can't compute that: the two units don't measure the same thing."),
        ],
    )
    async def test_without_any_tool(self, said: str, answer: str) -> None:
        chat = Chat(lambda _call, _spec: pytest.fail("no tool is needed"), ())
        assert await chat.ask(said) == answer


class TestHonesty:
    @pytest.mark.parametrize("said", ["write a poem about the sea", "translate a.txt to French", "tell me a joke"])
    async def test_O8_what_it_does_not_understand_it_says_with_what_it_can(self, chat: Chat, said: str) -> None:
        answer = await chat.ask(said)
        assert answer.startswith("I did not understand that: I am the built-in rule-based model, no AI.")
        assert "“list the largest files”" in answer
        assert chat.used == []

    async def test_O8_in_the_language_of_the_request(self, chat: Chat) -> None:
        answer = await chat.ask("给我讲一个关于大海的故事")
        assert answer.startswith("我没有听懂：我是内置的规则模型，不是人工智能。")
        assert "“列出最大的文件”" in answer

    async def test_O8_it_does_not_pretend_to_be_anything_else(self, chat: Chat) -> None:
        for said in ("who are you?", "are you ChatGPT?", "hello"):
            assert "no AI" in await chat.ask(said)
        assert "不是人工智能" in await chat.ask("你是谁")
