"""Deleting what is named."""

from __future__ import annotations

import re
from datetime import date

from assistant.models.offline.grammar import slots
from assistant.models.offline.grammar.intents.move import targets
from assistant.models.offline.grammar.pattern import fits
from assistant.models.offline.mentions import Utterance
from assistant.models.offline.wish import Intent, Wish

_DELETE = (
    r"(?:delete|remove|erase|rm(?: -r?f?)?|trash|discard|get rid of|throw away|clean(?: up)?|wipe|unlink|drop)\s+(?P<a>{T})",
    r"(?:把|将)\s*(?P<a>{T}?)\s*(?:都|全部|全|给|一起)*(?:删除掉?|删掉|删了|删|移除|清除|清理掉?|扔掉|去掉|丢掉)(?:掉|了)?",
    r"(?:删除掉?|删掉|删了|删|移除|清除|清理|扔掉|去掉|丢掉)(?:一下)?\s*(?P<a>{T})",
)


def recognise(said: Utterance, today: date) -> Wish | None:
    """Files by name, by pattern, by size or age; folders by name."""
    found = fits(said, *_DELETE)
    if not found:
        if fits(said, r"(?:delete|remove|erase|rm|trash|删除|删掉|移除)(?: (?:a|the|some|this|that))?(?: ?(?:files?|folders?|文件夹?|东西|it|them|that|this|它们?))*"):
            return Wish(Intent.DELETE, missing="target")
        return None
    part = found.part("a")
    if re.search(r"\b(?:lines?|words?|text|from|duplicates?|spaces)\b|第.*行|重复|内容|里的|中的", part.text) and not re.search(r"\bfiles? from\b|files", part.text):
        return None
    if re.fullmatch(r"(?:clean(?: up)?|wipe|drop|discard|清理|去掉)\b.*", said.text) and not part.mentions and not re.search(r"files?|文件", part.text):
        return None
    paths, names = targets(part)
    filters = slots.with_filters(Wish(Intent.DELETE), part, today)
    if not paths and not names:
        where = slots.folder(part)
        if where and re.search(r"folder|directory|文件夹|目录", part.text):
            return Wish(Intent.DELETE, paths=(where,))
        filtered = filters.min_bytes is not None or filters.max_bytes is not None or bool(filters.since or filters.before)
        word = re.sub(r"^(?:(?:the|a|this|that|file|folder|all)\s+)+", "", part.raw(0, len(part.text)).strip())
        if filtered:
            names = ("*",)
        elif re.fullmatch(r"[\w.+-]+", word) and word.lower() not in {"it", "them", "that", "this", "files", "file", "something", "everything", "文件", "它", "它们"} and not re.search(r"[\u3400-\u9fff]", word):
            return Wish(Intent.DELETE, paths=(word,))
        else:
            return Wish(Intent.DELETE, missing="target")
    where = "" if paths else slots.folder(part)
    return Wish(Intent.DELETE, paths=paths, names=names, folder=where, min_bytes=filters.min_bytes, max_bytes=filters.max_bytes, since=filters.since, before=filters.before)
