"""Renaming, moving, copying, and tidying a folder."""

from __future__ import annotations

import re
from datetime import date

from assistant.models.offline import kinds
from assistant.models.offline.grammar import slots
from assistant.models.offline.grammar.pattern import Match, fits, has
from assistant.models.offline.mentions import ENDING, FILE, GLOB, QUOTE, Utterance
from assistant.models.offline.wish import Intent, Wish

_RENAME_EN = r"(?:rename|change|convert|turn|switch|make)"
_ENDINGS = (
    rf"{_RENAME_EN} (?:the )?(?:(?:file )?(?:extensions?|endings?|suffix(?:es)?) (?:of|on|for) )?(?:{{all}} )*(?:files? )?(?:with |ending (?:in|with) |of type |the )*(?:extensions? )?(?P<a>{{e}}|{{g}}|\w{{1,5}})(?: (?:files?|extensions?|ones|endings?))*(?: {{here}})?(?: extensions?)?(?: (?:so they |to )?(?:end (?:in|with)|have the extension|be))?(?: from {{e}})? (?:to|into|as|with|in) (?:be )?(?:end (?:in|with) )?(?:have )?(?:the )?(?:extension )?(?P<b>{{e}}|{{g}}|\w{{1,5}})(?: files?| extensions?| instead)*(?: {{here}})?",
    r"(?:把|将)?\s*(?:{here})?\s*(?:所有|全部|每个)?(?:的)?\s*(?:以|后缀为|后缀是|扩展名为|扩展名是)?\s*(?P<a>{e}|{g}|[a-z0-9]{1,5})\s*(?:结尾|后缀|格式|扩展名)?(?:的)?\s*(?:文件)?(?:名)?(?:们)?(?:的)?(?:后缀名?|扩展名)?\s*(?:都|全部|全|统一)?(?:改名|重新?命名|改|换|变|转|转换|更改|修改)\s*(?:成|为|到|作)\s*(?:以)?\s*(?P<b>{e}|{g}|[a-z0-9]{1,5})\s*(?:结尾|后缀|格式|文件|扩展名)?(?:的)?(?:文件)?",
    r"(?:重新?命名|改名|批量重新?命名|批量改名)\s*(?:所有|全部)?(?:的)?\s*(?P<a>{e}|{g}|[a-z0-9]{1,5})\s*(?:的)?(?:文件)?\s*(?:为|成|到)\s*(?P<b>{e}|{g}|[a-z0-9]{1,5})(?:文件)?",
)
_RENAME = (
    r"(?:rename|name|call) (?:the )?(?:file |folder |directory )?(?P<a>{f}|{q}|\S+)(?: file| folder)? (?:to|as|into|->) (?:be )?(?:called )?(?P<b>{m}|\S+)",
    r"(?:change|give) (?:the )?(?:file ?)?name of (?P<a>{f}|{q}) to (?P<b>{m}|\S+)|change (?:the )?(?:file ?)?name (?P<a2>{f}|{q}) to (?P<b2>{m}|\S+)",
    r"(?:把|将)?\s*(?:文件夹|文件|目录)?\s*(?P<a>{f}|{q}|[\w.-]+?)\s*(?:这个)?(?:文件夹|文件|目录)?\s*(?:的名字|的文件名)?(?:重新?命名|改名|更名|改名字|命名|改|换)\s*(?:成|为|叫|作|到)\s*(?P<b>{m}|\S+)",
    r"(?:重新?命名|改名)\s*(?:文件)?\s*(?P<a>{f}|{q})\s*(?:为|成|到|,)?\s*(?P<b>{f}|{q})",
)
_PAIR = r"(?P<v>rename|mv|move|cp|copy)(?: -\w+)* (?P<a>{f}|{q}) (?P<b>{f}|{q})"
_CHANGE_NAMES = (
    ("replace", r"(?:replace|change|substitute|turn) (?:the |all |every )*(?P<x>{q}|spaces?|underscores?|dashes|hyphens|dots) (?:in|of) (?:{all} )*(?:file ?names?|names of {any}|the names) (?:{here} )?(?:with|by|to|into) (?P<y>{q}|an? underscores?|underscores?|dashes|an? dash|hyphens?|spaces?|nothing|an? \w+)"),
    ("replace", r"(?:replace|change|substitute|turn) (?:the |all |every )*(?P<x>{q}|spaces?|underscores?|dashes|hyphens|dots) (?:with|by|to|into) (?P<y>{q}|an? underscores?|underscores?|dashes|an? dash|hyphens?|spaces?|nothing) (?:in|of) (?:{all} )*(?:the )?(?:file ?names?|names)(?: {here}| of {any})?"),
    ("replace", r"(?:remove|delete|strip) (?:the |all |every )*(?P<x>{q}|spaces?|underscores?) (?:from|in) (?:{all} )*(?:file ?names?|names)(?: {here}| of {any})?"),
    ("replace", r"(?:把|将)?\s*(?:{here}|所有|全部)*\s*(?:{e}|{g})?(?:的)?文件名(?:里|中|里面)?(?:的)?(?P<x>{q}|空格|下划线|横线|连字符|\S+?)\s*(?:都|全部)?(?:替换|换|改)(?:成|为)\s*(?P<y>{q}|下划线|空格|横线|连字符|\S+)"),
    ("replace", r"(?:删除|去掉|移除)\s*(?:{here}|所有|全部)*(?:的)?文件名(?:里|中|里面)?(?:的)?(?P<x>{q}|空格|下划线|\S+)"),
    ("prefix", r"(?:add|put|prepend|give) (?:the |a )?(?:prefix )?(?P<y>{q}|[\w.-]+)(?: as (?:a |the )?prefix)? (?:to|before|in front of|at the (?:start|beginning|front) of) (?:the )?(?:{all} )*(?:(?:names? of )?{any}files?|file ?names?|{e}|{g})(?: {here})?"),
    ("prefix", r"(?:prefix|give) (?:{all} )*(?:{any}files?|file ?names?|{e}|{g})(?: {here})? with (?:the prefix )?(?P<y>{q}|[\w.-]+)"),
    ("prefix", r"(?:给|把|将|为|在)?\s*(?:{here}|所有|全部)*\s*(?:的)?(?:{e}|{g}|\w{1,5})?\s*(?:的)?文件(?:名)?(?:们)?(?:前面?|开头)?\s*(?:都|全部)?(?:加上?|添加|增加)(?:一个)?(?:前缀)\s*(?:为|:)?\s*(?P<y>{q}|[\w.-]+)"),
    ("suffix", r"(?:add|append|put) (?:the |a )?(?:suffix )(?P<y>{q}|[\w.-]+) to (?:the )?(?:{all} )*(?:(?:names? of )?{any}files?|file ?names?|{e}|{g})(?: {here})?"),
    ("suffix", r"(?:给|把|将|为)\s*(?:{here}|所有|全部)*\s*(?:的)?(?:{e}|{g}|\w{1,5})?\s*(?:的)?文件(?:名)?(?:后面?|末尾)?\s*(?:都|全部)?(?:加上?|添加|增加)(?:一个)?(?:后缀)\s*(?:为|:)?\s*(?P<y>{q}|[\w-]+)"),
    ("lower", r"(?:make|rename|turn|convert|change) (?:{all} )*(?:{any}files?|file ?names?|{e}|{g})(?: {here})? (?:to |into )?(?:be )?(?:all )?lower ?case(?: names?)?|lower ?case (?:{all} )*(?:file ?names?|names|files)(?: {here})?|(?:把|将)?(?:{here}|所有|全部)*(?:的)?文件名?(?:都|全部)?(?:改成|变成|转成|改为|换成|转换成|转换为|转为)(?:全部)?小写"),
    ("upper", r"(?:make|rename|turn|convert|change) (?:{all} )*(?:{any}files?|file ?names?|{e}|{g})(?: {here})? (?:to |into )?(?:be )?(?:all )?upper ?case(?: names?)?|upper ?case (?:{all} )*(?:file ?names?|names|files)(?: {here})?|(?:把|将)?(?:{here}|所有|全部)*(?:的)?文件名?(?:都|全部)?(?:改成|变成|转成|改为|换成|转换成|转换为|转为)(?:全部)?大写"),
)  # fmt: skip
_SIGNS = {"space": " ", "spaces": " ", "空格": " ", "underscore": "_", "underscores": "_", "下划线": "_", "dash": "-", "dashes": "-", "hyphen": "-", "hyphens": "-",
          "横线": "-", "连字符": "-", "dot": ".", "dots": ".", "nothing": "", "空": ""}  # fmt: skip
_TARGETS = r"(?P<a>(?:{all} )*(?:the )?(?:(?:file|folder)s? )?{m}(?:(?:,? and |, ?| ){m})*(?: files?| folder)?|(?:{all} )*[\w+-]+(?:(?:, ?| and |, and | or )[\w+-]+)* files|(?:everything|(?:{all} )*files?) (?:ending|that end|with (?:the )?(?:extension|ending)|whose names? ends?)(?: in| with)? {m}|{all} [\w+-]+s|everything|all files|(?:{all} )*files?(?: {any})?)(?: {here})?"
_TARGETS_ZH = r"(?P<a>(?:{here})?(?:所有|全部|每个)?(?:的)?\s*(?:文件夹|文件)?{m}(?:\s*(?:,|和|与|及|以及|还有)\s*{m})*\s*(?:这?[两三几]?个)?(?:的)?(?:文件夹|文件)?|(?:{here})?(?:所有|全部)(?:的)?\s*[\w]{0,6}\s*(?:文件|图片|照片|视频|音乐|文档|代码)?|[\w]{0,4}(?:图片|照片|视频|音乐|文档|日志|压缩包)(?:文件)?)"
_DEST = r"(?P<b>{f}|{q}|(?:(?:the|a|an|new|folder|directory|called|named|dir|subfolder) )*(?:{m}|[\w.-]+))(?: folder| directory| dir| subfolder)?(?:/)?"
_DEST_ZH = r"(?P<b>(?:(?:名为|叫|一个|新|文件夹|目录))*\s*(?:{m}|[\w.-]+?))\s*(?:/)?\s*(?:这个)?(?:子?文件夹|子?目录)?(?:里面|里|中|下面|下|内)?(?:去)?"
_MOVE = (
    rf"(?:move|put|shift|transfer|mv|relocate|drag) {_TARGETS} (?:in|into|to|inside|under|in to) {_DEST}",
    rf"(?:把|将)?\s*{_TARGETS_ZH}\s*(?:都|全部|全)?(?:移动|移|挪|放|搬|转移|归档|整理|收)\s*(?:到|至|进|入|去)\s*{_DEST_ZH}",
    rf"(?:移动|移)\s*{_TARGETS_ZH}\s*(?:到|至|进)\s*{_DEST_ZH}",
)
_COPY = (
    rf"(?:copy|duplicate|cp|clone) {_TARGETS} (?:in|into|to|as|inside|under) {_DEST}",
    r"(?:make|create) (?:a |an )?(?:copy|duplicate|backup|back-up)(?: copy)? of (?P<a>{f}|{q})(?: (?:called|named|as|to|in|into) (?P<b>{f}|{q}|\S+))?",
    r"(?:back ?up|duplicate|copy) (?:the file )?(?P<a>{f}|{q})(?: (?:to|as|in|into) (?P<b>{f}|{q}|\S+))?",
    rf"(?:把|将)?\s*{_TARGETS_ZH}\s*(?:都|全部)?(?:复制|拷贝|备份|copy)(?:一份)?\s*(?:到|为|成|至|进|叫)\s*{_DEST_ZH}",
    rf"(?:复制|拷贝|备份)(?:一份|一下)?\s*(?:文件)?\s*{_TARGETS_ZH}\s*(?:到|为|成|至)\s*{_DEST_ZH}",
    r"(?:把|将|给)?\s*(?P<a>{f}|{q})\s*(?:做个|做一个|复制|拷贝|备份)(?:一份|一下|备份)?|(?:复制|拷贝|备份)(?:一份|一下)?\s*(?:文件)?\s*(?P<a2>{f}|{q})",
)
_TIDY = (
    r"(?:sort|organi[sz]e|tidy(?: up)?|clean up|arrange|group|order)(?: (?:all|the|my|these|this|files?|folder|directory|downloads|everything|{here}))*(?: (?:in)?to (?:sub-?)?folders)?(?: (?:by|according to|based on|for each) (?:the )?(?:file |their )?(?P<by>types?|kinds?|extensions?|formats?|endings?|date|month|year|modification date))?(?: (?:in)?to (?:sub-?)?folders)?(?: {here})?",
    r"(?:按照?|根据|依照?)\s*(?:文件)?(?P<by>类型|种类|扩展名|后缀名?|格式|日期|时间|月份|年份)\s*(?:把|将)?(?:{here}|所有|全部|文件|的)*\s*(?:整理|归类|分类|分|归档|收拾)(?:一下|好)?(?:{here}|所有|全部|文件|的|到(?:不同的?)?(?:子)?文件夹(?:里|中)?)*",
    r"(?:整理|收拾|归类|分类)(?:一下)?(?:{here}|所有|全部|文件|的|这些)*(?:,?按照?(?:文件)?(?P<by>类型|种类|扩展名|后缀|日期|月份|时间))?",
    r"(?:把|将)(?:{here}|所有|全部|文件|的|这些)*(?:按照?|根据)(?:文件)?(?P<by>类型|种类|扩展名|后缀名?|日期|时间|月份)(?:整理|归类|分类|分|归档|放)(?:一下|好|到(?:不同的?)?(?:子)?文件夹(?:里|中)?)?",
)


def recognise(said: Utterance, today: date) -> Wish | None:
    """Changes of names and places."""
    return (
        _pair(said)
        or _names(said)
        or _endings(said)
        or _rename(said)
        or _tidy(said)
        or _move(said, today)
        or _copy(said)
    )


def _pair(said: Utterance) -> Wish | None:
    """As typed in a terminal: `mv a.txt b.txt`."""
    found = fits(said, _PAIR)
    if not found:
        return None
    old, new = found["a"], found["b"]
    if found.typed("v") in {"cp", "copy"}:
        return Wish(Intent.COPY, paths=(old,), dest=new)
    return (
        Wish(Intent.MOVE, paths=(old,), dest=new)
        if slots.looks_like_folder(new)
        else Wish(Intent.RENAME, how="one", paths=(old,), dest=new)
    )


def _endings(said: Utterance) -> Wish | None:
    found = fits(said, *_ENDINGS)
    if not found:
        return None
    old, new = _ending(found, "a"), _ending(found, "b")
    if not old or not new:
        return None
    return Wish(Intent.RENAME, how="ending", names=(old,), new=new, folder=slots.folder(said))


def _ending(found: Match, slot: str) -> str:
    mention = found.said.mentions.get(found.found[slot])
    if mention is None:
        word = found[slot].lower()
        if slot == "a":
            return next(iter(kinds.globs(word)), "") if not word.isdigit() and kinds.globs(word) else ""
        return f"*.{word}" if word.isascii() and word.isalnum() and kinds.globs(word) else ""
    if mention.kind == ENDING:
        return f"*{mention.value}"
    return mention.value if mention.kind == GLOB else ""


def _rename(said: Utterance) -> Wish | None:
    found = fits(said, *_RENAME)
    if found:
        old, new = found["a"] or found["a2"], found["b"] or found["b2"]
        kind = said.mentions.get(found.found["a"] or "")
        is_word = kind is None and not found["a2"]
        # Without a file's name on one side it is a change of text ("change red to blue"), not of a name.
        if (
            is_word
            and not re.match(r"(?:rename|重新?命名|改名)", said.text)
            and not re.search(r"重新?命名|改名|文件夹", said.text)
        ):
            return None
        if (
            re.search(r"\bin$|里$|中$|第.*行", old)
            or old.lower() in {"all", "every", "the", "files", "it", "them"}
            or len(old.split()) > 3
        ):
            return None
        return Wish(Intent.RENAME, how="one", paths=(old,), dest=new)
    if only := fits(
        said,
        r"(?:rename|重新?命名|改名)\s*(?:the )?(?:file )?(?P<a>{f}|{q})(?: file)?",
        r"(?:把|将|给)\s*(?P<a>{f}|{q})\s*(?:重新?命名|改名|改个名字?)",
    ):
        return Wish(Intent.RENAME, how="one", paths=(only["a"],), missing="new name")
    return None


def _names(said: Utterance) -> Wish | None:
    for how, notation in _CHANGE_NAMES:
        if found := fits(said, notation):
            old, new = _sign(found, "x"), _sign(found, "y")
            if how == "prefix" and new in {"the", "a", "line", "lines", "text"}:
                continue
            return Wish(
                Intent.RENAME, how=f"names-{how}", text=old, new=new, names=slots.names(said), folder=slots.folder(said)
            )
    return None


def _sign(found: Match, slot: str) -> str:
    value = found[slot]
    word = re.sub(r"^an? ", "", value.lower())
    return (
        _SIGNS.get(word, value) if found.said.mentions.get(found.found.groupdict().get(slot) or "") is None else value
    )


def _tidy(said: Utterance) -> Wish | None:
    found = fits(said, *_TIDY)
    if not found or re.fullmatch(r"(?:sort|order|group|arrange|分类|clean up)", said.text):
        return None
    by = found["by"]
    if not by and not has(said, r"files?|folder|director|downloads|everything|here|文件|目录|这里"):
        return None
    how = (
        "month"
        if re.search(r"date|month|year|日期|时间|月|年", by)
        else "ending"
        if re.search(r"ext|ending|format|扩展|后缀|格式", by)
        else "kind"
    )
    return Wish(Intent.TIDY, how=how, folder=slots.folder(said))


def _move(said: Utterance, today: date) -> Wish | None:
    found = fits(said, *_MOVE)
    if not found:
        return None
    part = found.part("a")
    paths, names = targets(part)
    dest = destination(found, "b")
    filters = slots.with_filters(Wish(Intent.MOVE), part, today)
    filtered = bool(filters.min_bytes or filters.since or filters.before)
    if filtered and not paths and not names:
        names = ("*",)
    if not dest or (not paths and not names):
        return None
    quoted = not part.of_kind(FILE) and bool(part.of_kind(QUOTE))
    if quoted and re.match(r"(?:put|放)", said.text) and not slots.looks_like_folder(dest) and "." in dest:
        # `put "x" in notes.txt` is about text.
        return None
    mention = said.mentions.get(found.found["b"])
    # One file to a name with an ending is a rename; anything else goes into a folder.
    if (
        len(paths) == 1
        and not names
        and mention
        and mention.kind == FILE
        and not slots.looks_like_folder(dest)
        and "folder" not in said.text
        and "文件夹" not in said.text
    ):
        return Wish(Intent.RENAME, how="one", paths=paths, dest=dest)
    if filtered:
        return Wish(
            Intent.MOVE,
            paths=paths,
            names=names,
            dest=dest,
            min_bytes=filters.min_bytes,
            since=filters.since,
            before=filters.before,
        )
    return Wish(Intent.MOVE, paths=paths, names=names, dest=dest)


def _copy(said: Utterance) -> Wish | None:
    found = fits(said, *_COPY)
    if not found:
        return None
    part = found.part("a") if found["a"] else found.part("a2")
    paths, names = targets(part)
    if not paths and not names:
        return None
    return Wish(Intent.COPY, paths=paths, names=names, dest=destination(found, "b"), how="" if found["b"] else "backup")


def targets(part: Utterance) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(paths, patterns of names) of what is to be moved or deleted; `*` when it is everything."""
    paths = part.of_kind(FILE, QUOTE)
    names = slots.names(part)
    if paths:
        names = tuple(f"*{e}" for e in part.of_kind(ENDING)) + part.of_kind(GLOB)
    if not paths and not names:
        word = re.sub(
            r"^(?:(?:all|every|each|any|the|of|these|those|my)\s+)+|\s+(?:files?|in|from|here).*$|^(?:这个|当前)?(?:文件夹|目录)?(?:里|中)?的?|所有的?|全部的?|文件$",
            "",
            part.text,
        ).strip()
        names = kinds.globs(word)
        if (
            not names
            and re.fullmatch(r"(?:everything|all files|files|all|文件|)", word)
            and re.search(r"everything|all|所有|全部", part.text)
        ):
            names = ("*",)
    return paths, names


def destination(found: Match, slot: str) -> str:
    """The folder or file that something goes to, without the words around its name."""
    part = found.part(slot)
    named = part.of_kind(FILE, QUOTE)
    if named:
        return named[0]
    word = re.sub(
        r"^(?:(?:the|a|an|new|folder|directory|called|named|dir|subfolder)\s+)+|^(?:(?:名为|叫|一个|新|文件夹|目录))+|(?:文件夹|目录)$",
        "",
        part.raw(0, len(part.text)).strip(),
    )
    return "" if word.lower() in {"it", "them", "that", "this", "lowercase", "uppercase", ""} else word
