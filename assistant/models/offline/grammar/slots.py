"""The slots that many requests share: which files, where, how many, how large, since when, in which order, which lines."""

from __future__ import annotations

import re
from datetime import date, timedelta

from assistant.models.offline import kinds, quantities
from assistant.models.offline.grammar.pattern import has
from assistant.models.offline.mentions import ENDING, FILE, GLOB, Utterance
from assistant.models.offline.wish import Wish

_NOT_FOLDERS = {
    "this", "the", "that", "current", "my", "a", "an", "new", "same", "each", "every", "which", "what", "whole", "entire", "any", "another", "other", "all", "one", "working",
    "root", "parent", "first", "last", "these", "empty", "in", "of", "to", "and", "or", "no", "sub", "is", "for", "called", "named", "it", "here", "with", "by", "into", "from", "home", "project",
    "list", "show", "count", "files", "large", "largest", "big", "biggest", "hidden", "me",
}  # fmt: skip
_ORDERS = (
    ("size", r"\b(?:big|large|huge|heavy) files\b|taking (?:up )?(?:most |all )?(?:the |my )?space|大文件(?!夹)|largest|biggest|heaviest|largst|bigest|most space|huge|by size|最大|最占空间|占用?空间最(?:多|大)|按大小|大小排"),
    ("smallest", r"smallest|tiniest|最小"),
    ("newest", r"newest|latest|most recent(?:ly)?(?: (?:changed|modified|edited|updated))?|recently (?:changed|modified|edited|updated|used)|last (?:changed|modified|edited|updated)|recent|最新|最近(?:修改|更新|编辑|改动|改过|的|\d|[一二三四五六七八九十]个)?|最后修改|按(?:修改)?时间|按日期|by (?:date|time|modification)"),
    ("oldest", r"oldest|least recent(?:ly)?|earliest|最旧|最老|最早"),
)  # fmt: skip


def order(said: Utterance) -> str:
    """size, smallest, newest, oldest, or nothing."""
    return next((name for name, words in _ORDERS if re.search(words, said.text)), "")


def folder(said: Utterance) -> str:
    """A folder that the request names as the place to look in, or nothing for the task's folder."""
    for notation in (
        r"(?:in|inside|under|within|of|from|list|at) (?:the )?(?:folder|directory|dir|subfolder)(?: called| named)? (?P<x>{m}|[\w.+/-]+)",
        r"(?:folder|directory|subfolder) (?:called |named )?(?P<x>{m})",
        r"(?:in|inside|under|within|from|of) (?:the )?(?P<x>{f})(?: (?:folder|directory|dir))?$",
        r"(?:in|inside|under|within|from|of|list|show|at) (?:the |my )?(?P<x>{m}|[\w.+-]+)/? (?:folder|directory|dir|subfolder)\b",
        r"(?:在|把|将|列出|查看|看看|显示|统计|打开)?\s*(?P<x>{f}|{q}|[\w.+-]+)\s*(?:这个)?(?:文件夹|目录|子目录|子文件夹)",
        r"(?:文件夹|目录|子目录)\s*(?P<x>{m}|[A-Za-z0-9_.+-]+)",
        r"(?:在|从)\s*(?P<x>{f})\s*(?:里|中|下|内)",
        r"^(?:在)?(?P<x>[a-z0-9_./-]+)\s*(?:里面|里|中|下面|下)",
        r"(?<=在)(?P<x>[\w-]{1,12}?)(?:文件夹|目录)(?:里|中|下)",
        r"(?:in|under|inside) (?P<x>src|docs?|tests?|lib|bin|build|dist|data|logs|scripts|assets|images|public|config)(?=$|[\s,.?!])",
    ):
        if found := has(said, notation):
            name = found["x"]
            mention = said.mentions.get(found.found["x"])
            if name.lower() in _NOT_FOLDERS or (mention and mention.kind in {GLOB, ENDING}):
                continue
            # `in notes.txt` names a file, `in src/` or `in build` a folder.
            if (
                mention
                and mention.kind == FILE
                and "folder" not in said.text
                and "目录" not in said.text
                and "文件夹" not in said.text
                and not looks_like_folder(name)
            ):
                continue
            if re.fullmatch(r"[\u3400-\u9fff]*(?:这个|当前|该|本|哪个|什么|个|新|有|所有|多少|的|空)", name) or (
                re.search(r"[\u3400-\u9fff]", name) and len(name) > 12
            ):
                continue
            if (bare := _bare(name)) not in {"把", "将", "在", "从", "给", "对"}:
                return bare
    return ""


def _bare(name: str) -> str:
    found = re.fullmatch(r"(?:.*(?:在|把|将|从|列出|查看|看看|显示|统计|打开|一下))?(.+)", name)
    return (found[1] if found else name).rstrip("/") or name


def looks_like_folder(path: str) -> bool:
    """Whether a named path is meant as a folder: a slash at the end, `.`, or a last part without an ending."""
    return path.endswith("/") or (
        "." not in path.rpartition("/")[2].lstrip(".") and ("/" in path or path in {".", ".."})
    )


# Words that mean a kind of file only when `files` follows.
_VAGUE = {
    "word",
    "text",
    "txt",
    "c",
    "go",
    "table",
    "tables",
    "key",
    "data",
    "config",
    "configs",
    "configuration",
    "settings",
    "film",
    "sound",
    "r",
    "temp",
    "backup",
    "log",
    "code",
    "source",
    "sources",
    "script",
    "program",
    "doc",
    "sh",
    "md",
    "ts",
    "movie",
    "excel",
    "zip",
    "python",
    "js",
    "css",
    "html",
    "json",
    "song",
    "slide",
}


def names(said: Utterance) -> tuple[str, ...]:
    """Patterns of the file names that are meant: globs, endings, words for kinds of files."""
    found = [*said.of_kind(GLOB), *(f"*{e}" for e in said.of_kind(ENDING))]
    if not found:
        word = kinds.words_pattern()
        of = r"\s*(?:类型|格式|类)?的?\s*(?:(?:source|code|config)\s*)?"
        kind = re.search(
            rf"(?<!the word )(?<!the text )(?P<all>{word}(?:(?:\s*,\s*|\s*、\s*| and |,? or |\s*和\s*|\s*与\s*){word})*)(?!\s*(?:folder|director|dir\b|文件夹|目录))(?P<files>{of}(?:files?|文件|documents?|文档))?(?:$|[\s,]|(?<=件)|(?<=档)|(?=[\u3400-\u9fff]))",
            said.text,
        )
        words = re.findall(word, kind["all"]) if kind else []
        if kind and (kind["files"] or not set(words) & _VAGUE):
            found = [g for w in words for g in kinds.globs(w)]
        elif kind := re.search(r"\b([a-z0-9]{1,4})[- ]files\b|([a-z0-9]{1,5})\s*(?:文件(?!夹)|格式|后缀)", said.text):
            word = kind[1] or kind[2]
            if (
                word
                not in {
                    "all",
                    "the",
                    "new",
                    "big",
                    "my",
                    "log",
                    "old",
                    "many",
                    "any",
                    "of",
                    "text",
                    "list",
                    "more",
                    "some",
                    "ten",
                    "two",
                    "five",
                    "show",
                    "find",
                    "read",
                    "best",
                    "last",
                    "both",
                    "few",
                    "top",
                    "me",
                    "get",
                    "see",
                    "what",
                    "here",
                    "how",
                }
                and not word.isdigit()
            ):
                found = [f"*.{word}"]
    return tuple(dict.fromkeys(found))


def limit(said: Utterance) -> int | None:
    """How many are wanted: `top 5`, `the 3 largest`, `最大的三个`, `the largest file`."""
    for notation in (
        r"\b(?:top|first|last|only|up to|at most) (?P<n>{n})\b(?! ?(?:days?|weeks?|hours?|months?|minutes?|years?|lines?|sentences?))",
        r"(?<![\w.])(?P<n>{n}) (?:of the )?(?:most |least )?(?:largest|biggest|smallest|newest|latest|oldest|recent|heaviest)",
        r"(?:largest|biggest|smallest|newest|latest|oldest|recent\w*(?: \w+ed)?) (?P<n>{n})\b(?! ?(?:days?|weeks?|hours?|kb|mb|gb))",
        r"(?:前|最[大小新旧老早近](?:修改|更新)?的?|头)\s*(?P<n>{n})\s*(?:个|名|条|份|项)",
        r"(?P<n>{n})\s*(?:个|份)最[大小新旧老早近]",
    ):
        if found := has(said, notation):
            return quantities.number(found["n"])
    if re.search(
        r"\b(?:largest|biggest|smallest|newest|latest|oldest) (?:[\w.]+ )?file(?!s)\b|\bfile is (?:the )?(?:largest|biggest|smallest|newest|oldest)|which file (?!s)|最[大小新旧老早]的(?:一个)?(?:\w+)?文件(?:是(?:哪|什么)|叫|$)|哪个\w*文件",
        said.text,
    ):
        return 1
    return None


_LINES = (
    (r"(?:lines?|ln) (?P<a>{n}) ?(?:-|to|through|until|till|~|and|–) ?(?P<b>{n})", "range"),
    (r"第?\s*(?P<a>{n})\s*行?\s*(?:到|至|-|~|—)\s*第?\s*(?P<b>{n})\s*行", "range"),
    (r"(?:first|top|beginning) (?P<a>{n}) lines?|head -n? ?(?P<b>{n})", "first"),
    (r"(?:last|bottom|final) (?P<a>{n}) lines?|tail -n? ?(?P<b>{n})", "last"),
    (r"(?:前|头|开头)\s*(?P<a>{n})\s*行", "first"),
    (r"(?:最后|后|末尾|倒数|结尾)\s*(?P<a>{n})\s*行", "last"),
    (r"(?:\bline|\bln) (?P<a>{n})\b", "one"),
    (r"第\s*(?P<a>{n})\s*行", "one"),
)


def lines(said: Utterance) -> tuple[int, int] | None:
    """The lines that are meant: `first 10 lines`, `last line`, `lines 5 to 9`, `第三行`, `前十行`."""
    for notation, kind in _LINES:
        if found := has(said, notation):
            groups = found.found.groupdict()
            a, b = (quantities.number(groups.get(k) or "") or 0 for k in "ab")
            if a or b:
                return {"range": (a, b), "first": (1, a or b), "last": (-(a or b), -1), "one": (a, a)}[kind]
    for words, span in (
        (r"\bfirst line\b|第一行", (1, 1)),
        (r"\blast line\b|最后一行", (-1, -1)),
        (r"^head\b|\bthe (?:top|beginning|start|head) of\b|开头", (1, 10)),
        (r"^tail\b|\bthe (?:end|bottom|tail) of\b|末尾|结尾", (-10, -1)),
    ):
        if re.search(words, said.text):
            return span
    return None


def sizes(said: Utterance) -> tuple[int | None, int | None]:
    """(least, most) bytes that are asked for."""
    least = most = None
    more = r"(?:larger|bigger|greater|more|heavier|over|above|at least|exceeding|exceeds?|>=?)\s*(?:than )?\s*|(?:大于|超过|多于|高于|不小于|至少)\s*"
    less = r"(?:smaller|less|lighter|under|below|at most|<=?)\s*(?:than )?\s*|(?:小于|不到|少于|低于|不超过|至多)\s*"
    if found := re.search(
        rf"(?:{less}){quantities.SIZE}|{quantities.SIZE.replace('amount', 'amount2').replace('unit>', 'unit2>')}\s*以[下内]",
        said.text,
    ):
        most = _bytes(found)
    if found := re.search(
        rf"(?<!不)(?:{more}){quantities.SIZE}|{quantities.SIZE.replace('amount', 'amount2').replace('unit>', 'unit2>')}\s*以上",
        said.text,
    ):
        least = _bytes(found)
    if re.search(r"\bempty files?\b|空(?:白)?文件(?!夹)", said.text):
        most = 0
    return least, most


def _bytes(found: re.Match[str]) -> int | None:
    inner = re.search(quantities.SIZE, found.group())
    return quantities.size(inner) if inner else None


def times(said: Utterance, today: date) -> tuple[str, str]:
    """(since, before) as find_files takes them: `3d`, `2h`, or an ISO date; empty where not asked for."""
    text = said.text
    number = rf"(?P<n>\d+|{quantities.NUMBER_ZH}|a|an|one|two|three|four|five|six|seven|ten)?"
    number_zh = rf"(?P<n2>\d+|{quantities.NUMBER_ZH})"
    span_zh = quantities.SPAN.replace("span>", "span2>")
    since = before = ""
    old = rf"(?:older than|more than|before|over|not (?:changed|modified|touched) (?:in|for)(?: the last| the past)?)\s*{number}\s*{quantities.SPAN}(?: ago| old)?\b|{number_zh}\s*{span_zh}\s*(?:以前|之前|前的|没)"
    new = rf"(?:the )?(?:last|past|previous)\s*{number}\s*{quantities.SPAN}\b|(?:最近|近|过去|这)\s*(?:的)?\s*{number_zh}\s*{span_zh}"
    if found := re.search(old, text):
        before = _ago(found)
    elif found := re.search(new, text):
        since = _ago(found)
    else:
        since, before = _calendar(text, today)
    for found in re.finditer(quantities.DATE, text):
        if not (of := quantities.day(found)):
            continue
        head, tail = text[: found.start()], text[found.end() :]
        if re.search(r"(?:before|until|older than|earlier than|早于)\s*$", head) or re.match(
            r"\s*(?:以前|之前|前)", tail
        ):
            before = of.isoformat()
        elif re.search(r"(?:since|after|from|newer than|later than|between|自|从|晚于)\s*$", head) or re.match(
            r"\s*(?:以来|以后|之后|后|起)", tail
        ):
            since = of.isoformat()
        elif re.search(r"(?:changed|modified|edited|created|updated|from|on)\s*(?:on )?$", head) or re.search(
            r"^\s*(?:修改|更新|创建|的|改)", tail
        ):
            since, before = of.isoformat(), (of + timedelta(days=1)).isoformat()
    return since, before


def _calendar(text: str, today: date) -> tuple[str, str]:
    monday = today - timedelta(days=today.weekday())
    for words, since, before in (
        (r"\btoday\b|今天|今日", today, None),
        (r"\byesterday\b|昨天", today - timedelta(days=1), today),
        (r"\bthis week\b|本周|这周|这个星期", monday, None),
        (r"上周|上星期|上个星期", monday - timedelta(days=7), monday),
        (r"\bthis month\b|本月|这个月", today.replace(day=1), None),
        (r"\bthis year\b|今年", today.replace(month=1, day=1), None),
    ):
        if re.search(words, text):
            return since.isoformat(), before.isoformat() if before else ""
    return "", ""


def _ago(found: re.Match[str]) -> str:
    length = quantities.span(found["n"] or found["n2"] or "1", found["span"] or found["span2"])
    if not length:
        return ""
    minutes = int(length.total_seconds()) // 60
    return next(f"{minutes // per}{unit}" for per, unit in ((1440, "d"), (60, "h"), (1, "min")) if minutes % per == 0)


def with_filters(wish: Wish, said: Utterance, today: date) -> Wish:
    """`wish` with the place, names, sizes, times, order and number that the request gives."""
    import msgspec

    least, most = sizes(said)
    since, before = times(said, today)
    return msgspec.structs.replace(
        wish,
        folder=wish.folder or folder(said),
        names=wish.names or names(said),
        min_bytes=least,
        max_bytes=most,
        since=since,
        before=before,
        how=wish.how or order(said),
        limit=limit(said),
    )
