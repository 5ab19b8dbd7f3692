"""Running a command, and the project's tests."""

from __future__ import annotations

import re
import shlex
from datetime import date

from assistant.models.offline.grammar.pattern import fits
from assistant.models.offline.mentions import QUOTE, Utterance
from assistant.models.offline.wish import Intent, Wish

_TESTS = (
    r"(?:run|execute|start|do) (?:the |all |all the |my |our |unit |this project's |its )*(?:tests?|test suite|unit tests?)(?: here| suite| for me)?",
    r"(?:test (?:the |this |my )?(?:project|code|repo|everything)|do (?:the )?tests? pass|check (?:if|whether|that) (?:the |all )*tests? pass)",
    r"(?:运行|跑|执行|做)(?:一下|一遍)?(?:所有|全部|项目的?|这个项目的?|单元)*(?:的)?(?:测试|单测|用例|测试用例)|测试(?:一下)?(?:项目|代码|这个项目)?|测试(?:能|都)?通过.*",
)
_COMMAND = (
    r"[$!>] ?(?=[\w./~\ue000-\ue3ff])(?P<c>{T})",
    r"(?:run|execute|exec|invoke|launch|start)(?: (?:the|this|a|following|shell|bash|terminal))*(?: (?:command|script|program|cmd|line))?[: ]+(?P<c>{T})",
    r"(?:运行|执行|跑|启动|调用)(?:一下|下|一次)?(?:这个|这条|如下|下面|以下)?(?:的)?(?:命令|指令|脚本|程序|shell)?[:,]?\s*(?P<c>{T})",
    r"用(?:命令行?|终端|shell|bash)(?:运行|执行|跑)?[:,]?\s*(?P<c>{T})",
)
# What a person who works in a terminal types as it is.
_TYPED = r"(?P<c>(?:git|make|npm|npx|yarn|pnpm|pip|uv|cargo|go(?= (?:build|test|run|vet|mod|fmt|get|install|version|generate|list|work|doc)\b)|python3?|node|pytest|ruff|docker|mkdir|touch|wc|du|df|ps|pwd|whoami|uname|date|echo|sed|awk|sort|uniq|chmod|tree|env|curl|wget|ssh|tar|zip|unzip)(?: (?:[-./\w=:'\"*@+,~$]|{m})+)*(?: ?(?:\||&&|;|>>?|2>&1) ?.+)?|find (?:\.|{f}) -.+)"
_LAUNCHERS = {
    ".py": "python3",
    ".sh": "bash",
    ".js": "node",
    ".mjs": "node",
    ".rb": "ruby",
    ".pl": "perl",
    ".php": "php",
    ".lua": "lua",
    ".r": "Rscript",
    ".go": "go run",
}


def recognise(said: Utterance, _today: date) -> Wish | None:
    """`run ...`, `$ ...`, `运行 ...`, and commands typed as such."""
    if fits(said, *_TESTS):
        return Wish(Intent.TESTS)
    found = fits(said, *_COMMAND)
    if found and _is_command(said, found.part("c")):
        command = _command(found.part("c"), found["c"], found.typed("c"))
        return Wish(Intent.RUN, text=command) if command else Wish(Intent.RUN, missing="command")
    if fits(said, r"(?:run|execute|运行|执行)(?: (?:a|the|this) (?:command|script)|一?(?:个|条)?命令)?"):
        return Wish(Intent.RUN, missing="command")
    found = fits(said, _TYPED)
    if (
        found
        and re.match(r"\w+(?: |$)", said.text)
        and (" -" in said.text or not _PROSE.search(said.text))
        and (" " in said.text or said.text in _ALONE)
    ):
        ordinary = (
            said.text.startswith(_ORDINARY) and " -" not in said.text and not said.mentions and said.text not in _ALONE
        )
        return None if ordinary else Wish(Intent.RUN, text=found.typed("c"))
    return None


_PROSE = re.compile(
    r"[\u3400-\u9fff]|\b(?:the|is|are|in this|all|a|an|me|my|files?|folders?|new|of|copy|it|this|that|sure|every\w*|list|names?)\b"
)
# Words that are commands and ordinary words too: only with a file or an option are they commands.
_ORDINARY = ("touch", "sort", "date", "tree", "uniq", "wc", "env", "node", "ps", "time")
_NOT_COMMANDS = re.compile(
    r"(?:a|an|my|your|out|away|into|for|in|on|off|it|this|that|these|those|some|all|everything|me|us|to|with|around|errands|free|late|again|up|down|the)\b(?! ?[\ue000-\ue1ff])"
)


def _is_command(said: Utterance, part: Utterance) -> bool:
    if part.text[0] in part.mentions:
        return True
    if not part.text[0].isascii() or _NOT_COMMANDS.match(part.text):
        return False
    # `start` and `launch` are said of many things; `run` and `execute` of commands.
    return bool(re.match(r"[$!>]|run\b|execute\b|exec\b|运行|执行|跑|用", said.text)) or bool(fits(part, _TYPED))


_ALONE = {"make", "pytest", "pwd", "whoami", "date", "df", "ps", "tree", "uname", "env"}


def _command(part: Utterance, value: str, typed: str) -> str:
    quotes = part.of_kind(QUOTE)
    if len(part.text) == 1 and part.mentions:
        mention = part.mentions.get(part.text)
        if mention and mention.kind != QUOTE:
            return launch(value)
        return value
    # "run `make test` in this folder": the quotation is the command and the rest is talk.
    if (
        quotes
        and part.text[0] in part.mentions
        and part.mentions[part.text[0]].kind == QUOTE
        and part.mentions[part.text[0]].source[0] == "`"
    ):
        return quotes[0]
    return re.sub(r"\s*(?:命令|这个命令|指令)$", "", typed).strip()


def launch(path: str) -> str:
    """The command that runs a program file: by its language, else as it is."""
    quoted = shlex.quote(path)
    launcher = next((how for e, how in _LAUNCHERS.items() if path.lower().endswith(e)), "")
    if launcher:
        return f"{launcher} {quoted}"
    if path.lower() == "makefile":
        return "make"
    return quoted if "/" in path else f"./{quoted}"
