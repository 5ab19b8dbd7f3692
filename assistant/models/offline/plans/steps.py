"""What plans are made of: calls, answers, and the ways in which a plan can get stuck.

A plan is a generator: it yields the calls it wants made and is given their results, and it returns an answer. It keeps
no state besides its own place, so it can be run again from its beginning over the calls already made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping
from datetime import date
from typing import Any, NoReturn, TypeAlias, TypeVar

from assistant.models.offline import readings
from assistant.models.offline.markdown import bullets, code, prose
from assistant.models.offline.phrases import Say
from assistant.models.offline.wish import Wish
from assistant.types import JSON, Data, ToolResult

T = TypeVar("T")


class Call(Data, frozen=True):
    """A tool call that a plan wants made."""

    tool: str
    args: Mapping[str, JSON]

    @property
    def arguments(self) -> str:
        """Its arguments as JSON text, always the same for the same arguments."""
        return json.dumps(dict(self.args), ensure_ascii=False, separators=(",", ":"))


Steps: TypeAlias = Generator[tuple[Call, ...], tuple[ToolResult, ...], T]


class Stuck(Exception):
    """The plan can't go on; `words` say why and what to do, in the person's language."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Aid(Data, frozen=True):
    """What a plan may know besides its wish."""

    language: str
    tools: frozenset[str]
    today: date
    answer: str = ""
    """The words of the last answer in the conversation."""

    @property
    def say(self) -> Say:
        """Phrases in the person's language."""
        return Say(self.language)

    def where(self, folder: str) -> str:
        """A folder in words."""
        return code(folder) if folder and folder != "." else self.say("here")


Plan: TypeAlias = Callable[[Wish, Aid], Steps[str]]

_FINAL = (
    "refused",
    "needs_person",
    "timeout",
    "stopped",
    "may_have_happened",
    "sandbox_unavailable",
    "log_unavailable",
)


def tool(aid: Aid, name: str) -> None:
    """Raises Stuck when the tool is not offered."""
    if name not in aid.tools:
        raise Stuck(aid.say("no tool", tool=code(name)))


def ask_all(aid: Aid, name: str, *calls: Mapping[str, Any]) -> Steps[tuple[ToolResult, ...]]:
    """Several calls of one tool at once, by their arguments (None is left out)."""
    tool(aid, name)
    wanted = tuple(Call(name, {k: v for k, v in args.items() if v is not None}) for args in calls)
    return (yield wanted) if wanted else ()


def ask(aid: Aid, name: str, **args: Any) -> Steps[ToolResult]:
    """One call. A result that only failed is returned; anything that ends the plan raises Stuck."""
    (result,) = yield from ask_all(aid, name, args)
    check(aid, result, name, args)
    return result


def must(aid: Aid, name: str, **args: Any) -> Steps[ToolResult]:
    """One call that has to succeed."""
    result = yield from ask(aid, name, **args)
    if not result.ok:
        fail(aid, result)
    return result


def check(aid: Aid, result: ToolResult, name: str, args: Mapping[str, Any]) -> None:
    """Raises Stuck for a result after which nothing of this plan can be done."""
    if not result.ok and result.code in _FINAL:
        phrase = "said no" if result.code == "refused" and "by the person" in result.text else result.code
        raise Stuck(aid.say(phrase, what=doing(aid, name, args)))
    if not result.ok and result.code == "unknown_tool":
        raise Stuck(aid.say("no tool", tool=code(name)))


def fail(aid: Aid, result: ToolResult) -> NoReturn:
    """Raises Stuck with what the tool said."""
    raise Stuck(aid.say("failed", why=reason(result)))


def reason(result: ToolResult) -> str:
    """What a failed tool said, as one line of an answer."""
    text = re.sub(r"^(?:error: )?[a-z_]+: ", "", result.text.strip().split("\n")[0])
    return prose(text[:300]) if text else code(result.code)


def doing(aid: Aid, name: str, args: Mapping[str, Any]) -> str:
    """A call in words: `edited notes.txt`."""
    key = f"act {name}"
    about = (
        args.get("path")
        or args.get("pattern")
        or args.get("command")
        or args.get("glob")
        or args.get("from")
        or ", ".join(map(str, args.get("paths") or ()))
        or ""
    )
    if name == "move_files":
        about = f"{args.get('from', '')} → {args.get('to', '')}"
    shown = code(str(about), 60) if about else aid.say("here") if name in {"list_dir", "find_files"} else ""
    from assistant.models.offline.phrases import PHRASES

    return aid.say(key, x=shown).strip() if key in PHRASES else aid.say("act other", x=f"{code(name)} {shown}".strip())


def says(result: ToolResult, code_word: str) -> bool:
    """Whether a call failed in that way: one of the codes of `tools/README.md`."""
    return not result.ok and result.code == code_word


def is_missing(result: ToolResult) -> bool:
    """Whether a call failed because a path does not exist."""
    return says(result, "not_found")


# ---------------------------------------------------------------- finding what was meant


def any_case(name: str) -> str:
    """A glob for names that hold `name`, in capitals or not."""
    loose = "".join(
        f"[{c.lower()}{c.upper()}]" if c.isascii() and c.isalpha() else c if c not in "*?[]{}" else "?" for c in name
    )
    return f"*{loose}*"


def meant(aid: Aid, path: str, failed: ToolResult | None = None) -> Steps[str]:
    """The one file that a name which does not exist stands for. Raises Stuck when it is none, or more than one.

    `failed` is the result that said so: tools name what comes close.
    """
    name = path.rstrip("/").rpartition("/")[2] or path
    if "find_files" not in aid.tools:
        raise Stuck(aid.say("not found", file=code(path)))
    result = yield from must(aid, "find_files", glob=any_case(name), limit=10)
    found = readings.listing(result.text).entries
    exact = [
        e
        for e in found
        if e.name.rpartition("/")[2].lower().rpartition(".")[0] == name.lower()
        or e.name.rpartition("/")[2].lower() == name.lower()
    ]
    if len(exact) == 1 or len(found) == 1:
        return (exact if len(exact) == 1 else found)[0].name
    close = [e.name for e in found] or _close_names(failed) or (yield from _alike(aid, name))
    if close:
        raise Stuck(f"{aid.say('which', file=code(path))}\n\n{bullets(code(name) for name in close)}")
    raise Stuck(aid.say("not found", file=code(path)))


def _alike(aid: Aid, name: str) -> Steps[list[str]]:
    """Files anywhere whose names look like `name`: slips of the keyboard."""
    import difflib  # 4 ms: only names that nothing has need it

    page = readings.listing((yield from must(aid, "find_files", type="file")).text)
    paths: dict[str, str] = {}
    for entry in page.entries:
        paths.setdefault(entry.name.rpartition("/")[2].lower(), entry.name)
    return [paths[n] for n in difflib.get_close_matches(name.lower(), list(paths)[:2000], 3, 0.7)]


def _close_names(failed: ToolResult | None) -> list[str]:
    _, _, close = failed.text.partition("did you mean ") if failed else ("", "", "")
    return re.findall(r"`([^`\n]{1,200})`", close)


class Opened(Data, frozen=True):
    """A file as it was read, and the name it was found under."""

    path: str
    reading: readings.Reading
    remark: str = ""


def opened(aid: Aid, path: str, **args: Any) -> Steps[Opened]:
    """Read a file, or the one that its name comes close to. Raises Stuck when it can't be read."""
    result = yield from ask(aid, "read_file", path=path, **args)
    remark = ""
    if is_missing(result):
        asked, path = path, (yield from meant(aid, path, result))
        remark = aid.say("took", asked=asked.replace("`", "'"), file=code(path))
        result = yield from ask(aid, "read_file", path=path, **args)
    if not result.ok:
        if says(result, "binary"):
            raise Stuck(aid.say("binary", file=code(path)))
        if says(result, "is_folder"):
            raise Stuck(aid.say("is folder", file=code(path)))
        fail(aid, result)
    return Opened(path, readings.reading(result.text), remark)


def glob_of(names: tuple[str, ...], *, loose: bool = True) -> str | None:
    """One glob for several patterns; endings in small letters also stand for capitals when `loose`."""
    if not names or names == ("*",):
        return None
    endings = [n[2:] for n in names if re.fullmatch(r"\*\.\w+", n)]
    if len(endings) == len(names):
        both = list(dict.fromkeys([*endings, *(e.upper() for e in endings if loose)]))
        return f"*.{both[0]}" if len(both) == 1 else f"*.{{{','.join(both)}}}"
    return names[0] if len(names) == 1 else f"{{{','.join(names)}}}"


def shown_names(names: tuple[str, ...]) -> str:
    """Patterns in words, the first few."""
    return ", ".join(code(n) for n in names[:4]) + (", …" if len(names) > 4 else "")
