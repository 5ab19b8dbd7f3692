"""Searching the text of files."""

from __future__ import annotations

import re
from datetime import date

from assistant.models.offline.grammar import slots
from assistant.models.offline.grammar.pattern import Match, fits
from assistant.models.offline.mentions import ENDING, FILE, GLOB, QUOTE, Utterance
from assistant.models.offline.wish import Intent, Wish

_FILES = r"(?:(?:all|any|every|the|these|my|each)(?: of)?(?: the| my)? )*(?:[\w+.]+ |{e} |{g} )?(?:files?|documents?|notes|code|source code|sources|scripts|logs|docs|text)"
_IN = rf"(?: (?:in|inside|within|across|through|throughout|from|under|of|on)(?: (?:the|all|my))* (?P<w>{{f}}(?:(?:,? and |, ?){{f}})*|{{g}}|{_FILES}(?: {{here}}| in {{f}}| in the \S+ folder)?|{{here}}|(?:the )?\S+ (?:folder|directory)|everything|src|docs?|tests?)| {{here}})"
_THE = r"(?:(?:all|every|any|the|each) )*(?:(?:occurrences?|instances?|mentions?|uses?|usages?|references?|lines?)(?: (?:of|to|with|containing|that contain|mentioning))? )?(?:the )?(?:(?:words?|texts?|strings?|phrases?|terms?|expression|pattern|function|class|variable) )?"
_EXPLICIT = (
    rf"(?:search|grep|scan|look|check|go) (?:through |in |inside )?(?P<w>{_FILES}|{{f}}|{{g}}|{{here}})(?: {{here}})? for {_THE}(?P<t>{{T}})",
    rf"(?:search|grep|look|scan|hunt)(?: for)? {_THE}(?P<t>{{t}}){_IN}",
    rf"(?:find|locate|show|list|get|display|see)(?: me)? {_THE}(?P<t>{{q}}){_IN}",
    rf"(?:find|locate|show|list|get)(?: me)? (?:(?:all|every|any|the|each) )*(?:(?:occurrences?|instances?|mentions?|uses?|usages?|references?|lines?)(?: (?:of|to|with|containing|that contain|mentioning|where)) )(?:the )?(?:(?:words?|texts?|strings?) )?(?P<t>{{t}})(?:{_IN})?",
    rf"(?:find|locate)(?: me)? (?:the )?(?:words?|texts?|strings?|phrases?|terms?|expression|function|class|variable) (?P<t>{{t}})(?:{_IN})?",
    rf"(?:find|locate) (?P<t>{{t}}) (?:in|inside|within|across) (?:the |all |all the |my )*(?P<w>{{f}}|{{g}}|{_FILES}(?: {{here}})?)",
    rf"(?:(?:find|list|show|get|give|tell|which|what|are|is)(?: me| there)? )?(?:the |all |all the |any |every |which |what )*(?P<w>[\w+.]* ?(?:files?|documents?|notes|scripts)|{{g}}|{{e}} files)(?: {{here}})? (?:that |which )?(?:do |does )?(?:contain|contains|containing|mention|mentions|mentioning|include|includes|including|has|have|having|use|uses|using|import|imports|say|says|with|reference|references|refer to|talk about)(?: (?:the|a|an|this))?(?: (?:words?|texts?|strings?|phrases?|terms?|line))? (?P<t>{{t}})(?:{_IN.replace('<w>', '<w2>')})?(?: in (?:it|them|their (?:text|content)))?",
    r"(?:does|do|is|are) (?:there )?(?:any(?:thing)? )?(?:the )?(?P<w>{f}|{g}) (?:contain|mention|include|have|say|use)(?:s|ing)? (?:the )?(?:words?|texts?|strings?|phrases?|anything about)? ?(?P<t>{T})",
    rf"(?:is|are|does) (?:there )?(?:the )?(?:words?|texts?|strings?)? ?(?P<t>{{q}}|[\w-]+) (?:in|mentioned in|used in|found in|appear in|occur in|exist in|anywhere in|present in) (?P<w>{{f}}|{{g}}|{_FILES})(?: {{here}})?",
    rf"where (?:is|are|do|does|did)(?: (?:we|i|you|the|it))* ?(?P<t>{{t}}) (?:used|defined|mentioned|declared|called|imported|referenced|occur|appear|set|found|written)(?:{_IN})?",
    r"(?:who|what) (?:uses|calls|imports|mentions|references|defines) (?P<t>{T})",
    r"where (?:do|does|did) (?:we|i|it) (?:use|define|mention|call|import|set) (?P<t>{T})",
    r"(?:search|grep|rg|ag)(?: -[a-z]+)*(?: for)?:? (?P<t>{T})",
    r"look for (?:the )?(?:words? |text |string )?(?P<t>{T})",
)
_ZH_IN = r"(?P<w>{f}(?:\s*(?:,|和|与)\s*{f})*|{g}|{here}|(?:所有|全部|每个|各个?)(?:的)?[\w]{0,12}(?:文件|代码|文档)|{e}\s*文件|代码|[\w.-]{1,12}\s*(?:文件夹|目录))"
_EXPLICIT_ZH = (
    rf"(?:在|从)?\s*{_ZH_IN}\s*(?:里面|里|中|内|下)*(?:的)?\s*(?:的?所有文件(?:里|中)?)?(?:,)?(?:搜索|搜寻|搜一?下|搜|查找|查一?下|寻找|找一?下|找到|找出|找|检索|grep)(?:一下)?(?:所有|全部|包含|含有|带有|出现|的|有)*\s*(?P<t>{{T}})",
    rf"(?:搜索|搜寻|搜一?下|搜|检索|grep|查找|寻找|查一?下|找出|找到|找一?下|找)(?:一下)?\s*(?P<t>{{t}})\s*(?:在|于)\s*{_ZH_IN}(?:里|中|内)*(?:的位置|出现的地方)?",
    r"(?:搜索|查找|寻找|找出|找到|找|列出|显示|看看|查看|搜|告诉我)?(?:一下)?\s*(?:{here})?(?:里面|里|中)*\s*(?:有?哪些|哪个|什么|所有|全部|有没有)?(?:的)?\s*(?P<w>[a-z0-9+.]*|{e}|{g}|[\w]{0,4})\s*(?:文件|文档|代码|地方|笔记)\s*(?:里面|里|中|内容)*(?:都)?(?:有|包含了?|含有|含|提到了?|提及了?|出现了?|使用了?|用到了?|用了|写了|写到|带有|引用了?|存在)(?:过)?(?:文字|文本|单词|字符串|内容|这个词|关键词|关键字)?\s*(?P<t>{T})(?:这个(?:词|字|单词))?",
    r"(?:搜索|查找|寻找|找出|找到|找|列出|搜|显示)(?:一下)?\s*(?:{here})?(?:里面|里|中)*\s*(?:所有|全部)?(?:的)?(?:包含|含有|含|带有|带|提到|出现|有|内容(?:为|是|包含|有))(?:了)?(?:文字|文本|单词|字符串|内容|关键词|关键字)?\s*(?P<t>{t})\s*(?:这个词|这个字|一词|字样)?(?:的)\s*(?P<w>[a-z0-9+.]*|{e}|{g}|[\w]{0,4}?)\s*(?:文件|文档|行|地方|代码|内容|笔记)(?:有哪些)?",
    r"(?P<w>{f}|{g})\s*(?:里面|里|中|内)*(?:有没有|是否(?:有|包含|出现|提到)|包不包含|是不是有|有|提到|包含|出现)(?:过|了)?\s*(?P<t>{T})",
    r"(?P<t>{t})\s*(?:这个(?:词|函数|变量|类|字))?(?:都|是)?(?:在(?:哪里?|哪些地方|哪个文件|哪些文件|什么地方)(?:里|中)?)(?:被)?(?:出现|定义|用到|使用|调用|提到|声明|引用|有)(?:了|过|的)*",
    r"(?:哪里|哪儿|哪些地方|什么地方)(?:出现|定义|用到|用|使用|调用|提到|声明|引用|有)(?:了|过)?\s*(?P<t>{T})",
    r"(?:搜索|搜寻|搜一?下|搜|检索|grep)(?:一下)?(?:内容|文字|文本|关键字|关键词|单词)?[:,]?\s*(?P<t>{T})",
    r"(?:查找|寻找|找出|找到|找)(?:一下)?(?:所有|全部|每一?个)?(?:的)?(?:文字|文本|单词|关键字|关键词|字符串|词|字|内容)\s*(?:为|是|:)?\s*(?P<t>{T})",
)
_NO_TEXT = re.compile(
    r"(?:files?|folders?|documents?|images?|it|them|that|this|something|anything|文件|文件夹|.*(?:名为|名字|最大|最新|大于|小于).*|(?:large|big|empty|old|new|recent)\w* files?|.* files?|.*\bnamed\b.*|.*\bcalled\b.*)",
    re.DOTALL,
)


def recognise(said: Utterance, _today: date) -> Wish | None:
    """Words to be found in files, everywhere or in named ones."""
    if re.search(r"\bin (?:the|its|their) (?:file ?)?names?\b|文件名|名字", said.text):
        return None
    for notation in (*_EXPLICIT, *_EXPLICIT_ZH):
        found = fits(said, notation)
        if not found:
            continue
        part = found.part("t")
        text = _text(found)
        quoted = bool(part.of_kind(QUOTE))
        if not text or (
            not quoted
            and (
                _NO_TEXT.fullmatch(part.text)
                or part.of_kind(GLOB, ENDING)
                or (part.of_kind(FILE) and len(part.text) > 1)
            )
        ):
            continue
        if (
            not quoted
            and part.of_kind(FILE)
            and not re.search(r"used|import|mention|refer|contain|提到|引用|包含", said.text)
        ):
            continue
        return _wish(text, said, found)
    return None


def _text(found: Match) -> str:
    part = found.part("t")
    if part.of_kind(QUOTE) and len(part.text) != 1:
        return part.of_kind(QUOTE)[0]
    return re.sub(
        r"^(?:the words? |the text |the string )|(?: (?:please|everywhere|anywhere))$|(?:这个词|这个字|一词|字样|的地方|的内容|的行)$",
        "",
        found["t"],
    ).strip()


def _wish(text: str, said: Utterance, found: Match) -> Wish:
    named = [p for p in said.of_kind(FILE) if p != text]
    names = slots.names(_without(said, found, "t"))
    folders = [p for p in named if slots.looks_like_folder(p)]
    files = tuple(p for p in named if p not in folders)
    where = folders[0].rstrip("/") or "." if folders else "" if files else slots.folder(_without(said, found, "t"))
    return Wish(
        Intent.SEARCH,
        text=text,
        paths=files,
        names=() if files else names,
        folder=where,
        how="files" if _asks_files(said) else "",
    )


def _asks_files(said: Utterance) -> bool:
    return bool(re.search(r"^(?:which|what|list|find|show)(?: \w+){0,3} files?\b|哪些文件|哪个文件|的文件", said.text))


def _without(said: Utterance, found: Match, slot: str) -> Utterance:
    start, end = found.found.span(slot)
    return Utterance(
        f"{said.text[:start]} {said.text[end:]}", [*said.pieces[:start], " ", *said.pieces[end:]], said.mentions
    )
