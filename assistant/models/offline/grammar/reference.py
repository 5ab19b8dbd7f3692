"""What `it` and `them` stand for."""

from __future__ import annotations

import re
from datetime import date

from assistant.models.offline.mentions import FILE, GLOB, Mention, Utterance
from assistant.types import Data

_IT = re.compile(
    r"\b(?:it|that file|this file|the file|the same file|that one|this one)\b(?! ?[\ue000-\ue3ff]| (?:called|named|names?|extensions?|sizes?|types?)\b)|"
    r"它(?!们)|(?:这个|那个|该|此|这份|那份|同一个|刚才(?:的|那个))文件(?!夹|名|类型|大小)|(?:这个|那个|这份)文档"
)
_THEM = re.compile(r"\b(?:them|these files|those files|all of them)\b|它们|这些文件|那些文件")
_SPARE = 0xE1FF  # last sign of the area for files: mentions are numbered from its beginning
_SPARE_GLOB = 0xE2FF


class Memory(Data, frozen=True):
    """What of the conversation matters for understanding the next request."""

    today: date
    file: str = ""
    """The last file that the person, or a call of ours, named."""
    shown: str = ""
    """The file that our last answer was about, if the person has named none. Only good for looking at."""
    names: tuple[str, ...] = ()
    """The patterns of the last list of files."""
    asked: str = ""
    """The slot that our last answer asked for."""
    pending: str = ""
    """The request that it was asked for."""
    answer: str = ""
    """The words of our last answer."""


def resolved(said: Utterance, memory: Memory) -> Utterance:
    """The request with `it` and `them` replaced by what they stand for, as far as that is known."""
    found = _IT.search(said.text)
    if found:
        before = [m for c in said.text[: found.start()] if (m := said.mentions.get(c)) and m.kind == FILE]
        name = before[-1].value if before else memory.file or memory.shown
        if name:
            said = _put(said, found, (chr(_SPARE), Mention(FILE, name, name)))
    found = _THEM.search(said.text)
    if found and memory.names:
        signs = [(chr(_SPARE_GLOB - at), Mention(GLOB, name, name)) for at, name in enumerate(memory.names[:20])]
        said = _put(said, found, *signs)
    return said


def _put(said: Utterance, found: re.Match[str], *signs: tuple[str, Mention]) -> Utterance:
    start, end = found.span()
    text = ",".join(sign for sign, _ in signs)
    pieces = [piece for _, mention in signs for piece in (mention.source, ",")][:-1]
    return Utterance(
        f"{said.text[:start]}{text}{said.text[end:]}",
        [*said.pieces[:start], *pieces, *said.pieces[end:]],
        {**said.mentions, **dict(signs)},
    )
