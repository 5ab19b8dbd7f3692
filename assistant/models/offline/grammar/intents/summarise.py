"""Summaries: the sentences of a text that say most."""

from __future__ import annotations

from datetime import date

from assistant.models.offline import quantities
from assistant.models.offline.grammar import slots
from assistant.models.offline.grammar.pattern import fits, has
from assistant.models.offline.mentions import FILE, GLOB, QUOTE, Utterance
from assistant.models.offline.wish import Intent, Wish

_SUMMARISE = (
    r"(?:summari[sz]e|sum up|summary(?: of)?|recap|condense|abridge|digest|tl;?dr:?|outline|abstract)\b ?(?P<x>{any})",
    r"(?:give|write|make|show|create|provide|produce|get|want)?(?: ?(?:me|us))?(?: ?(?:a|an|the))?(?: ?(?:short|brief|quick|concise|one-sentence|small|good|little))*\b ?(?:summary|overview|gist|digest|main points?|key points?|tl;?dr|abstract|highlights|essence)(?: (?:of|for|from|about|on|in)) (?P<x>{any})",
    r"(?:explain|describe|introduce)(?: to me)?(?: the)? (?P<x>(?:this |the |my )?(?:project|folder|repo|repository|codebase|directory))|(?:explain|describe)(?: the file)? (?P<x2>{f})|(?:介绍|讲解|说明)(?:一下)?(?P<x3>{here}|{f})",
    r"(?:what(?:'s| is| are)) (?:the )?(?:gist|main (?:points?|idea|message)|key points?|essence|point|topic) (?:of|in) (?P<x>{any})",
    r"(?:what(?:'s| is| does)) (?P<x>{f}|{q}|(?:this|that) (?:file|folder|project|repo)) (?:all )?(?:about|talk about|discuss|cover)|what is this (?P<x2>folder|project|repo(?:sitory)?|directory)(?: about)?",
    r"(?:用|以)\s*{n}\s*(?:句话|句|点|条)\s*(?:来)?(?:总结|概括|归纳|概述|介绍)(?:一下|下)?(?P<x>{any})",
    r"(?:总结|概括|摘要|归纳|概述|小结|简述|概要)(?:一下|下|总结)?(?P<x>{any})",
    r"(?:把|将|给|对|为)?\s*(?P<x>{f}|{q}|{here})\s*(?:做|写|来|进行|给|生成)?(?:个|一个|一份|一下)?(?:的)?(?:内容|简短的?|简单的?)*(?:总结|概括|摘要|归纳|概述|小结|要点|大意|主要内容|主旨|中心思想|重点|大概内容|梗概)(?:一下|是什么|有哪些)?",
    r"(?P<x>{f}|{q}|这个文件|该文件)\s*(?:里面?|中)?(?:主要|大概|大致|都)?(?:的)?(?:讲|说|讨论|介绍|关于|是关于)(?:了|的|的是|些)*(?:什么|啥|哪些)(?:内容|东西)?(?:的)?|这个?(?P<x2>项目|文件夹|目录|仓库)(?:是)?(?:干什么|做什么|什么|关于什么)(?:用)?(?:的)?",
    r"(?:写|做|给|生成|来)(?:我)?(?:一个|个|一份|一段)?\s*(?P<x>{f}|{q})\s*的?(?:总结|摘要|概要|概述)",
)


def recognise(said: Utterance, _today: date) -> Wish | None:
    """A file, several files, or the folder."""
    found = fits(said, *_SUMMARISE)
    if not found:
        return None
    part = next((found.part(slot) for slot in ("x", "x2", "x3") if found[slot]), found.part("x"))
    sentences = has(
        said,
        r"(?:in|into|to|with|using)? ?(?:just |only |about )?(?P<n>{n}) (?:short )?(?:sentences?|lines?|points?|bullets?)|(?:用|以|分)?\s*(?P<m>{n})\s*(?:句话|句|点|条|个要点|行)",
    )
    limit = quantities.number(sentences["n"] or sentences["m"]) if sentences else None
    paths = part.of_kind(FILE, QUOTE) or said.of_kind(FILE)
    folders = tuple(p for p in paths if slots.looks_like_folder(p) and p.lower() != "readme")
    if folders:
        return Wish(Intent.SUMMARISE, folder=folders[0].rstrip("/") or folders[0], how="folder", limit=limit)
    if paths:
        return Wish(Intent.SUMMARISE, paths=paths, limit=limit)
    if names := part.of_kind(GLOB) or slots.names(part):
        return Wish(Intent.SUMMARISE, names=names, limit=limit)
    if has(part, r"folder|director|project|repo|here|everything|codebase|文件夹|目录|项目|仓库|这里") or not part.text:
        if not part.text and not has(said, r"总结|概括|summar"):
            return None
        where = slots.folder(said)
        return (
            Wish(Intent.SUMMARISE, how="folder", folder=where, limit=limit)
            if part.text
            else Wish(Intent.SUMMARISE, missing="file", limit=limit)
        )
    return Wish(Intent.SUMMARISE, missing="file", limit=limit)
