"""Summaries by extraction: the sentences of a text that hold most of what it speaks of, in their own order.

A sentence scores by the words it shares with the whole text (Luhn 1958; weights by frequency, as in SumBasic), more at
the beginning of the text, less when it repeats a sentence that was already chosen. Chinese has no spaces, so its words
are pairs of neighbouring characters.
"""

from __future__ import annotations

import re
from collections import Counter

_STOP = {"the", "a", "an", "and", "or", "but", "of", "to", "in", "on", "at", "for", "with", "from", "by", "as", "is", "are", "was", "were", "be", "been", "being", "it", "its", "this", "that", "these", "those", "he", "she", "they", "we", "you", "i", "his", "her", "their", "our", "your", "my", "not", "no", "do", "does", "did", "has", "have", "had", "will", "would", "can", "could", "should", "may", "might", "must", "if", "then", "than", "so", "such", "there", "here", "which", "who", "what", "when", "where", "how", "all", "any", "each", "more", "most", "some", "other", "into", "about", "over", "after", "before", "also", "only", "just", "very", "one", "two"}  # fmt: skip
_STOP_ZH = set("的了是在和与及也就都而但对为以于上下中这那有不人我你他她它们一个之其或被把从到等所会能可")
_CODE = {
    "py",
    "js",
    "ts",
    "tsx",
    "jsx",
    "c",
    "h",
    "cc",
    "cpp",
    "hpp",
    "java",
    "go",
    "rs",
    "rb",
    "php",
    "sh",
    "bash",
    "swift",
    "kt",
    "scala",
    "lua",
    "cs",
    "pl",
    "jl",
    "sql",
    "css",
}
LONGEST = 2_000
"""Sentences that are scored: a text is judged by its first part."""
_END = re.compile(
    r"(?<=[。！？!?；])(?=[^\s”’」』）)])|(?<=[。！？!?]['\"”’」』）)])|(?<=[.!?])(?<!\b[A-Z]\.)(?<!e\.g\.)(?<!i\.e\.)(?<!\betc\.)(?<!\bvs\.)(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!Mrs\.)(?=\s+[\"'“(]?[A-Z0-9\u3400-\u9fff])|(?<=[.!?][\"'”)])(?=\s+[A-Z])"
)


def is_code(path: str) -> bool:
    """Whether a file of that name is a program, which is described and not excerpted."""
    return path.rpartition(".")[2].lower() in _CODE


def sentences(text: str) -> list[str]:
    """The sentences of a text: without headings, code, tables, rules and lists of links."""
    found: list[str] = []
    for paragraph in _paragraphs(text):
        for piece in _END.split(paragraph):
            sentence = re.sub(r"\s+", " ", piece).strip()
            if len(sentence) >= 2 and re.search(r"[^\W\d_]{2}|[\u3400-\u9fff]{2}", sentence):
                found.append(sentence if len(sentence) <= 400 else f"{sentence[:399]}…")
        if len(found) >= LONGEST:
            break
    return found[:LONGEST]


def _paragraphs(text: str) -> list[str]:
    text = re.sub(r"^(```|~~~).*?^\1\s*$", "\n\n", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->|</?[a-zA-Z][^<>\n]{0,300}>", " ", text, flags=re.DOTALL)
    text = re.sub(r"!\[[^\]\n]*\]\([^)\n]*\)", "", text)
    text = re.sub(r"\[([^\]\n]+)\]\([^)\n]*\)", r"\1", text)
    out: list[list[str]] = [[]]
    for line in text.split("\n"):
        bare = line.strip()
        item = re.match(r"(?:[-*+•]|\d{1,3}[.)、])\s+", bare)
        if not bare or item or re.match(r"#{1,6}\s|\||[-=*_]{3,}$|>\s*$|(?:https?://\S+|\[[^\]]*\]:.*)$|\s*$", bare):
            out.append([])
        if not bare or re.match(r"#{1,6}\s|\||[-=*_]{3,}$|\[[^\]]*\]:|https?://\S+$", bare):
            continue
        out[-1].append(
            re.sub(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}", "", bare[item.end() :] if item else bare.removeprefix("> "))
        )
    # Chinese lines that were wrapped join without a space.
    return [
        re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])", "", " ".join(p)) for p in out if p
    ]


def words(sentence: str) -> list[str]:
    """The words that carry meaning: English in small letters, Chinese as pairs of characters."""
    latin = [w for w in re.findall(r"[a-z][a-z'’-]+", sentence.lower()) if w not in _STOP]
    pairs: list[str] = []
    for run in re.findall(r"[\u3400-\u9fff]+", sentence):
        pairs += [run[i : i + 2] for i in range(len(run) - 1) if not (run[i] in _STOP_ZH or run[i + 1] in _STOP_ZH)]
    return [w.removesuffix("s") if len(w) > 4 else w for w in latin] + pairs


def best(found: list[str], count: int) -> list[str]:
    """The `count` best sentences, in the order of the text."""
    if len(found) <= count:
        return found
    bags = [words(s) for s in found]
    frequency = Counter(w for bag in bags for w in set(bag))
    weight = {w: n / len(found) for w, n in frequency.items()}
    chosen: list[int] = []
    for _ in range(count):
        scores = [(_score(bags[i], weight, i, len(found)), -i) for i in range(len(found)) if i not in chosen]
        if not scores:
            break
        score, at = max(scores)
        if score <= 0 and chosen:
            break
        chosen.append(-at)
        # What was said counts less from now on, so that the next sentence says something else.
        for word in set(bags[-at]):
            weight[word] *= weight[word] if weight[word] < 1 else 0.5
    return [found[i] for i in sorted(chosen)]


def _score(bag: list[str], weight: dict[str, float], at: int, total: int) -> float:
    if not bag:
        return 0.0
    unique = set(bag)
    # Divided by more than the length: short remarks ("Note:") must not win by one frequent word.
    score = sum(weight[w] for w in unique) / (len(unique) + 6) ** 0.8
    place = 1.25 if at == 0 else 1.1 if at < max(3, total // 10) else 1.0
    return score * place


def fitting(count: int) -> int:
    """How many sentences a summary of `count` has when nobody said: a fifth, from 3 to 7."""
    return max(3, min(7, round(count / 5)))


def headings(text: str) -> list[str]:
    """The headings of a Markdown text, without marks."""
    text = re.sub(r"^(```|~~~).*?^\1\s*$", "", text, flags=re.DOTALL | re.MULTILINE)
    return [h.strip().strip("#").strip() for h in re.findall(r"^#{1,3}\s+(.{1,120})$", text, flags=re.MULTILINE)]


def opening_comment(text: str) -> str:
    """What a program says about itself at its beginning."""
    body = re.sub(r"\A(?:#!.*\n|\s*\n|# -\*-.*\n)+", "", text)
    for notation in (
        r'\A(?:[rRuU]?"""(.*?)""")',
        r"\A(?:[rRuU]?'''(.*?)''')",
        r"\A/\*+(.*?)\*/",
        r"\A((?:(?://|#|--|;)[^\n]*\n)+)",
    ):
        if found := re.match(notation, body, re.DOTALL):
            return re.sub(r"^\s*(?:\*|//+!?|#+|--|;+)\s?", "", found[1], flags=re.MULTILINE)[:4_000]
    return ""


def definitions(text: str) -> list[str]:
    """What a program defines at its outermost level: functions, classes, types."""
    found = re.findall(
        r"^(?:export (?:default )?|pub(?:\([a-z]+\))? |public |static |async |abstract |final )*"
        r"(?:def|class|function|func|fn|struct|enum|trait|interface|type|impl|module|object)\s+(?:\([^)\n]*\)\s*)?([A-Za-z_]\w*)",
        text,
        re.MULTILINE,
    )
    return list(dict.fromkeys(found))
