"""Deleting what is named."""

from __future__ import annotations

import re
from datetime import date

import msgspec

from assistant.models.offline import kinds
from assistant.models.offline.grammar import slots
from assistant.models.offline.grammar.intents.move import targets
from assistant.models.offline.grammar.pattern import fits
from assistant.models.offline.mentions import ENDING, FILE, GLOB, QUOTE, Utterance
from assistant.models.offline.wish import Intent, Wish

_DELETE = (
    r"(?:delete|remove|erase|rm(?: -r?f?)?|trash|discard|get rid of|throw away|clean(?: up)?|wipe|unlink|drop)\s+(?P<a>{T})",
    r"(?:把|将)\s*(?P<a>{T}?)\s*(?:都|全部|全|给|一起)*(?:删除掉?|删掉|删了|删|移除|清除|清理掉?|扔掉|去掉|丢掉)(?:掉|了)?",
    r"(?:删除掉?|删掉|删了|删|移除|清除|清理|扔掉|去掉|丢掉)(?:一下)?\s*(?P<a>{T})",
)


# Beside what is named, a request to delete holds nothing that could mean "unless", "after", "only if".
_PLAIN = re.compile(
    r"\b(?:the|a|an|all|every|each|any|of|my|our|these|those|this|that|which|are|is|were|was|files?|folders?|director(?:y|ies)|dir|documents?|subfolder|and|or|with|everything|inside|in|under|it|"
    r"them|both|also|too|here|from|current|called|named|ending|extension|type|its|contents?|large[rst]*|big(?:ger|gest)?|small(?:er)?|than|over|more|less|above|below|old(?:er)?|new(?:er)?|empty|"
    r"before|since|after|last|past|not|been|changed|modified|touched|for|today|yesterday|week|months?|days?|hours?|weeks?|years?|minutes?|ago|temporary|project|repo|\d+[kmgt]?i?b?)\b|[\d,.:'&/+-]"
)
_PLAIN_ZH = re.compile(
    r"(?:所有|全部|每个|文件夹|文件|目录|这个|那个|这些|那些|当前|里面|下面|以及|还有|两个|三个|大于|小于|超过|不到|天前|天以前|之前|以前|修改|没有|空的?|名为|叫|结尾|后缀|格式|最近|内|[的里中下和与及、以了掉把将都为是])"
)


def _is_clear(part: Utterance) -> bool:
    rest = re.sub(kinds.words_pattern(), " ", "".join(" " if c in part.mentions else c for c in part.text))
    rest = _PLAIN_ZH.sub(" ", _PLAIN.sub(" ", rest)).split()
    # One word more may be the name of a folder, or of a file without an ending.
    return len(rest) <= (0 if part.of_kind(FILE, QUOTE, GLOB, ENDING) else 1)


_NOTHING = r"(?:delete|remove|erase|rm|trash|删除|删掉|移除)(?: (?:a|the|some|this|that))?(?: ?(?:files?|folders?|文件夹?|东西|it|them|that|this|它们?))*"
_INSIDE = (
    r"(?:{all} )*(?:files|contents|everything) (?:in|inside|from|under|of) (?:the )?(?:folder )?(?P<f>{f})(?: folder| directory)?",
    r"(?:文件夹|目录)?\s*(?P<f>{f})\s*(?:文件夹|目录)?(?:里面|里|中|下面|下)(?:的)?(?:所有|全部)?(?:的)?(?:文件|内容|东西)",
)
_OF_TEXT = re.compile(r"\b(?:lines?|words?|text|from|duplicates?|spaces)\b|第.*行|重复|内容|里的|中的")
_WEAK = re.compile(r"(?:clean(?: up)?|wipe|drop|discard|清理|去掉)\b.*", re.DOTALL)
_NOT_NAMES = {"it", "them", "that", "this", "files", "file", "something", "everything", "文件", "它", "它们"}


def recognise(said: Utterance, today: date) -> Wish | None:
    """Files by name, by pattern, by size or age; folders by name."""
    found = fits(said, *_DELETE)
    if not found:
        return Wish(Intent.DELETE, missing="target") if fits(said, _NOTHING) else None
    part = found.part("a")
    if inside := fits(part, *_INSIDE):
        return Wish(Intent.DELETE, names=("*",), folder=inside["f"].rstrip("/"))
    if _OF_TEXT.search(part.text) and not re.search(r"\bfiles? from\b|files", part.text):
        return None
    if _WEAK.fullmatch(said.text) and not part.mentions and not re.search(r"files?|文件", part.text):
        return None
    return _targets(part, today) if _is_clear(part) else None


def _targets(part: Utterance, today: date) -> Wish:
    paths, names = targets(part)
    wish = slots.with_filters(Wish(Intent.DELETE), part, today)
    wish = msgspec.structs.replace(wish, how="", limit=None, names=names, folder="" if paths else wish.folder)
    if paths or names:
        return msgspec.structs.replace(wish, paths=paths)
    if wish.folder and re.search(r"folder|directory|文件夹|目录", part.text):
        return Wish(Intent.DELETE, paths=(wish.folder,))
    if wish.min_bytes is not None or wish.max_bytes is not None or wish.since or wish.before:
        return msgspec.structs.replace(wish, names=("*",))
    word = re.sub(r"^(?:(?:the|a|this|that|file|folder|all)\s+)+", "", part.raw(0, len(part.text)).strip())
    if word.isascii() and re.fullmatch(r"[\w.+-]+", word) and word.lower() not in _NOT_NAMES:
        return Wish(Intent.DELETE, paths=(word,))
    return Wish(Intent.DELETE, missing="target")
