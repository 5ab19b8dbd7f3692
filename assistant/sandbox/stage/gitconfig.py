"""Reads a git configuration file for one question: which settings in it make git run a program, or read another file.

Syntax: git-config(1), "Syntax". Anything that can't be read surely counts as suspect, since git may read it differently.
"""

from __future__ import annotations

import re

from assistant.errors import AssistantError

_SECTION = re.compile(r'\[\s*([A-Za-z0-9.\-]+)(?:\s+"((?:[^"\\\n]|\\.)*)")?\s*\]')
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9\-]*)[ \t]*")

# git-config(1) of git 2.52, all settings whose value is a command, a path to one, or a file that is read as configuration.
_EXECUTES = re.compile(
    r"""
    core\.(hookspath|fsmonitor|sshcommand|editor|pager|askpass|gitproxy|alternaterefscommand|worktree)
    | filter\..*\.(clean|smudge|process)
    | diff\.external | diff\..*\.(command|textconv)
    | merge\..*\.driver | merge\.tool | diff\.(gui)?tool | (merge|diff)tool\..*\.(cmd|path)
    | credential\.(.*\.)?helper | gpg\.(.*\.)?(program|defaultkeycommand)
    | include\.path | includeif\..*\.path
    | interactive\.difffilter | pager\..* | sequence\.editor | uploadpack\.packobjectshook
    | remote\..*\.(uploadpack|receivepack|vcs|proxy) | protocol\.(.*\.)?allow
    | sendemail\..*(cmd|command|smtpserver) | browser\..*\.(cmd|path) | web\.browser | man\..*\.(cmd|path) | help\.browser
    | instaweb\..* | guitool\..* | trailer\..*\.(command|cmd) | tar\..*\.command | hook\..* | init\.templatedir
    | imap\.tunnel | safe\..*
    | lfs\..* | http\.(.*\.)?(proxy|sslcainfo|sslverify|cookiefile|extraheader)
    """,
    re.VERBOSE,
)  # fmt: skip
_RUNS_WHEN_BANG = re.compile(r"alias\..*|submodule\..*\.update")
_ADDRESS = re.compile(r"remote\..*\.(url|pushurl)|submodule\..*\.url|url\..*\.(insteadof|pushinsteadof)")
_RUNS_AS_ADDRESS = re.compile(r"\s*(ext|fd)::", re.IGNORECASE)


class UnreadableConfig(AssistantError):
    """The file is not a git configuration that could be read surely."""


def executing_settings(text: str) -> set[tuple[str, str]]:
    """(key, value) of every setting that may run something. Keys as git compares them. Raises UnreadableConfig."""
    return {(key, value) for key, value in settings(text) if _runs(key, value)}


def _runs(key: str, value: str) -> bool:
    plain = key.lower()
    if _EXECUTES.fullmatch(plain):
        return True
    if _RUNS_WHEN_BANG.fullmatch(plain):
        return value.lstrip().startswith("!")
    if _ADDRESS.fullmatch(plain):
        return bool(_RUNS_AS_ADDRESS.match(value)) or value.startswith("-") or bool(_RUNS_AS_ADDRESS.match(key[4:]))
    return False


def settings(text: str) -> list[tuple[str, str]]:
    """Every (section.subsection.name, value), section and name in lower case. Raises UnreadableConfig."""
    found: list[tuple[str, str]] = []
    section, at = "", 0
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    while at < len(text):
        char = text[at]
        if char in " \t\n":
            at += 1
        elif char in "#;":
            at = _line_end(text, at)
        elif char == "[":
            match = _SECTION.match(text, at)
            if not match:
                raise UnreadableConfig(f"no section at offset {at}")
            sub = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else None
            section = match[1].lower() + (f".{sub}" if sub is not None else "")
            at = match.end()
        else:
            match = _NAME.match(text, at)
            if not match or not section:
                raise UnreadableConfig(f"no setting at offset {at}")
            at = match.end()
            value = "true"
            if at < len(text) and text[at] == "=":
                value, at = _value(text, at + 1)
            elif at < len(text) and text[at] not in "\n#;":
                raise UnreadableConfig(f"no `=` at offset {at}")
            found.append((f"{section}.{match[1].lower()}", value))
    return found


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _value(text: str, at: int) -> tuple[str, int]:
    out: list[str] = []
    quoted = False
    while at < len(text):
        char = text[at]
        if char == "\\":
            after = text[at + 1 : at + 2]
            if after not in ("\n", "\\", '"', "n", "t", "b"):
                raise UnreadableConfig(f"an escape at offset {at}")
            out.append({"\n": "", "n": "\n", "t": "\t", "b": "\b"}.get(after, after))
            at += 2
            continue
        if char == "\n":
            if quoted:
                raise UnreadableConfig("a quotation that does not end")
            break
        if char == '"':
            quoted = not quoted
        elif char in "#;" and not quoted:
            at = _line_end(text, at)
            break
        else:
            out.append(char)
        at += 1
    if quoted:
        raise UnreadableConfig("a quotation that does not end")
    return "".join(out).strip(), at
