"""Marks that programmers and writers leave for later: TODO, FIXME."""

from __future__ import annotations

import re
from datetime import date

from assistant.models.offline.grammar import slots
from assistant.models.offline.grammar.pattern import fits, has
from assistant.models.offline.mentions import FILE, Utterance
from assistant.models.offline.wish import Intent, Wish

_MARK = r"(?:todo|to-do|fixme|hack|xxx)(?:s|'s|es)?"
_TODO = (
    rf"(?:find|list|show|search(?: for)?|get|collect|gather|grep(?: for)?|extract|scan(?: for)?|look for|give me|display|locate|see|what are|where are|are there(?: any)?|which|summari[sz]e)(?: (?:me|up|out))?(?: (?:all|every|each|any|the|of|open|remaining|my|outstanding|pending))* {_MARK}(?:(?:,| and| or|/)+ ?{_MARK})*(?: (?:comments?|notes?|items?|marks?|entries|tags?|lines?|there|left|are))*(?: (?:in|from|of|across|inside|throughout|within) .{{0,80}})?(?: {{here}})?",
    rf"(?:what|which) (?:is|are)(?: (?:the|all|my))? {_MARK}(?: .{{0,60}})?|what(?:'s| is)? (?:left|still) to (?:do|be done)(?: .{{0,40}})?",
    rf"(?:make|create|build|generate|write|produce|compile|prepare|give me|draw up)(?: (?:me|a|an|the|of|all|every|tidy|new|complete|full|out))* {_MARK}(?: |-)?(?:list|file|overview|report|summary)(?: (?:from|of|with|for) (?:all |the |every )*(?:{_MARK}s?|comments|code|{{here}}|.{{0,40}}))?(?: {{here}})?",
    rf"(?:make|create|build|generate|compile)(?: (?:me|a|an|the))* list of (?:all |the |every )*{_MARK}(?: .{{0,40}})?",
    rf"{_MARK}s?(?: list)?",
    rf"(?:把|将)?(?:{{here}}|所有|全部|每个|里|中|代码|文件|的)*\s*{_MARK}(?:\s*(?:和|与|、|,|/)\s*{_MARK})*\s*(?:注释|标记|项|条目|事项)?(?:都|全部)?(?:找出来|列出来|整理出来|列出|汇总|收集|整理|有哪些|在哪里?)?(?:一下)?(?:,?(?:并)?(?:整理|汇总|列|做|写)?成(?:一个|一份|个)?(?:清单|列表|文件))?,?",
    rf"(?:查找|找出|找到|找|列出|搜索|收集|整理|汇总|统计|显示|查看|看看|提取)(?:一下)?(?:{{here}}|所有|全部|每个|每一?个|里|中|代码|文件|的)*\s*{_MARK}(?:\s*(?:和|与|、|,|/)\s*{_MARK})*\s*(?:注释|标记|项|条目|事项)?(?:,?(?:并)?(?:整理)?成(?:一个)?(?:清单|列表))?,?",
    rf"(?:查找|找出|找到|找|列出|整理|汇总|收集|显示)(?:一下)?(?:{{here}}|所有|全部|的|里|中)*(?:待办|代办)(?:事项|清单|列表|项)?|(?:生成|写|做|创建|制作|整理|列)(?:一个|一份|个|份)?(?:待办|代办|{_MARK})(?:事项)?(?:清单|列表|文件)?|待办(?:事项|清单)?",
)  # fmt: skip


def recognise(said: Utterance, _today: date) -> Wish | None:
    """List what is marked TODO or FIXME. Where the list goes is the request's `save_to`."""
    text_only = Utterance(said.text, said.pieces, said.mentions)
    found = fits(text_only, *_TODO)
    if not found or (
        any(said.mentions[c].kind == FILE and "." in said.mentions[c].value for c in said.text if c in said.mentions)
        and not has(said, r"(?:in|of|from|inside) {f}$|{f}(?:里|中|的)")
    ):
        return None
    paths = tuple(p for p in said.of_kind(FILE) if not slots.looks_like_folder(p))
    marks = tuple(
        m for m in ("TODO", "FIXME", "HACK", "XXX") if re.search(rf"\b{m.lower()}|(?<![a-z]){m.lower()}", said.text)
    )
    makes = re.match(
        r"(?:make|create|build|generate|write|produce|compile|prepare|draw up|生成|写|做|创建|制作)", said.text
    )
    return Wish(
        Intent.TODO,
        paths=paths,
        names=slots.names(said),
        folder=slots.folder(said),
        text="|".join(marks or ("TODO",)) if marks != ("TODO",) else "TODO",
        save_to="todo.md" if makes else "",
    )
