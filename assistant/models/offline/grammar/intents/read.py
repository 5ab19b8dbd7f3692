"""Showing a file, whole or in part; and requests that are nothing but a name."""

from __future__ import annotations

import re
from datetime import date

from assistant.models.offline.grammar import slots
from assistant.models.offline.grammar.pattern import fits
from assistant.models.offline.mentions import ENDING, FILE, GLOB, QUOTE, Utterance
from assistant.models.offline.wish import Intent, Wish

_VERB = r"(?:read|show|open|display|print|cat|view|see|type|output|give|get|less|more|head|tail|look at|check|examine|inspect|let me see|load|fetch|bring up|list|tell|dump|reveal|present|echo|quote)"
_READ = (
    rf"{_VERB}(?: me| us| out| up| to me)*(?: (?:the|whole|full|entire|contents?|text|file|of|all|what's in|what is in|inside|from|in|a|from the|my|document))* (?P<f>{{f}}|{{q}})(?:(?:,? and |, ?)(?:the )?(?:file )?{{f}})*(?: (?:file|out|to me|aloud|for me|contents?|document))*",
    rf"(?:{_VERB}(?: me)?|what(?:'s| is| are| does)|the)? ?(?:the )?(?:first|last|top|bottom|final|lines?|line|beginning|start|end|head|tail)\b(?: .{{0,40}}?)?(?: (?:of|in|from)(?: the)?(?: file)?)? (?P<f>{{f}}|{{q}})(?: (?:say|contain|file))*",
    rf"{_VERB}(?: me)?(?: (?:the|file))* (?P<f>{{f}}|{{q}}),? ?(?:from |only |just |, )*(?:the )?(?:first|last|top|bottom|lines?|head|tail)\b.{{0,40}}",
    r"(?:head|tail)(?: -n? ?\d+)? (?P<f>{f})",
    r"what(?:'s| is| does| are| do)(?: (?:the|contents?|text|written|inside|in|of|there|file))* (?P<f>{f}|{q})(?: (?:say|says|contain|contains|have|has|look like|hold|read|show|include))?(?: in it)?",
    r"(?:contents?|text) of (?P<f>{f}|{q})",
    r"(?:读取|读一?读|读一?下|读|查看|看一?下|看一?看|看看|看|打开|显示|输出|列出|打印|展示|念|给出|告诉我)(?:一下|下|给我看|出)?(?:我)?\s*(?:文件|一下)?\s*(?P<f>{f}|{q})(?:\s*(?:,|和|与|及)\s*{f})*\s*(?:这[两几]?个)?(?:文件)?(?:的|里面?|中|内)*\s*(?:全部|完整|所有|具体|都)?(?:内容|文字|全文|原文|是什么|写了什么|写了啥|有什么|写的是什么|写的什么|有些什么)*(?:给我)?(?:看看|看)?",
    r"(?:(?:读取|读一?下|读|查看|看一?下|看看|看|打开|显示|输出|列出|打印|展示|给出|告诉我|把)(?:一下)?\s*)?(?:文件)?\s*(?P<f>{f}|{q})\s*(?:文件)?(?:的|里面?|中)*\s*(?:(?:前面?|最后|最后面|后面?|开头|末尾|结尾|头|倒数)\s*(?:的)?\s*{n}?\s*行?|第\s*{n}\s*行?\s*(?:(?:到|至|-|~)\s*(?:第)?\s*{n}\s*)?行?)(?:的)?(?:内容)?(?:是什么|写了什么|显示出来)?",
    r"(?:文件)?\s*(?P<f>{f}|{q})\s*(?:这个)?(?:文件)?(?:的)?(?:里面|里|中|内)?(?:的)?(?:都)?(?:有什么|有啥|写了什么|写了些什么|写的什么|写的是什么|是什么(?:内容)?|内容(?:是什么|有哪些)?|全文|说了什么|内容)(?:内容)?",
    r"(?:显示|查看|看看|看|读|读取|输出)(?:一下)?\s*(?:前|最后|后|开头)\s*{n}\s*行(?:的)?\s*(?P<f>{f})",
)
_BARE = r"(?P<x>{m}|\.?[\w.-]+)"


def recognise(said: Utterance, _today: date) -> Wish | None:
    """A file to show, with the lines that are wanted."""
    found = fits(said, *_READ)
    if not found:
        if fits(
            said,
            r"(?:read|show|open|view|cat|display|读|打开|查看|看|显示)(?: ?(?:me|the|a|an|this|that|file|document|it|文件|一下|这个|那个|它|个|一个))*",
        ):
            return Wish(Intent.READ, missing="file")
        return None
    path = found["f"]
    mention = said.mentions.get(found.found["f"])
    more = tuple(p for p in said.of_kind(FILE) if p != path)
    if mention and mention.kind == QUOTE and not re.search(r"[./]", path) and not re.search(r"file|文件", said.text):
        return None
    if slots.looks_like_folder(path):
        return Wish(Intent.LIST, folder=path.rstrip("/") or path)
    return Wish(Intent.READ, paths=(path, *more), lines=slots.lines(said))


def bare(said: Utterance, _today: date) -> Wish | None:
    """A name alone: perhaps the answer to a question we asked, else a file to show."""
    found = fits(said, _BARE)
    if not found or len(found["x"]) > 200:
        return None
    mention = said.mentions.get(found.found["x"])
    if mention and mention.kind in {GLOB, ENDING}:
        return Wish(Intent.FIND, names=(mention.value if mention.kind == GLOB else f"*{mention.value}",))
    if mention and mention.kind == FILE:
        return Wish(Intent.BARE, paths=(mention.value,))
    return Wish(Intent.BARE, text=found["x"])
