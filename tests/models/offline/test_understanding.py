"""From what a person typed to wishes."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from assistant.models.offline.grammar.reference import Memory
from assistant.models.offline.grammar.understand import LONGEST, understand
from assistant.models.offline.wish import Intent, Wish
from tests.models.offline.specification import TABLE

TODAY = date(2026, 11, 24)
MEMORY = Memory(TODAY, file="last.txt")


def one(text: str, memory: Memory = MEMORY) -> Wish:
    """The single wish of a request."""
    wishes = understand(text, memory).wishes
    assert len(wishes) == 1, wishes
    return wishes[0]


@pytest.mark.parametrize(("said", "meant"), TABLE, ids=[said for said, _ in TABLE])
def test_the_table(said: str, meant: Wish | tuple[Wish, ...]) -> None:
    assert understand(said, MEMORY).wishes == (meant if isinstance(meant, tuple) else (meant,))


def test_the_table_covers_every_intent_in_both_languages() -> None:
    wishes = [(said, w) for said, meant in TABLE for w in (meant if isinstance(meant, tuple) else (meant,))]
    han = {w.intent for said, w in wishes if any("\u4e00" <= c <= "\u9fff" for c in said)}
    latin = {w.intent for said, w in wishes if said.isascii()}
    assert set(Intent) == latin | han
    assert len(TABLE) >= 400
    # Undoing and sizes of one language are in the table by other wordings; every other intent is in both.
    assert len(han & latin) >= len(Intent) - 2


class TestCourtesy:
    @pytest.mark.parametrize(
        "said",
        [
            "delete a.txt",
            "please delete a.txt",
            "Could you please delete a.txt?",
            "can you delete a.txt for me, thanks",
            "I'd like you to delete a.txt.",
            "Hey assistant, would you delete a.txt please!",
            "go ahead and delete a.txt",
            "请删除 a.txt",
            "麻烦你帮我删除一下 a.txt，谢谢",
            "能不能帮我把 a.txt 删掉？",
            "请把a.txt删除。",
            "我想删除 a.txt",
            "DELETE a.txt",
            "ｄｅｌｅｔｅ　a.txt",
        ],
    )
    def test_politeness_width_and_case_change_nothing(self, said: str) -> None:
        assert one(said) == Wish(Intent.DELETE, paths=("a.txt",))

    @pytest.mark.parametrize("said", ["please", "请", "could you", "请帮我", "!!!", "。", "   "])
    def test_courtesy_alone_is_no_request(self, said: str) -> None:
        assert one(said).intent in {Intent.HELP, Intent.UNKNOWN, Intent.BARE}


class TestWhatMustNotHappen:
    """What a request only mentions, forbids, asks about or makes conditional is not done."""

    @pytest.mark.parametrize(
        "said",
        [
            "don't delete a.txt",
            "do not rename a.txt to b.txt",
            "please don't touch a.txt",
            "never delete a.txt",
            "不要删除 a.txt",
            "别把 a.txt 删了",
            "请不要移动 a.txt",
            "千万别运行 rm -rf /",
        ],
    )
    def test_a_prohibition_is_not_an_order(self, said: str) -> None:
        assert one(said).intent is Intent.DECLINE

    @pytest.mark.parametrize(
        "said",
        [
            "how do I delete a.txt?",
            "should I delete a.txt",
            "what happens if I delete a.txt",
            "怎么删除 a.txt",
            "我应该删除 a.txt 吗",
        ],
    )
    def test_a_question_about_doing_is_not_an_order(self, said: str) -> None:
        assert one(said) == Wish(Intent.HELP, how="how")

    @pytest.mark.parametrize(
        "said",
        [
            "delete a.txt unless it is important",
            "delete a.txt if b.txt exists",
            "delete a.txt after reading it aloud",
            "如果 a.txt 存在就删除它",
            "删除 a.txt 之前先备份",
            'the note says "delete a.txt"',
            "文件里写着“删除 a.txt”",
            "I deleted a.txt yesterday",
            "he told me to delete a.txt",
        ],
    )
    def test_a_condition_or_a_quotation_deletes_nothing(self, said: str) -> None:
        assert all(w.intent is not Intent.DELETE for w in understand(said, MEMORY).wishes)

    def test_a_verb_inside_a_quotation_or_a_name_is_not_the_request(self) -> None:
        assert one('search for "delete everything"') == Wish(Intent.SEARCH, text="delete everything")
        assert one("read delete.txt") == Wish(Intent.READ, paths=("delete.txt",))
        assert one("打开 删除.txt") == Wish(Intent.READ, paths=("删除.txt",))


class TestReferences:
    def test_it_is_the_file_that_was_named_last(self) -> None:
        assert one("delete it") == Wish(Intent.DELETE, paths=("last.txt",))
        assert one("总结这个文件") == Wish(Intent.SUMMARISE, paths=("last.txt",))

    def test_it_after_a_name_in_the_same_request_is_that_name(self) -> None:
        steps = understand("read a.txt and then delete it", MEMORY).wishes
        assert steps[1] == Wish(Intent.DELETE, paths=("a.txt",))

    def test_after_a_renaming_it_has_the_new_name(self) -> None:
        steps = understand("rename a.txt to b.txt, then read it", MEMORY).wishes
        assert steps[1] == Wish(Intent.READ, paths=("b.txt",))

    def test_without_anything_named_before_the_file_is_asked_for(self) -> None:
        assert one("read it", Memory(TODAY)) == Wish(Intent.READ, missing="file")
        assert one("delete it", Memory(TODAY)) == Wish(Intent.DELETE, missing="target")

    def test_what_only_an_answer_named_may_be_looked_at_but_not_changed(self) -> None:
        shown = Memory(TODAY, shown="big.bin")
        assert one("read it", shown) == Wish(Intent.READ, paths=("big.bin",))
        for said in ("delete it", "rename it to b.bin", "move it to old/", "append x to it"):
            assert one(said, shown).missing, said

    def test_them_is_the_pattern_of_the_last_list(self) -> None:
        listed = Memory(TODAY, names=("*.tmp",))
        assert one("delete them", listed) == Wish(Intent.DELETE, names=("*.tmp",))
        assert one("删除它们", listed) == Wish(Intent.DELETE, names=("*.tmp",))
        assert one("delete them", Memory(TODAY)).missing == "target"


class TestAnswersToQuestions:
    def test_a_bare_name_completes_the_request_that_was_pending(self) -> None:
        asked = Memory(TODAY, asked="target", pending="delete")
        assert one("a.txt", asked) == Wish(Intent.DELETE, paths=("a.txt",))
        asked = Memory(TODAY, asked="second file", pending="compare a.txt")
        assert one("b.txt", asked) == Wish(Intent.COMPARE, paths=("a.txt", "b.txt"))
        asked = Memory(TODAY, asked="new name", pending="rename a.txt")
        assert one("b.txt", asked) == Wish(Intent.RENAME, how="one", paths=("a.txt",), dest="b.txt")

    def test_a_whole_request_is_taken_as_one(self) -> None:
        asked = Memory(TODAY, asked="target", pending="delete")
        assert one("list files", asked) == Wish(Intent.LIST)


class TestText:
    def test_a_block_below_a_colon_is_content(self) -> None:
        said = "write this to notes.md:\n# Title\n\ndelete a.txt\n"
        assert one(said) == Wish(Intent.WRITE, paths=("notes.md",), text="# Title\n\ndelete a.txt")

    def test_a_fenced_block_is_content(self) -> None:
        assert one("create a.py with ```python\nprint(1)\n```").text == "print(1)"

    def test_a_very_long_request_is_not_guessed_at(self) -> None:
        assert one("delete a.txt and " + "so on " * LONGEST) == Wish(Intent.UNKNOWN, how="long")

    def test_a_long_block_is_written_to_its_end(self) -> None:
        block = "\n".join(f"line {i}" for i in range(5000))
        assert one(f"write this to notes.md:\n{block}").text == block

    def test_no_part_of_a_very_long_request_is_taken_for_all_of_it(self) -> None:
        said = f"delete a.txt{' ' * 20_000}unless it is important"
        assert one(said) == Wish(Intent.UNKNOWN, how="long")

    def test_control_and_direction_signs_are_made_visible_first(self) -> None:
        wish = one("read \u202ea.txt\x1b[31m")
        assert all(c.isprintable() for p in wish.paths for c in p)


class TestSlips:
    @pytest.mark.parametrize("said", ["serach for foo", "saerch for foo", "searh for foo"])
    def test_a_slip_of_a_common_word_is_put_right(self, said: str) -> None:
        assert one(said) == Wish(Intent.SEARCH, text="foo")

    def test_what_is_looked_for_is_never_corrected(self) -> None:
        assert one("search for recieve").text == "recieve"
        assert one('serach for "teh flie"').text == "teh flie"


class TestLanguage:
    @pytest.mark.parametrize(
        ("said", "language"),
        [
            ("read 报告.txt", "en"),
            ("读 notes.txt", "zh"),
            ('search for "你好"', "en"),
            ("搜索 hello", "zh"),
            ("帮我 read a.txt", "zh"),
            ("2+2", "en"),
        ],
    )
    def test_the_answer_is_in_the_language_of_the_words_around_the_names(self, said: str, language: str) -> None:
        assert understand(said, MEMORY).language == language


def test_steps_of_one_request_are_bounded() -> None:
    said = "; ".join(["list files"] * 12)
    assert len(understand(said, MEMORY).wishes) == 1


def test_a_wish_is_plain_data() -> None:
    wish = Wish(Intent.MOVE, paths=("a",), dest="b/")
    assert msgspec.json.decode(msgspec.json.encode(wish), type=Wish) == wish
