"""Finding files by name, kind, size and age; and listing folders."""

from __future__ import annotations

import re
from datetime import date

import msgspec

from assistant.models.offline import kinds
from assistant.models.offline.grammar import slots
from assistant.models.offline.grammar.pattern import fits, has
from assistant.models.offline.mentions import ENDING, FILE, GLOB, QUOTE, Utterance
from assistant.models.offline.wish import Intent, Wish

_FIND = r"(?:find|locate|search(?: for)?|look(?:ing)? for|where(?:'s| is| are)|is there|are there|do (?:i|we) have|got any|get|which|what|list|show|give|display|see|print|identify|ls|dir|(?:the )?tree|enumerate|view|tell|name|any)"
_FIND_ZH = r"(?:查找|寻找|搜索|找出|找到|找一?下|找|搜|列出|列|显示|查看|看一?下|看看|看|有(?:没有|哪些|什么|啥)|哪些|哪个|什么|给出|展示|输出|告诉)"
_THINGS = r"files?|folders?|director(?:y|ies)|documents?|contents?|everything|stuff|things|items|entries|what's here|here|文件|目录|文件夹|内容|东西|这里"
_NAMED = (
    r"(?:find|locate|search(?: for)?|look for|where(?:'s| is| are)|get|is there|list|show)(?: me)?(?: (?:a|an|the|all|any|every|my))* ?(?:files?|documents?|folders?|{any} files?)(?: {here})? (?:that (?:are|is) |which (?:are|is) )?(?:named|called|with (?:the )?name|whose names? (?:is|are|contains?|starts? with|ends? with|has|include)|with names? (?:like|containing|matching)|that (?:start|begin|end) with|with|matching|like|having|starting with|beginning with|ending (?:in|with)) (?:the name |in (?:the|their) name )?(?P<x>{m}|[\w.*?-]+)(?: in (?:the|its|their) (?:file ?)?names?)?(?: {here})?",
    r"(?:find|locate|search for|look for|where(?:'s| is| are)|is there|do (?:i|we) have|have you seen)(?: (?:a|an|the|any|my|file|files|folder|document|called|named))* (?P<x>{f}|{g})(?: (?:file|files|located|stored|kept|at|anywhere|here|saved))*(?: {here})?",
    r"(?:查找|寻找|搜索|找出|找到|找一?下|找|搜|列出|有没有)(?:一下)?\s*(?:{here})?(?:里面|里|中)*\s*(?:一个|所有|全部)?(?:的)?(?:文件)?(?:名)?(?:字)?(?:里|中)?(?:为|叫做?|是|包含|含有|含|带有|带|有|以)\s*(?P<x>{m}|[\w.*?-]+?)\s*(?:开头|结尾)?(?:的)?\s*(?:文件|文件夹|目录)(?:有哪些)?",
    r"(?:查找|寻找|搜索|找出|找到|找一?下|找|搜|有没有)(?:一下)?\s*(?:{here})?(?:里面|里|中)*\s*(?:所有|全部|一个)?(?:的)?(?:文件|名为|叫)?\s*(?P<x>{f}|{g})\s*(?:这个)?(?:文件)?(?:在哪里?|的位置)?",
    r"(?P<x>{f}|{g})\s*(?:这个)?(?:文件)?(?:在|放在|位于|存在)(?:哪里?|哪儿|什么地方|哪个(?:文件夹|目录))|(?:{here})?(?:里面|里|中)*有(?:没有)?\s*(?P<x2>{f}|{g})(?:这个)?(?:文件)?",
    r"(?:{here}|找)?(?:里面|里|中)*(?:以\s*)?(?P<x>{q}|[\w.-]+?)\s*(?:文件)(?:在|放在)(?:哪里?|哪儿|什么地方|哪个(?:文件夹|目录))",
    r"(?:所有|全部)?(?:的)?以\s*(?P<x>{q}|[\w.-]+?)\s*(?:开头|结尾)的(?:文件)(?:有哪些)?",
    r"where(?:'s| is| are)(?: (?:the|my|file|folder))* (?P<x>{q}|[\w.-]+)(?: file| folder)?",
    r"does (?:the file )?(?P<x>{f}|{g}) exist(?: {here})?",
)


_NOT_PLACES = {
    "files",
    "file",
    "folders",
    "folder",
    "all",
    "everything",
    "it",
    "this",
    "that",
    "them",
    "here",
    "more",
    "less",
    "history",
    "status",
    "me",
    "you",
    "something",
    "directories",
    "hidden",
    "文件",
    "文件夹",
    "目录",
    "全部",
    "所有",
    "内容",
    "一下",
}


def _place(said: Utterance) -> Wish | None:
    """`list src`: a bare word as a folder."""
    found = fits(said, r"(?:list|ls|dir|show|列出|查看|看看)(?: -\w+)*\s+(?P<x>[\w.-]+)/?")
    word = found["x"].lower() if found else ""
    if not found or kinds.globs(word) or word in _NOT_PLACES or word.isdigit():
        return None
    return Wish(Intent.LIST, folder="" if word == "." else found["x"])


def recognise(said: Utterance, today: date) -> Wish | None:
    """FIND when something narrows the files down, LIST for a folder as it is."""
    if wish := _named(said, today):
        return wish
    text = said.text
    if fits(
        said,
        r"(?:ls|dir|ll|list|(?:show |print |display |see |list )?(?:me )?(?:the )?(?:directory |folder |file )?tree(?: view)?|ls -\w+|列表|目录|列出|列一下|(?:显示|查看|看看)?(?:目录|文件)?树(?:状图|形图|结构)?)",
    ):
        return Wish(Intent.LIST, how="tree" if re.search(r"tree|树", text) else "")
    if wish := _place(said):
        return wish
    asks = (
        re.match(rf"(?:{_FIND})\b", text)
        or re.search(_FIND_ZH, text)
        or re.match(
            r"(?:the )?(?:top|\d+|largest|biggest|smallest|newest|oldest|latest|most recent|all|recent|recently|files)\b",
            text,
        )
        or re.match(r"最[大小新旧老近早]|所有|全部|前|今天|昨天|这里|当前|最近", text)
    )
    if not asks and not re.search(rf"(?:的|过的?)\s*(?:文件|文档|{kinds.words_pattern()})(?:有哪些|有吗|列表)?$", text):
        return None
    wish = slots.with_filters(Wish(Intent.FIND), said, today)
    narrowed = wish.names or wish.min_bytes is not None or wish.max_bytes is not None or wish.since or wish.before
    things = re.search(rf"\b(?:{_THINGS})\b|文件|目录|内容|东西|这里|有什么|有啥", text)
    named = said.of_kind(FILE)
    if named and not all(slots.looks_like_folder(p) for p in named):
        return None
    if re.search(r"duplicate|重复", text):
        return None
    if not things and not wish.names and not named and not wish.how:
        return None
    if (
        re.search(r"\b(?:folders|director(?:y|ies)|subfolders)\b", text)
        and re.search(r"(?:which|what|list|show|all|find|the) (?:\w+ )?(?:folders|directories|subfolders)", text)
        and not re.search(r"\bfiles\b", text)
    ) or re.search(r"(?:哪些|所有|列出|什么)(?:的)?(?:子)?(?:文件夹|目录)(?:$|有哪些|列表)", text):
        return Wish(Intent.LIST, how="folders", folder=wish.folder)
    folder = wish.folder or (named[0].rstrip("/") or named[0] if named else "")
    wish = msgspec.structs.replace(wish, folder="" if folder == "." else folder)
    if narrowed:
        return wish
    if wish.how:
        return msgspec.structs.replace(wish, intent=Intent.LIST)
    if re.search(r"recursive|tree|subfolders|sub-?director|all levels|nested|树|递归|子文件夹|子目录|所有层", text):
        return Wish(Intent.LIST, how="tree", folder=wish.folder)
    if re.search(r"\bhidden\b|隐藏", text):
        return Wish(Intent.FIND, names=(".*",), folder=wish.folder)
    rest = re.sub(
        rf"\b(?:{_FIND})\b|{_FIND_ZH}|\b(?:{_THINGS})\b|\b(?:in|of|the|this|that|me|all|my|what|is|are|a|an|and|current|inside|do|i|have|there|us|please|folder's|directory's|project|repo|here|under|there's|every|to|on|with|for|from|you|it|names?|of|see|working)\b|[的里中下面内一下都所有全部是这个当前个些我们你请那该本名称列表清单,?!.\s]",
        "",
        text,
    )
    rest = "".join(c for c in rest if c not in said.mentions)
    if len(rest) > 14 and wish.folder.lower() not in rest:
        return None
    return Wish(Intent.LIST, folder=wish.folder, limit=wish.limit)


def _named(said: Utterance, today: date) -> Wish | None:
    found = fits(said, *_NAMED)
    if not found:
        return None
    name = found["x"] or found["x2"]
    mention = said.mentions.get(found.found["x"] or "") or said.mentions.get(found.found.groupdict().get("x2") or "")
    if mention and mention.kind == ENDING:
        name = f"*{name}"
    starts = has(said, r"(?:starting|beginning|starts?|begins?) with|以.*开头")
    ends = has(said, r"(?:ending|ends?) (?:in|with)|以.*结尾")
    if (not mention and not re.fullmatch(r"[\w.*?-]+", name)) or name.lower() in {
        "the",
        "a",
        "more",
        "size",
        "extension",
        "text",
        "content",
        "it",
    }:
        return None
    if (
        mention
        and mention.kind == QUOTE
        and re.search(r"\b(?:text|words?|content|contain(?:s|ing)?|with)\b|内容|文字", said.text)
        and not re.search(r"\bnames?d?\b|called|文件名|名", said.text)
    ):
        return None
    if not re.search(r"[*?]", name):
        exact = mention is not None and mention.kind == FILE
        partial = has(said, r"contain|like|with|matching|include|包含|含|带")
        name = (
            f"{name}*"
            if starts
            else f"*{name}"
            if ends
            else name
            if exact or (not partial and mention)
            else f"*{name}*"
        )
    wish = slots.with_filters(Wish(Intent.FIND, names=(name,)), _blank(said), today)
    of_kind = slots.names(_blank(said))
    if of_kind and starts:
        name = f"{name.rstrip('*')}{of_kind[0]}"
    folders = tuple(p for p in said.of_kind(FILE) if slots.looks_like_folder(p) and p != found["x"])
    return msgspec.structs.replace(
        wish, names=(name,), folder=wish.folder or (folders[0].rstrip("/") if folders else "")
    )


def _blank(said: Utterance) -> Utterance:
    hidden = "".join(
        " " if c in said.mentions and said.mentions[c].kind in {GLOB, ENDING, QUOTE} else c for c in said.text
    )
    return Utterance(hidden, said.pieces, said.mentions)
