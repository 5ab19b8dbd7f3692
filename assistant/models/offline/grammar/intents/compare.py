"""Comparing two files."""

from __future__ import annotations

from datetime import date

from assistant.models.offline.grammar.pattern import fits
from assistant.models.offline.mentions import Utterance
from assistant.models.offline.wish import Intent, Wish

_A = r"(?:the )?(?:files? )?(?P<a>{f}|{q})"
_B = r"(?:the )?(?:file )?(?P<b>{f}|{q})"
_COMPARE = (
    rf"(?:compare|diff|contrast|cmp)(?: between)? {_A},? (?:and|with|to|against|vs\.?|versus|,)? ?{_B}(?: {{any}})?",
    rf"(?:show |tell |find |list |give )?(?:me )?(?:what(?:'s| is| are)? )?(?:the |any )?(?:differences?|different|changed|changes|diff)(?: (?:is|are|there))?(?: (?:between|of|in|from))? {_A} (?:and|to|vs\.?|versus|with) {_B}",
    rf"(?:how (?:does|do|is|are)|does|do|is|are|check (?:if|whether)|tell me (?:if|whether)|see if) {_A} (?:and|differ from|different from|the same as|identical to|equal to|equal|match) {_B}(?: (?:differ\w*|are|is|have|the|same|identical|equal|different|match|content\w*|each|other))*",
    rf"is {_A} (?:the same as|identical to|equal to|different from) {_B}",
    r"(?:比较|对比|对照|比对|diff)(?:一下|下)?\s*(?:文件)?\s*(?P<a>{f}|{q})\s*(?:和|与|跟|同|以及|及|,)?\s*(?P<b>{f}|{q})(?:\s*(?:这)?(?:两个)?(?:文件)?(?:的|有)*(?:什么|哪些)?(?:区别|差异|不同|异同|内容|变化)*)?",
    r"(?:把|将|看看|找出|列出)?\s*(?P<a>{f}|{q})\s*(?:和|与|跟|同|以及|,)\s*(?P<b>{f}|{q})\s*(?:这)?(?:两个)?(?:文件)?(?:之间|的|有|是否|是不是|内容|完全|没有|有没有|一|下|进行|做)*(?:什么|哪些|啥|何)?(?:区别|差别|差异|不同|不一样|异同|一样|相同|一致|变化|比较|对比|对照)(?:的|在哪里?|吗)?",
)
_ONE = (
    rf"(?:compare|diff|比较|对比)(?:一下)?\s*{_A}?(?: and| with|和)?",
    r"(?:compare|diff|比较|对比)(?:一下)?(?:这)?(?:\s*(?:two|the|these|两个|文件|files))*",
)


def recognise(said: Utterance, _today: date) -> Wish | None:
    """Two files, in any of the usual wordings."""
    if found := fits(said, *_COMPARE):
        return Wish(Intent.COMPARE, paths=(found["a"], found["b"]))
    if found := fits(said, *_ONE):
        return Wish(
            Intent.COMPARE, paths=(found["a"],) if found["a"] else (), missing="second file" if found["a"] else "files"
        )
    return None
