"""Finds what a request names literally: quoted text, files, globs, file endings, addresses.

Each mention becomes one sign of a private area of Unicode, so that the grammar sees `replace ⟨quote⟩ with ⟨quote⟩ in
⟨file⟩` and a verb inside a quotation or a file name can never be taken for the request's own verb.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from assistant.models.offline.language import fold, polite_prefix, polite_suffix, same_words, without_slips
from assistant.visible import visible

QUOTE, FILE, GLOB, ENDING, URL = range(5)
_AREA = 0xE000
_EACH = 0x100
LONGEST = 12_000
"""Signs of a request, quotations included. In what is longer nothing is looked for: it is a text, and nobody's request."""

DOT_NAMES = (
    "env|envrc|gitignore|gitattributes|gitmodules|bashrc|zshrc|profile|editorconfig|dockerignore|npmrc|vimrc|prettierrc|eslintrc|"
    "bash_profile|bash_history|inputrc|tmux.conf|flake8|pylintrc|python-version|nvmrc|htaccess|mailmap"
)
_BARE_NAMES = "readme|license|licence|makefile|dockerfile|changelog|contributing|authors|notice|gemfile|rakefile|procfile|vagrantfile|jenkinsfile|codeowners"
_NOT_NAMES = {
    "e.g",
    "i.e",
    "a.k.a",
    "vs",
    "etc",
    "a.m",
    "p.m",
    "u.s",
    "and/or",
    "he/she",
    "his/her",
    "yes/no",
    "w/o",
    "km/h",
    "m/s",
    "mi/h",
    "c/c",
    "i/o",
    "n/a",
    "24/7",
}
_DOMAINS = ("com", "org", "net", "io", "cn", "gov", "edu", "dev", "ai")
_FIND = (
    r"(?P<fence>```[\w+-]*\n?(?P<f>.+?)```)"
    r"|(?P<quote>`(?P<q1>[^`\n]+)`|\"(?P<q2>[^\"]*)\"|“(?P<q3>[^”]*)”|「(?P<q4>[^」]*)」|『(?P<q5>[^』]*)』|《(?P<q6>[^》]*)》"
    r"|‘(?P<q7>[^’]*)’|＂(?P<q9>[^＂]*)＂|(?<![\w\ue000-\ue4ff])'(?P<q8>[^'\n]+)'(?!\w))"
    r"|(?P<url>(?:https?|ftp)://[^\s，。）)」』》\"'<>]+|www\.[\w.-]+\.[a-z]{2,}\S*)"
    r"|(?P<glob>(?<![\w*])[\w./~+@-]{0,200}(?:[*\[]|\?(?=[\w.*/]))[\w./~+@*?\[\]!{},-]*)"
    rf"|(?P<dot>(?<![\w.)\]/])\.(?:{DOT_NAMES})(?![\w.]))"
    r"|(?P<ending>(?<![\w.)\]/~])\.[A-Za-z][A-Za-z0-9]{0,9}(?:\.(?:gz|bz2|xz|zst))?(?![\w./]|(?<=\w)\*)|(?<=[\u3400-\u9fff])\.[A-Za-z][A-Za-z0-9]{0,4}(?=\s*(?:文件|格式|后缀|结尾|的)))"
    r"|(?P<name>(?:~?/|\.{1,2}/)?(?:[\w@+.\-\u3400-\u9fff]{1,80}/){0,20}[\w@+\-\u3400-\u9fff][\w@+.\-()（）\u3400-\u9fff]{0,120}?\.[A-Za-z][A-Za-z0-9]{0,9}(?![A-Za-z0-9_@+-]|\.[A-Za-z0-9]))"
    r"|(?P<path>(?:(?<![\w.])|(?=[\u3400-\u9fff]))(?:(?:~?/|\.{1,2}/)(?:[\w@+.\-]{1,80}/?){0,20}|(?:[A-Za-z0-9_@+.\-\u3400-\u9fff]{1,80}/){1,20}(?:[A-Za-z0-9_@+.\-]{0,80}[A-Za-z0-9_])?)(?!\w))"
    rf"|(?P<bare>(?<![\w.-])(?i:{_BARE_NAMES})(?![\w.-]))"
)  # fmt: skip
# What may stand before a Chinese file name without a space: verbs, prepositions, "in the folder".
_LEAD_ZH = re.compile(
    r"(?:请|帮我|帮忙|麻烦|我想|我要|想|要|能|可以|统计一下|统计|数一下|数数|数|计算|比较一下|比较|对比一下|对比|对照|总结一下|总结|概括一下|概括|摘要|归纳|概述|"
    r"读取一下|读取|读一下|读一读|读|查看一下|查看|看一下|看看|看一看|看|打开一下|打开|显示一下|显示|输出|列出|打印|展示|念一下|念|"
    r"删除掉|删除|删掉|移除|清除|去掉|移动到|移动至|移动|移到|移至|移进|移入|挪到|挪进|放到|放进|放入|重命名为|重命名成|重命名|改名为|改名成|改名|改成|改为|换成|换为|转成|转为|变成|复制|拷贝|备份|编辑|修改|替换|"
    r"新建|创建一个|创建|建立|建一个|生成|写入到|写入|写到|写进|写|保存到|保存为|保存|存到|存入|存为|存成|存|输出到|导出到|整理到|汇总到|追加到|添加到|加到|记到|记录到|"
    r"查找|寻找|搜索|找一下|找到|找出|找|搜|在|把|将|从|给|往|到|成|为|用|对|于|"
    r"这个|那个|该|当前|本|文件夹里的|文件夹下的|文件夹中的|文件夹|目录里的|目录下的|目录中的|目录|里面的|里的|中的|下的|文件名为|文件叫|文件|叫做|叫|名为|名叫|"
    r"和|与|跟|及|以及|或|一个|一下|一份|,|，|、|;|；|:|：)"
)  # fmt: skip
# Where in a run of words without spaces the name of a file begins: after what says that something goes there.
_INNER_ZH = re.compile(
    r"(?:写|保存|存|输出|导出|整理|汇总|追加|添加|加|记录|移动|移|复制|拷贝|备份)(?:到|入|进|为|成|在)|(?:改名|重命名|命名|改|换|替换)(?:成|为)|里的|中的|里面的|文件名?为|名为"
)
_EVERY_ZH = re.compile(r"(?:.*?[\u3400-\u9fff])?(?:所有的?|全部的?|每个|任何|一切|以|后缀为|后缀是|后缀名为|格式为)$")
_ONLY_AFTER_MENTION = set("和与跟及或到成为")


@dataclass(frozen=True, slots=True)
class Mention:
    """Something that the person named. `source` is how it was typed, quotes included."""

    kind: int
    value: str
    source: str


class Utterance:
    """A request as the grammar sees it: `text` is folded and masked, sign by sign beside what was typed.

    `raw(start, end)` gives back what the person typed for a stretch of `text`.
    """

    __slots__ = ("mentions", "pieces", "text")

    def __init__(self, text: str, pieces: Sequence[str], mentions: dict[str, Mention]) -> None:
        self.text = text
        self.pieces = tuple(pieces)
        self.mentions = mentions

    @classmethod
    def of(cls, typed: str) -> Utterance:
        """Mask and fold what a person typed."""
        typed = visible(typed.strip())
        # What is pasted below a first line that ends in a colon is content, not request.
        pasted = re.fullmatch(r"([^\n]{1,300}[:：])[ \t]*\n(.+)", typed, re.DOTALL)
        typed = pasted[1] if pasted else typed
        if len(typed) > LONGEST:
            return cls(typed, typed, {})
        text: list[str] = []
        pieces: list[str] = []
        mentions: dict[str, Mention] = {}
        counts = [0] * 5

        def plain(stretch: str) -> None:
            # Signs of the private area are ours alone.
            kept = [c if not _AREA <= ord(c) < _AREA + 5 * _EACH else "?" for c in stretch]
            text.extend(map(fold, kept))
            pieces.extend(kept)

        def mention(kind: int, value: str, source: str) -> None:
            if counts[kind] == _EACH:
                plain(source)
                return
            sign = chr(_AREA + kind * _EACH + counts[kind])
            counts[kind] += 1
            mentions[sign] = Mention(kind, value, source)
            text.append(sign)
            pieces.append(source)

        at = 0
        for found in _finder().finditer(typed):
            if found.start() < at:
                continue
            plain(typed[at : found.start()])
            at = found.end()
            after_mention = bool(text) and text[-1] in mentions
            for kind, value, source in _read(found, after_mention):
                if kind is None:
                    plain(source)
                else:
                    mention(kind, value, source)
        plain(typed[at:])
        if pasted:
            mention(QUOTE, pasted[2].strip("\n"), pasted[2])
        return cls(same_words("".join(text)), pieces, mentions)

    def without_courtesy(self) -> Utterance:
        """The request without the courtesy around it; itself when nothing else would be left."""
        start = polite_prefix(self.text)
        end = polite_suffix(self.text[start:]) + start
        return self.cut(start, end) if start < end else self

    def without_slips(self) -> Utterance:
        """The request with common slips of its ordinary words put right."""
        text: list[str] = []
        pieces: list[str] = []
        at = 0
        for found in re.finditer(r"[a-z]+", self.text):
            text.append(self.text[at : found.start()])
            pieces += self.pieces[at : found.start()]
            word = without_slips(found.group())
            text.append(word)
            pieces += [self.raw(*found.span()), *[""] * (len(word) - 1)]
            at = found.end()
        return Utterance("".join(text) + self.text[at:], [*pieces, *self.pieces[at:]], self.mentions)

    def cut(self, start: int, end: int) -> Utterance:
        """One stretch of it."""
        return Utterance(self.text[start:end], self.pieces[start:end], self.mentions)

    def raw(self, start: int, end: int) -> str:
        """What was typed for that stretch."""
        return "".join(self.pieces[start:end])

    def value(self, start: int, end: int) -> str:
        """What that stretch means: the inside of a single quotation, else the typed words without outer space."""
        while start < end and self.text[start].isspace():
            start += 1
        while end > start and self.text[end - 1].isspace():
            end -= 1
        if end - start == 1 and (found := self.mentions.get(self.text[start])):
            return found.value
        return self.raw(start, end)

    def of_kind(self, *kinds: int) -> tuple[str, ...]:
        """The values of all mentions of these kinds, in order, once each."""
        found = (self.mentions[c] for c in self.text if c in self.mentions)
        return tuple(dict.fromkeys(m.value for m in found if m.kind in kinds))

    @property
    def words(self) -> str:
        """The text with mentions blanked: what tells the language."""
        return "".join(" " if c in self.mentions else c for c in self.text)


@cache
def _finder() -> re.Pattern[str]:
    return re.compile(_FIND, re.ASCII | re.DOTALL)


def _read(found: re.Match[str], after_mention: bool) -> list[tuple[int | None, str, str]]:
    source = found.group()
    kind = found.lastgroup or ""
    if found["fence"]:
        return [(QUOTE, found["f"].removesuffix("\n"), source)]
    if found["quote"]:
        return [(QUOTE, next(v for k, v in found.groupdict().items() if k in _QUOTES and v is not None), source)]
    if kind == "url":
        return [(URL, source, source)]
    if kind == "glob":
        return _glob(source)
    if kind == "ending":
        return [(ENDING, source.lower(), source)]
    if kind == "name":
        return _name(source, after_mention)
    if kind == "path":
        if source.lower() in _NOT_NAMES or re.fullmatch(r"[\d/.\-]+|[\u3400-\u9fff]/[\u3400-\u9fff]?", source):
            return [(None, "", source)]
        return _after_lead(source, source.rstrip("/"), after_mention)
    return [(FILE, source, source)]


_QUOTES = {f"q{n}" for n in range(1, 10)}


def _glob(source: str) -> list[tuple[int | None, str, str]]:
    kept = source.rstrip("?.,") if source.endswith(("?", ".", ",")) and not source.endswith("*.") else source
    rest = source[len(kept) :]
    literal = re.sub(r"[*?\[\]!{},]", "", kept)
    # `3*4` and `2**8` are sums; a lone `*` or `**` is everything.
    if not re.search(r"[*?\[]", kept) or (
        re.fullmatch(r"[\d.+/\-]*", literal) and kept not in {"*", "*.*", "**", "**/*"}
    ):
        if kept and not re.search(r"[*?\[]", kept) and re.search(r"[./]", kept):
            return [*_name(kept, False), (None, "", rest)]
        return [(None, "", source)]
    return [(GLOB, kept, kept), *([(None, "", rest)] if rest else [])]


def _name(source: str, after_mention: bool) -> list[tuple[int | None, str, str]]:
    low = source.lower()
    if low in _NOT_NAMES or re.fullmatch(r"\d+(?:\.\d+)*\.?[A-Za-z]{1,2}", low):
        return [(None, "", source)]
    if (
        "/" not in source
        and low.endswith(tuple("." + d for d in _DOMAINS))
        and low.count(".") >= 1
        and not re.search(r"[\u3400-\u9fff]", source)
    ):
        return [(URL, source, source)]
    return _after_lead(source, source.rsplit(".", 1)[0], after_mention)


def _after_lead(source: str, stem: str, after_mention: bool) -> list[tuple[int | None, str, str]]:
    cut = 0
    if found := _EVERY_ZH.match(stem):
        return [(None, "", source[: found.end()]), (ENDING, source[found.end() :].lower(), source[found.end() :])]
    for inner in _INNER_ZH.finditer(stem):
        if inner.end() < len(stem):
            cut = inner.end()
    while lead := _LEAD_ZH.match(stem, cut):
        word = lead.group()
        if lead.end() == len(stem) and "." in source and word[-1] in "成为到":
            return [(None, "", source[: lead.end()]), (ENDING, source[lead.end() :].lower(), source[lead.end() :])]
        if lead.end() >= len(stem) or (cut == 0 and word in _ONLY_AFTER_MENTION and not after_mention):
            break
        cut = lead.end()
    if re.match(r"[()（）]", source[cut:]) and source.count("(") != source.count(")"):
        cut += 1
    return [*([(None, "", source[:cut])] if cut else []), (FILE, source[cut:], source[cut:])]
