"""Replacing text in files, and changes of single lines."""

from __future__ import annotations

import re
from datetime import date

from assistant.models.offline.grammar import slots
from assistant.models.offline.grammar.pattern import Match, fits
from assistant.models.offline.mentions import FILE, QUOTE, Utterance
from assistant.models.offline.wish import Intent, Wish

_WHAT = r"(?:(?:the|all|every|each|any|both) )*(?:(?:occurrences?|instances?|mentions?) of )?(?:(?:the )?(?:words?|texts?|strings?|phrases?|names?|lines?|terms?|typos?|variables?|functions?|class) )?"
_WHERE = r"(?:(?:in|inside|within|across|from|of|throughout)(?: the)?(?: files?)? (?P<w>{f}(?:(?:,? and |, ?){f})*|{g}|{e} files|{q}(?= file|$)|(?:{all} )*(?:{e}|{g}|[\w+]*) ?files?|everywhere|everything|(?:the )?(?:whole |entire )?(?:{here}))(?: files?)?(?: {here})?|(?P<w2>everywhere|{here}))"
_REPLACE = (
    rf"(?:replace|substitute|swap|exchange) {_WHAT}(?P<a>{{t}}) (?:with|by|for|to|into|->|=>) (?:the )?(?:words? |text |string )?(?P<b>{{t}}) {_WHERE}",
    rf"(?:change|turn|rename|correct|fix|update|convert|edit|modify) {_WHAT}(?P<a>{{t}}) (?:to|into|with|->|=>) (?:the )?(?:words? |text |string )?(?P<b>{{t}}) {_WHERE}",
    rf"{_WHERE},? (?:replace|change|substitute|rename|turn|swap) {_WHAT}(?P<a>{{t}}) (?:with|by|to|into|for) (?P<b>{{T}})",
    rf"(?:remove|delete|erase|strip) {_WHAT}(?P<a>{{q}}) {_WHERE}",
    rf"(?:remove|delete|erase|strip) (?:(?:all|every|the) )*(?:occurrences? of |words? |text |string |phrase )(?P<a>{{t}}) {_WHERE}",
    r"s/(?P<a>[^/]+)/(?P<b>[^/]*)/g? (?:in |on )?(?P<w>{f})",
    r"(?:replace|substitute|swap) (?P<a>{q}) (?:with|by|for) (?P<b>{q})",
)
_WHERE_ZH = r"(?P<w>{f}|{g}|(?:所有|全部|每个)?(?:的)?\s*{e}\s*(?:结尾的|格式的?)?文件|(?:{f}|[a-z0-9_./-]+)\s*(?:文件夹|目录)(?:里面|里|中|下面|下)?(?:的)?(?:所有|全部)?(?:的)?(?:文件)?|{here}(?:所有|全部|每个)?(?:的)?[\w]*?(?:文件)?|(?:所有|全部|每个)(?:的)?[\w{}]*?(?:文件)?|{{e}}文件)".replace(
    "{}", "\ue300-\ue3ff"
).replace("{{e}}", "{e}")
_REPLACE_ZH = (
    rf"(?:把|将|在)?\s*(?:文件)?\s*{_WHERE_ZH}\s*(?:这个)?(?:文件)?(?:里面|里|中|内|当中)?(?:的|,|把|将|所有的?|全部的?|出现的?)*\s*(?P<a>{{t}})\s*(?:都|全部|全|一律|统一)?(?:替换|改|换|更换|修改|更改|变)(?:成|为|作|到)\s*(?P<b>{{T}})",
    rf"(?:把|将)\s*(?P<a>{{t}})\s*(?:都|全部|全)?(?:替换|改|换)(?:成|为)\s*(?P<b>{{t}})[,\s]*(?:在|范围|文件)[:是]?\s*{_WHERE_ZH}\s*(?:里面|里|中)?",
    rf"用\s*(?P<b>{{t}})\s*(?:替换|代替|取代)(?:掉)?\s*{_WHERE_ZH}\s*(?:里面|里|中|内)?(?:的|所有的?|全部的?)*\s*(?P<a>{{T}})",
    rf"(?:把|将|从)?\s*{_WHERE_ZH}\s*(?:里面|里|中|内)?(?:的|所有的?)*\s*(?P<a>{{q}})\s*(?:都|全部)?(?:删除|删掉|去掉|移除|删了)",
    rf"(?:删除|删掉|去掉|移除)\s*{_WHERE_ZH}\s*(?:里面|里|中|内)(?:的|所有的?)*\s*(?P<a>{{q}})",
    r"(?:把|将)\s*(?P<a>{q})\s*(?:都|全部)?(?:替换|改|换)(?:成|为)\s*(?P<b>{q})",
)
_N = r"(?:line|lines|ln) (?P<i>{n})(?: ?(?:-|to|through|and) ?(?P<j>{n}))?"
_N_ZH = r"第\s*(?P<i>{n})\s*行?(?:\s*(?:到|至|-)\s*第?\s*(?P<j>{n}))?\s*行"
_LINES = (
    ("delete", rf"(?:delete|remove|erase|drop|cut) (?:the )?{_N} (?:of|from|in) (?:the )?(?:file )?(?P<w>{{f}})"),
    ("delete", r"(?:delete|remove|erase|drop) the (?P<p>first|last) line (?:of|from|in) (?:the )?(?:file )?(?P<w>{f})"),
    ("delete", rf"(?:把|将)?\s*(?P<w>{{f}})\s*(?:里面|里|中|的)*\s*{_N_ZH}\s*(?:删除|删掉|去掉|移除|删了|删)|(?:删除|删掉|去掉)\s*(?P<w2>{{f}})\s*(?:里面|里|中|的)*\s*第\s*(?P<i2>{{n}})\s*行"),
    ("change", rf"(?:change|replace|set|edit|rewrite|make) (?:the )?{_N} (?:of|in|from) (?:the )?(?:file )?(?P<w>{{f}}) (?:to|with|by|into|as|read)(?: read| say)?:? (?P<t>{{T}})"),
    ("change", rf"(?:把|将)?\s*(?P<w>{{f}})\s*(?:里面|里|中|的)*\s*{_N_ZH}\s*(?:替换|改|换|修改)(?:成|为)\s*(?P<t>{{T}})"),
    ("insert", r"(?:insert|add|put) (?:the )?(?:line |text |words? )?(?P<t>{t}) (?:at|as|on|after|before|into) (?:the )?(?:line|ln) (?P<i>{n}) (?:of|in|into|to) (?:the )?(?:file )?(?P<w>{f})"),
    ("insert", r"(?:在|往)?\s*(?P<w>{f})\s*(?:里面|里|中|的)*\s*第\s*(?P<i>{n})\s*行(?P<p>之?前|之?后|后面|前面)?\s*(?:插入|添加|加上|加入|加)(?:一行)?\s*[:,]?\s*(?P<t>{T})"),
)  # fmt: skip


def recognise(said: Utterance, _today: date) -> Wish | None:
    """`replace X by Y in F`, in English or Chinese order; lines by their number."""
    for how, notation in _LINES:
        if found := fits(said, notation):
            return _line(how, said, found)
    found = fits(said, *_REPLACE, *_REPLACE_ZH)
    if not found:
        return None
    where = found.part("w") if "w" in found.found.re.groupindex else None
    old, new = found["a"], found["b"]
    # Free words may swallow a file's name; then the pattern took the wrong turn.
    if not old or _swallows(found.part("a")) or ("b" in found.found.re.groupindex and _swallows(found.part("b"))):
        return None
    wish = Wish(Intent.REPLACE, text=old, new=new)
    return _at(wish, where, said)


def _swallows(part: Utterance) -> bool:
    return (
        len(part.text) > 1 and any(part.mentions[c].kind in {FILE, QUOTE} for c in part.text if c in part.mentions)
    ) or len(part.text) > 400


def _at(wish: Wish, where: Utterance | None, said: Utterance) -> Wish | None:
    import msgspec

    if where is None:
        paths = said.of_kind(FILE)
        return msgspec.structs.replace(wish, paths=paths) if paths else msgspec.structs.replace(wish, missing="file")
    paths = where.of_kind(FILE, QUOTE)
    folders = tuple(p for p in paths if slots.looks_like_folder(p))
    if folders:
        return msgspec.structs.replace(wish, folder=folders[0].rstrip("/"), names=slots.names(where))
    if paths:
        return msgspec.structs.replace(wish, paths=paths)
    return msgspec.structs.replace(wish, names=slots.names(where) or ("*",), folder=slots.folder(said))


def _line(how: str, said: Utterance, found: Match) -> Wish | None:
    from assistant.models.offline.quantities import number

    path = found["w"] or found["w2"]
    position = found["p"]
    if position in {"first", "last"}:
        first = last = 1 if position == "first" else -1
    else:
        first = number(found["i"] or found["i2"]) or 0
        last = number(found["j"]) or first
    if not first or not path:
        return None
    before = re.search(r"\b(?:before|at|as|on)\b|前", said.text) and not re.search(
        r"\bafter\b|后", position or said.text
    )
    if how == "insert":
        how = "insert-before" if before and position not in {"后", "之后", "后面"} else "insert-after"
    return Wish(Intent.LINES, how=how, paths=(path,), lines=(first, last), text=found["t"])
