"""Counting: files, folders, lines, words, signs, matches; and sizes."""

from __future__ import annotations

import re
from datetime import date

import msgspec

from assistant.models.offline import kinds
from assistant.models.offline.grammar import slots
from assistant.models.offline.grammar.pattern import fits
from assistant.models.offline.mentions import FILE, GLOB, QUOTE, Utterance
from assistant.models.offline.wish import Intent, Wish

_UNITS = (
    ("matches", r"times|occurrences?|matches|mentions?|instances|hits|次|处|出现"),
    ("lines", r"lines?(?: of code)?|loc|rows|行"),
    ("words", r"words?|单词|词"),
    ("characters", r"characters?|chars?|letters?|signs|字符|字母|字"),
    ("folders", r"(?:sub-?)?folders|(?:sub-?)?director(?:y|ies)|dirs|文件夹|目录"),
    ("files", r"files?|documents?|文件|文档|items?|things|entries|\w+s|东西|图片|照片|视频|脚本|日志"),
)
_OCCURS = (
    r"(?:how many times|how often) (?:does|do|did|is|are|has|have)? ?(?:the )?(?:words?|strings?|texts?|phrases?|terms?)? ?(?P<t>{t}) (?:appears?|occurs?|comes? up|mentioned|used|found|show(?:s)? up|exists?|present|there)(?: {any})?",
    r"(?:how many|count|number of|count up|tell me how many)(?: the)?(?: (?:number of|total|all|how many))* (?:occurrences?|instances?|matches|mentions|hits|times|uses)(?: (?:of|for))? (?:the )?(?:words? |strings? |texts? )?(?P<t>{t})(?: (?:in|inside|within|across|there are in|appears? in|are in|is in) {any})?",
    r"count (?:the )?(?:word |string |text )?(?P<t>{q})(?: (?:in|inside|within|across) {any})?",
    r"how many (?P<t>todos?|fixmes?|{q})(?:'s|s)?(?: comments?)?(?: (?:are|is)(?: there)?| do i have)?(?: left)?(?: ?(?:in|inside|across) {any})?(?: ?{here})?",
    r"(?:统计|数一?下|数数|计算)(?:一下)?\s*(?:{here}|所有文件|文件)?(?:{f})?(?:里面|里|中)?(?:的)?\s*(?P<t>{t})\s*(?:在\s*(?:{f}|{here}|所有文件)\s*(?:里|中)*)?(?:一共|总共|共)?(?:的)?(?:出现|用|提到)(?:了|过)?(?:的)?(?:多少|几)?(?:次数?|处)",
    r"(?:{f}|{here}|所有文件)?\s*(?:里面|里|中)?(?:的|,)?\s*(?P<t>{t})\s*(?:这个?(?:词|字|单词))?(?:在\s*(?:{f}|{here}|所有文件)\s*(?:里面|里|中)*)?(?:一共|总共|共|都)?(?:出现|提到|用|使用|有)(?:了|过)?\s*(?:多少|几)(?:次|处)",
    r"(?:{f}|{here})\s*(?:里面|里|中)?(?:一共|总共)?(?:有)?(?:多少|几)(?:个|处|次)\s*(?P<t>{q}|todo|fixme)",
)
_COUNT = (
    r"(?:how many|count(?: up)?|(?:what(?:'s| is) )?the (?:total )?(?:number|amount|count) of|number of|total(?: number of)?|tell me how many|do you know how many|get the (?:number|count) of|word ?count|line count|wc(?: -[lwc])?|file count)\b ?(?:the |all |all the |total |number of |how many )*(?P<x>{any})",
    r"(?P<x>{f}|{q}) (?:has|have|contains) how many (?:lines|words|characters)|how (?:long|many lines) (?:is|are) (?P<x2>{f}|{q})(?: in lines)?|how long is (?P<x3>{f}|{q})",
    r"(?:统计|数一?下|数数|数|计算|查一?下|看看|告诉我|查看)(?:一下)?\s*(?P<x>.*?(?:多少|几(?:个|行|字|词)|行数|字数|词数|个数|数量|数目|总数|文件数|文件|单词|字符).*)",
    r"(?P<x>.*(?:多少|几|共有几)\s*(?:个|行|字|词|单词|张|份|条|种)?.*)",
    r"(?P<x>.*?(?:{f}|{q}|文件|目录|{here}).*?(?:的)?(?:行数|字数|词数|单词数|文件数|字符数|数量|个数|总数|总行数)(?:是)?)",
)
_SIZE = (
    r"(?:how (?:big|large|heavy)|what(?:'s| is)? (?:the )?(?:total |file |disk |folder )?size|how much (?:disk )?(?:space|storage|room|memory)|(?:show |get |tell me |check )?(?:me )?(?:the )?(?:total |file |disk |folder )?(?:size|disk usage|usage|space)|du(?: -sh)?)\b ?(?:(?:of|is|are|does|do|in|used by|taken by|for|taken up by|the|on)\b ?)*(?P<x>{any})(?: (?:in (?:bytes|mb|kb)|use|take|take up|occupy|have|need|taking(?: up)?))?",
    r"(?:文件\s*)?(?P<x>{f}|{q}|{here}|.{0,20}文件夹|.{0,20}目录|所有文件)?\s*(?:的)?(?:一共|总共|总)?(?:有)?(?:占(?:用|了|用了)?)?(?:的)?(?:多大|多少(?:空间|磁盘|存储|内存|字节|兆|mb|m|kb|k|g)|(?:总|文件)?大小(?:是(?:多少)?|有多大)?|体积(?:多大)?|容量|磁盘占用)(?:空间)?",
    r"(?:查看|看看|显示|统计|计算)(?:一下)?\s*(?P<x>{f}|{q}|{here})\s*(?:的)?(?:总)?(?:大小|体积|占用(?:空间)?)",
)


_ONLY = (r"(?:count|统计|数一?下|数数)(?:一下)?\s*(?:the )?(?:file )?{f}",)


_OF_FOLDERS = re.compile(
    r"\b(?:which|largest|biggest)(?: \w+)? (?:folders?|director(?:y|ies)|subfolders?)\b|\bfolders? (?:is|are) (?:the )?(?:largest|biggest)|"
    r"最大的(?:子)?(?:文件夹|目录)|哪个(?:子)?(?:文件夹|目录)(?:最大|占)|每个(?:子)?(?:文件夹|目录)(?:的)?(?:大小|多大|占)"
)
_SHORT = {"word": "words", "line": "lines", "file": "files", "l": "lines", "w": "words", "c": "characters"}


def recognise(said: Utterance, today: date) -> Wish | None:
    """How many, how often, how large."""
    if wish := _occurrences(said) or _sizes(said):
        return wish
    if fits(said, *_ONLY):
        return _where(Wish(Intent.COUNT, how="lines"), said)
    found = fits(said, *_COUNT)
    if not found or re.search(r"多少(?:钱|岁|天|度)|几(?:号|点|月|天|岁)", said.text):
        return None
    unit = "lines" if found["x2"] or found["x3"] else _unit(said)
    if unit in {"files", "folders"}:
        return _files(unit, said, today)
    wish = _where(Wish(Intent.COUNT, how=unit), said)
    if (
        unit == "lines"
        and not said.of_kind(FILE, QUOTE)
        and re.search(r"代码|code", said.text)
        and not slots.names(said)
    ):
        return msgspec.structs.replace(wish, names=kinds.globs("code"))
    return wish if unit else None


def _occurrences(said: Utterance) -> Wish | None:
    found = fits(said, *_OCCURS)
    if not found:
        return None
    text = re.sub(r"^(?:the )?(?:words?|单词|词|文本)\s*|\s*(?:这个)?(?:单词|词|字)$", "", found["t"]) or found["t"]
    if text.lower().rstrip("s") in {"todo", "fixme"}:
        text = text.upper().rstrip("S")
    if re.fullmatch(r"(?:files?|lines?|words?|folders?|.*(?:文件|文件夹|目录|行|多少|几个).*)", text.lower()):
        return None
    return _where(Wish(Intent.COUNT, how="matches", text=text), said, skip=text)


def _sizes(said: Utterance) -> Wish | None:
    if _OF_FOLDERS.search(said.text) and re.search(r"largest|biggest|space|big\b|大|占", said.text):
        return Wish(Intent.SIZE, how="folders", folder=slots.folder(said))
    if fits(said, *_SIZE) and not re.search(r"sort|order by|最大|largest|biggest", said.text):
        return _where(Wish(Intent.SIZE), said)
    return None


def _unit(said: Utterance) -> str:
    """What is counted: the first unit that the request names."""
    text = said.text
    if short := re.match(r"(word|line|file) ?count|wc -([lwc])", text):
        return _SHORT[short[1] or short[2]]
    if text.startswith("how long is"):
        return "lines"
    if re.search(r"字数|多少(?:个)?字(?!节)|几个字(?!节)", text):
        return "words"
    asked = re.search(
        r"(?:how many|number of|count(?: up)?|amount of|total(?: number of)?)(?: (?:the|all|total|of|number|different|empty))* ?(.*)",
        text,
    )
    body = asked[1] if asked else text
    for name, words in _UNITS[:-1]:
        first = rf"^(?:\S+ ){{0,3}}(?:{words})\b"
        anywhere = rf"(?:多少|几)(?:个)?(?:{words})|(?:{words})(?:数|的?数量|的?个数)|(?:{words})有?(?:多少|几)|(?<![a-z])(?:{words})(?![a-z])"
        if name == "characters" and re.search(r"文字|名字", body):
            continue
        if re.search(first if body.isascii() and name != "matches" else anywhere, body):
            return name
    return "files" if re.search(_UNITS[-1][1], body) or said.of_kind(GLOB) else ""


def _files(unit: str, said: Utterance, today: date) -> Wish | None:
    places = tuple(p for p in said.of_kind(FILE) if slots.looks_like_folder(p))
    if said.of_kind(FILE) and not places:
        return None
    wish = slots.with_filters(Wish(Intent.COUNT, how=unit), said, today)
    folder = wish.folder or (places[0].rstrip("/") if places else "")
    return msgspec.structs.replace(wish, how=unit, limit=None, folder=folder)


def _where(wish: Wish, said: Utterance, skip: str = "") -> Wish:
    named = tuple(p for p in said.of_kind(FILE, QUOTE) if p != skip)
    files = tuple(p for p in named if not slots.looks_like_folder(p))
    folders = tuple(p for p in named if slots.looks_like_folder(p))
    return msgspec.structs.replace(
        wish,
        paths=files,
        names=() if files else slots.names(said),
        folder=folders[0].rstrip("/") or "." if folders else "" if files else slots.folder(said),
    )
