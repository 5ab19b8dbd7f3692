"""From what a person typed to wishes: courtesy off, `it` resolved, split into steps, each step recognised."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache

import msgspec

from assistant.models.offline.grammar.pattern import fits
from assistant.models.offline.grammar.reference import Memory, resolved
from assistant.models.offline.language import language_of
from assistant.models.offline.mentions import URL, Utterance
from assistant.models.offline.wish import Intent, Wish

LONGEST = 1_200
"""Signs of a request, without what is quoted: beyond this it is a text, not a request."""
MOST_STEPS = 6

Recogniser = Callable[[Utterance, date], Wish | None]

_SAVED = frozenset({
    Intent.LIST, Intent.FIND, Intent.SEARCH, Intent.SUMMARISE, Intent.COUNT, Intent.SIZE, Intent.COMPARE, Intent.COMPUTE, Intent.TODO, Intent.GIT, Intent.READ, Intent.EXPLAIN, Intent.RUN,
})  # fmt: skip
_RESULT = r"(?:it|them|that|these|those|this|all of (?:it|them)|everything|(?:(?:the|your|all|its) )*(?:results?|list|output|summary|answer|matches|names|findings|lines|files?|differences?|todos?|counts?|numbers?|items?))"
_INTO = r"(?:in|into|to|as|on)(?: (?:a|the|new|file|called|named|document|text))* (?P<f>{f}|{q})(?: file)?"
_SAVE = (
    rf"(?P<h>{{t}})(?:,? ?(?:and then|and|then|&)|,|;) (?:also |then |please )*(?:write|save|put|store|export|output|dump|record|add|append|list|collect|print|note|copy)(?: {_RESULT})?(?: down| all| up)* {_INTO}",
    r"(?P<h>{t})\s*(?:,|;|并且?|然后|再|接着|，|之后)*\s*(?:把|将)?\s*(?:这些|所有|全部)?(?:的)?(?:结果|它们|它|列表|清单|内容|总结|摘要|答案|输出|名字|文件名|差异)?\s*(?:都|全部|一起)?(?:写|保存|存|输出|导出|记录|记|整理|汇总|放|列)\s*(?:入|到|进|成|为|在|至)\s*(?:一个|新的?)?(?:文件)?\s*(?P<f>{f}|{q})\s*(?:文件)?(?:里面|里|中|内)?",
    rf"(?:write|save|put|export|store|make|create|output|record)(?: me)? (?:a |an |the )?(?P<h>{{t}}) {_INTO}",
    r"(?P<h>{t}) (?:in)?to (?:a |the )?(?:new )?(?:file )?(?:called |named )?(?P<f>{f})",
    r"(?P<h>{t})\s*(?:到|至|进|成)\s*(?:文件)?\s*(?P<f>{f})(?:里面|里|中)?",
)
_STRONG = re.compile(
    r"\s*(?:[;。\n]+|,? and then |,? then |\.\s+(?:then |next |finally |after that,? )?|,? after that,? |[,\s]*(?:然后再?|接着再?|随后|之后再|最后再|并且|同时|,再))\s*"
)
_VERBS = (
    r"list|show|find|search|read|open|print|cat|summari[sz]e|count|compare|diff|compute|calculate|rename|move|copy|create|make|write|append|add|replace|change|delete|remove|run|execute|"
    r"tell|put|sort|organi[sz]e|save|convert|edit|insert|explain|grep|look|display|put|tidy|what|how many"
)
_VERBS_ZH = r"列出|显示|查找|搜索|找|读|打开|查看|总结|概括|统计|数|比较|对比|计算|算|重命名|改名|移动|复制|新建|创建|写|追加|添加|替换|把|将|删除|删|运行|执行|整理|保存|告诉|看"
_WEAK = re.compile(
    rf"\s*(?:,? and (?:also )?(?=(?:{_VERBS})\b)|, ?(?=(?:{_VERBS})\b|(?:{_VERBS_ZH}|再|并))|(?<!合)并(?=(?:{_VERBS_ZH})))\s*"
)
_LOOKS_ONLY = frozenset({
    Intent.LIST, Intent.FIND, Intent.SEARCH, Intent.READ, Intent.SUMMARISE, Intent.COUNT, Intent.SIZE, Intent.COMPARE, Intent.TODO, Intent.GIT,
})  # fmt: skip


class Understood(msgspec.Struct, frozen=True):
    """What a request was taken for, and the language to answer in."""

    wishes: tuple[Wish, ...]
    language: str


@cache
def _recognisers() -> tuple[tuple[Recogniser, ...], tuple[Recogniser, ...]]:
    # Imported here: their patterns are the bulk of this package, and no frame waits for them.
    from assistant.models.offline.grammar.intents import (
        compare,
        compute,
        count,
        decline,
        delete,
        edit,
        explain,
        find,
        git,
        move,
        read,
        run,
        search,
        summarise,
        talk,
        todo,
        write,
    )

    # From the most particular wording to the most general.
    work = (git, compute, todo, run, move, edit, write, delete, compare, summarise, count, search, find, read)
    return (talk.recognise, explain.recognise, decline.recognise), (*(m.recognise for m in work), read.bare)


def understand(typed: str, memory: Memory) -> Understood:
    """The wishes in a request, in order; one of intent UNKNOWN when nothing is recognised. Never raises."""
    said = Utterance.of(typed)
    language = language_of(said.words)
    if not said.text:
        return Understood((Wish(Intent.HELP),), language)
    if len(said.text) > LONGEST:
        return Understood((Wish(Intent.UNKNOWN, how="long"),), language)
    for attempt in (said, said.without_slips()):
        wishes = _wishes(attempt, memory)
        if wishes and wishes[0].intent is not Intent.BARE:
            return Understood(wishes, language)
        if wishes and (answered := _answered(wishes[0], memory)):
            return answered
    if wishes := _wishes(said, memory):
        return Understood(wishes, language)
    return Understood((Wish(Intent.UNKNOWN, how="url" if said.of_kind(URL) else ""),), language)


def _wishes(said: Utterance, memory: Memory) -> tuple[Wish, ...]:
    if talk := _talk(said, memory.today):
        return (talk,)
    plain = said.without_courtesy()
    if saved := _saved(plain, memory):
        return (saved,)
    for splitter in (_STRONG, _WEAK):
        if steps := _steps(plain, splitter, memory):
            return steps
    single = _single(plain, memory)
    return (single,) if single else ()


def _talk(said: Utterance, today: date) -> Wish | None:
    trimmed = said.cut(0, len(said.text.rstrip(" .。!?~…,")))
    for form in (trimmed, said.without_courtesy()):
        if form.text and (wish := _first(_recognisers()[0], form, today)):
            return wish
    return None


def _first(recognisers: tuple[Recogniser, ...], said: Utterance, today: date) -> Wish | None:
    return next((wish for r in recognisers if (wish := r(said, today))), None)


def _single(said: Utterance, memory: Memory) -> Wish | None:
    wish = _first(_recognisers()[1], resolved(said, memory), memory.today)
    if (
        wish
        and memory.shown
        and not memory.file
        and memory.shown in wish.paths
        and memory.shown not in said.of_kind(0, 1)
        and wish.intent not in _LOOKS_ONLY
    ):
        # What only an answer named may be looked at; to change it, the person names it.
        return Wish(wish.intent, missing="target")
    return wish


def _saved(said: Utterance, memory: Memory) -> Wish | None:
    for notation in _SAVE:
        found = fits(said, notation)
        if not found or found["f"].endswith("/"):
            continue
        head = found.part("h").without_courtesy()
        forms = [head]
        if notation in _SAVE[:3]:
            forms.append(Utterance(f"list {head.text}", [*"list ", *head.pieces], said.mentions))
        for form in forms:
            wish = _single(form, memory)
            if form is not head and wish and wish.intent is Intent.LIST and not wish.how:
                # `write hello to a.txt`: the word `list` is ours, so a bare name after it is no folder.
                continue
            if (
                wish
                and wish.intent in _SAVED
                and not wish.missing
                and not (wish.intent is Intent.READ and notation is not _SAVE[0])
            ):
                return msgspec.structs.replace(wish, save_to=found["f"])
    return None


def _steps(said: Utterance, splitter: re.Pattern[str], memory: Memory) -> tuple[Wish, ...]:
    parts = list(_parts(said, splitter))
    if not 1 < len(parts) <= MOST_STEPS:
        return ()
    wishes: list[Wish] = []
    for part in parts:
        plain = part.without_courtesy()
        wish = (
            _saved(plain, memory)
            or (None if splitter is _WEAK else _weak(plain, memory, wishes))
            or _single(plain, memory)
        )
        if wish is None or wish.intent in {Intent.BARE, Intent.UNKNOWN} or wish.missing:
            return ()
        wishes.append(wish)
        memory = remembered(memory, wish)
    return tuple(wishes)


def _weak(said: Utterance, memory: Memory, wishes: list[Wish]) -> Wish | None:
    steps = _steps(said, _WEAK, memory)
    if len(steps) < 2:
        return None
    wishes.extend(steps[:-1])
    return steps[-1]


def _parts(said: Utterance, splitter: re.Pattern[str]) -> Iterator[Utterance]:
    at = 0
    for found in splitter.finditer(said.text):
        if found.start() > at:
            yield said.cut(at, found.start())
        at = found.end()
    if at < len(said.text):
        yield said.cut(at, len(said.text))


def remembered(memory: Memory, wish: Wish) -> Memory:
    """`memory` after one more wish: the file and the patterns it was about."""
    # After a rename `it` is the new name.
    file = (
        wish.save_to
        or (wish.dest if wish.intent in {Intent.RENAME, Intent.COPY} and wish.dest else "")
        or (wish.paths[-1] if wish.paths else "")
    )
    listed = (
        wish.intent in {Intent.FIND, Intent.LIST}
        and not wish.folder
        and wish.min_bytes is None
        and wish.max_bytes is None
        and not wish.since
        and not wish.before
    )
    return msgspec.structs.replace(
        memory,
        file=file or memory.file,
        shown="" if file else memory.shown,
        names=wish.names if listed else () if wish.intent is Intent.FIND else memory.names,
    )


def _answered(wish: Wish, memory: Memory) -> Understood | None:
    """The pending request completed by a bare name, when our last answer asked for one."""
    if not memory.asked or not memory.pending:
        return None
    before = understand(memory.pending, msgspec.structs.replace(memory, asked="", pending=""))
    value = wish.paths[0] if wish.paths else wish.text
    pending = before.wishes[0]
    if len(before.wishes) != 1 or pending.missing != memory.asked:
        return None
    slot: dict[str, object] = {"missing": ""}
    match pending.missing:
        case "second file":
            slot["paths"] = (*pending.paths, value)
        case "new name":
            slot["dest"] = value
        case "command":
            slot["text"] = value
        case "files":
            return None
        case _:
            slot["paths"] = (value,)
    if "*" in value and pending.intent is Intent.DELETE:
        slot = {"missing": "", "names": (value,)}
    return Understood((msgspec.structs.replace(pending, **slot),), before.language)
