"""Which language to answer in, and what to overlook in how a person writes: width, old forms, politeness, slips."""

from __future__ import annotations

import re
from functools import cache

EN = "en"
ZH = "zh"

_HAN = re.compile(r"[\u3400-\u9fff]")

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: 0x20,
    0x3001: ord(","),
    0x2018: ord("'"),
    0x2019: ord("'"),
    0x00A0: 0x20,
    0x2212: ord("-"),
}

# Traditional forms of the words that requests are made of, one sign for one sign.
_TRADITIONAL = str.maketrans(
    "檔資夾複製刪尋讀開啟寫內計數幾個們這裡裏顯現總結執運爲為將從轉換單詞頁後際時間週頭還說話請幫麼嗎點與對應較異圖畫視頻樂關"
    "鍵標題舊誰錯誤條見網術論語號樣試驗據歷紀錄記變動統擴層級類別歸併壓縮僅當無裝選擇測煩謝問剛過沒專業並區麽顆誌給讓劃邊進輸"
    "導滿電華攝億萬兩減餘離產檢閱覽蓋儲項務彙則",
    "档资夹复制删寻读开启写内计数几个们这里里显现总结执运为为将从转换单词页后际时间周头还说话请帮么吗点与对应较异图画视频乐关"
    "键标题旧谁错误条见网术论语号样试验据历纪录记变动统扩层级类别归并压缩仅当无装选择测烦谢问刚过没专业并区么颗志给让划边进输"
    "导满电华摄亿万两减余离产检阅览盖储项务汇则",
)

_POLITE_EN = re.compile(
    r"^(?:please|pls|plz|kindly|hey|hi|hello|ok(?:ay)?|alright|well|so|now|then|also|and|just|(?:first|finally|next)(?=,)|quickly|"
    r"assistant|(?:can|could|would|will) (?:you|u)(?: (?:please|kindly|maybe|perhaps|also|just|help me(?: to)?))*|"
    r"i(?:'d| would)? (?:want|like|need)(?: you)? to|i want|i need|i'd like|help me(?: to)?|let's|let me|let us|go ahead and|"
    r"you (?:should|can|may|must)|do you (?:know|think you can)|are you able to|is it possible to|"
    r"may i|can i|could i|i wonder(?: if you (?:can|could))?|would you mind|try to)(?=[\s,!.:]|$)[\s,!.:]*"
)
_POLITE_EN_END = re.compile(
    r"[\s,]*(?:\bplease|\bpls|\bfor me|\bthank you(?: very much)?|\bthanks(?: a lot)?|\bif you (?:can|could|please|don't mind)|"
    r"\bright now|\bright away|\bwould you|\bcould you|\bok(?:ay)?|\basap)$"
)
_POLITE_ZH = re.compile(
    r"^(?:你好|您好|嗨|喂|请问|请你|请您|烦请|敬请|请|麻烦你|麻烦您|麻烦|劳驾|拜托|帮我们|帮我|帮忙|帮|替我|给我|为我|能不能|可不可以|可否|能否|"
    r"可以|你能|您能|你可以|您可以|我想要你|我想让你|我想要|我想|我要|我需要|我希望你|我希望|现在|直接|快速|顺便|首先|先|然后|接着|再|最后(?=,)|那么|那|"
    r"好的|好|嗯|一起|你)(?=.)[\s,!:~]*"
)
_POLITE_ZH_END = re.compile(
    r"[\s,]*(?:可以吗|好吗|行吗|好不好|行不行|能吗|好么|谢谢你|谢谢您|谢谢|谢了|多谢|拜托了|拜托|吗|呢|吧|啊|呀|哦|哈|嘛|啦)$"
)

# Slips of the words that requests are made of. Only tried when a request was not understood as it stands.
_SLIPS = {
    "lsit": "list", "lst": "list", "lits": "list", "ilst": "list", "shwo": "show", "sohw": "show", "raed": "read", "reda": "read", "opne": "open",
    "fiel": "file", "fiels": "files", "flie": "file", "flies": "files", "fils": "files", "fiile": "file", "folde": "folder", "dir": "directory",
    "fodler": "folder", "foler": "folder", "fidn": "find", "fnid": "find", "finf": "find", "cuont": "count", "coutn": "count", "mvoe": "move",
    "moev": "move", "eidt": "edit", "wirte": "write", "wrtie": "write", "cpoy": "copy", "wat": "what", "whta": "what", "hwo": "how", "teh": "the",
    "tehm": "them", "form": "from", "fro": "for", "wiht": "with", "wtih": "with", "thsi": "this", "hte": "the", "adn": "and", "nad": "and", "rnu": "run",
    "todos": "todos", "lien": "line", "liens": "lines", "lnies": "lines", "wrods": "words", "wrod": "word", "creat": "create", "plese": "please",
}  # fmt: skip
_WORDS = [
    "search",
    "rename",
    "delete",
    "remove",
    "replace",
    "create",
    "append",
    "summarise",
    "summarize",
    "summary",
    "compare",
    "difference",
    "between",
    "directory",
    "directories",
    "folder",
    "folders",
    "largest",
    "biggest",
    "smallest",
    "newest",
    "oldest",
    "latest",
    "contents",
    "content",
    "words",
    "lines",
    "characters",
    "execute",
    "command",
    "calculate",
    "compute",
    "convert",
    "count",
    "containing",
    "contain",
    "mention",
    "extension",
    "everything",
    "please",
    "modified",
    "changed",
    "first",
    "found",
    "sentence",
    "sentences",
    "status",
    "display",
    "locate",
    "current",
    "starting",
    "occurrences",
    "times",
    "please",
    "numbers",
]


def language_of(text: str) -> str:
    """`zh` when the request itself has Chinese in it, else `en`. Give it the words without what is quoted or named."""
    return ZH if _HAN.search(text) else EN


def fold(char: str) -> str:
    """One sign as the grammar sees it: narrow, lower case, simplified. Always one sign."""
    narrow = char.translate(_WIDE).translate(_TRADITIONAL)
    low = narrow.lower()
    return low if len(low) == 1 else narrow


_SAME = {
    "档案": "文件",
    "资料夹": "文件夹",
    "搜寻": "搜索",
    "列印": "打印",
    "开启": "打开",
    "储存": "保存",
    "副档名": "扩展名",
    "程式": "程序",
}


def same_words(text: str) -> str:
    """`text` with words of Taiwan and Hong Kong as they are said on the mainland, where both are equally long."""
    if text.isascii():
        return text
    for word, known in _SAME.items():
        text = text.replace(word, known)
    return text


def polite_prefix(text: str) -> int:
    """How many signs at the start are courtesy."""
    at = 0
    while True:
        rest = text[at:]
        lead = len(rest) - len(rest.lstrip(" ,\t\n"))
        found = _POLITE_EN.match(rest, lead) if lead == 0 else _POLITE_EN.match(rest[lead:])
        size = found.end() if found else 0
        if not size:
            found = _POLITE_ZH.match(rest[lead:])
            size = found.end() if found else 0
        if not size:
            return at + lead
        at += lead + size


def polite_suffix(text: str) -> int:
    """Where the courtesy and the closing punctuation at the end begin."""
    end = len(text)
    while True:
        kept = text[:end].rstrip(" \t\n.。!?~…,;:")
        # 5! is a factorial.
        kept += "!" if text[len(kept) : len(kept) + 1] == "!" and kept[-1:].isdigit() else ""
        found = _POLITE_EN_END.search(kept) or _POLITE_ZH_END.search(kept)
        new = found.start() if found and found.start() else len(kept)
        if new == end or not new:
            return new or end
        end = new


def without_slips(word: str) -> str:
    """A word of the vocabulary that `word` is one slip away from, or `word` itself."""
    if word in _SLIPS:
        return _SLIPS[word]
    if len(word) < 5 or not word.isascii() or not word.isalpha() or word in _WORDS:
        return word
    return next((known for known in _WORDS if abs(len(known) - len(word)) <= 1 and _one_slip(word, known)), word)


@cache
def _one_slip(a: str, b: str) -> bool:
    # One letter added, left out, changed, or two neighbours swapped (Damerau's four slips).
    if len(a) > len(b):
        a, b = b, a
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) < len(b):
        return a[at:] == b[at + 1 :]
    swapped = at + 1 < len(a) and a[at] == b[at + 1] and a[at + 1] == b[at] and a[at + 2 :] == b[at + 2 :]
    return swapped or a[at + 1 :] == b[at + 1 :]
