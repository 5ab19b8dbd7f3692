"""Prohibitions in the person's words ("never push") as forbid policies, which they see and confirm before they hold.

The words are matched against a list of forms, in English and Chinese. What fits no form is refused with examples rather
than guessed: a boundary that means less than the person thinks is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from assistant.errors import UsageError
from assistant.types import Boundary

EXAMPLES = (
    "never push",
    "never touch src/generated",
    "never read secrets/",
    "never contact example.com",
    "never delete",
    "never run npm publish",
    "never use the network",
    "never send mail",
    "never pay",
    "不要推送",
    "不要修改 src/generated",
    "不要联系 example.com",
    "不要删除",
)

_NEVER = re.compile(
    r"(?i)^\s*(?:/?never|do\s*n[o']t|don’t|please\s+(?:never|don't)|no|绝不|不要|禁止|不许|别|不得|永远不要)\s*"
)


def propose(words: str, *, name: str, folder: str, task: str = "") -> Boundary:
    """The forbid policy that the words become. `name` is the boundary's id, chosen by the caller.

    Raises UsageError with examples when the words fit no form.
    """
    plain = re.sub(r"\s+", " ", words).strip().rstrip(".!。！")
    body = _NEVER.sub("", plain, count=1).strip()
    ident = f"boundary-{name}"
    said = plain if _NEVER.match(plain) else f"never {plain}"
    for form, make in _FORMS:
        found = re.fullmatch(form, body, re.IGNORECASE)
        policies = make({k: v.strip() for k, v in found.groupdict().items() if v}, folder) if found else ()
        if policies:
            return Boundary(name, said, "\n".join(_annotated(policies, ident, said)), task)
    raise UsageError(f"`{words}` can't be put as a rule", hint="for example: " + "; ".join(f"`{e}`" for e in EXAMPLES))


def _annotated(policies: tuple[str, ...], ident: str, said: str) -> Iterator[str]:
    for number, policy in enumerate(policies, 1):
        name = ident if number == 1 else f"{ident}-{number}"
        yield f'@id({_quoted(name)})\n@reason({_quoted(f"you said: {said}")})\n@code("boundary")\n{policy}'


def _quoted(text: str) -> str:
    """A Cedar string. Control characters are written as escapes."""
    out: list[str] = []
    for char in text:
        if char in '"\\':
            out.append("\\" + char)
        elif char.isprintable():
            out.append(char)
        else:
            out.append(f"\\u{{{ord(char):x}}}")
    return '"' + "".join(out) + '"'


# ---------------------------------------------------------------- what each form becomes

_Policies = tuple[str, ...]


def _command(words: str) -> _Policies:
    """The command by name, whatever else it says; what can't be read well enough to tell is asked."""
    name = _quoted(" ".join(words.split()))
    return (
        f"forbid(principal, action, resource in Command::{name});",
        'forbid(principal, action == Action::"execute", resource) unless { context.understood || context.approved };',
    )


def _any(*actions: str) -> _Policies:
    names = ", ".join(f'Action::"{a}"' for a in actions)
    return (f"forbid(principal, action in [{names}], resource);",)


def _paths(actions: tuple[str, ...], path: str, folder: str, condition: str = "") -> _Policies:
    if any(c in path for c in "*?[]{}$"):
        return ()
    place = path.rstrip("/") or "/"
    full = place if place.startswith("/") else f"{folder.rstrip('/')}/{place.removeprefix('./')}"
    if "/../" in f"{full}/" or "/./" in f"{full}/":
        return ()
    names = ", ".join(f'Action::"{a}"' for a in actions)
    where = f"(resource in Folder::{_quoted(full)} || resource in File::{_quoted(full)}){condition}"
    return (f"forbid(principal, action in [{names}], resource) when {{ {where} }};",)


def _contact(host: str) -> _Policies:
    names = ", ".join(f'Action::"{a}"' for a in ("fetch", "send", "act", "write"))
    if "@" in host:
        return (f"forbid(principal, action in [{names}], resource == Account::{_quoted(host.lower())});",)
    name = re.sub(r"(?i)^https?://", "", host).split("/")[0].split(":")[0].lower().removeprefix("*.")
    return (f"forbid(principal, action in [{names}], resource in Host::{_quoted(name)});",) if "." in name else ()


def _no_network() -> _Policies:
    return (
        *_any("fetch", "send", "act"),
        'forbid(principal, action == Action::"execute", resource) when { context.network };',
    )


def _no_deletion() -> _Policies:
    return (*_any("delete"), 'forbid(principal, action == Action::"apply", resource) when { context.deletes };')


_HOST = r"(?P<host>[\w.+-]+@[\w.-]+\.\w+|(?:https?://)?(?:\*\.)?[\w-]+(?:\.[\w-]+)+\S*)"
_PATH = r"(?:the )?(?:folder |file |directory |anything (?:in|under|below) )?[`'\"“]?(?P<path>[^`'\"”]+?)[`'\"”]?"
_CHANGES = ("write", "delete", "apply")

_Make = Callable[[Mapping[str, str], str], _Policies]
_FORMS: tuple[tuple[str, _Make], ...] = (
    (
        r"(?:git |force[- ])?push(?:es|ing)?(?: (?:to (?:a |the )?(?:remote|origin|github|gitlab)|anything|code))?"
        r"|(?:强制)?推送(?:代码)?",
        lambda m, f: _command("git push"),
    ),
    (r"(?:git )?commit(?:ting)?(?: anything)?|提交(?:代码)?", lambda m, f: _command("git commit")),
    (r"(?:use |need |become )?(?:sudo|root)|使用 ?sudo", lambda m, f: _command("sudo")),
    (
        r"(?:delete|remove)(?: (?:anything|(?:any )?files?|things?))?|删除?(?:任何)?(?:文件|东西)?",
        lambda m, f: _no_deletion(),
    ),
    (
        r"(?:change|write|modify|edit|touch)(?: (?:anything|(?:any )?files?))?|(?:修改|改动)(?:任何)?(?:文件|东西)?",
        lambda m, f: _any(*_CHANGES),
    ),
    (
        r"(?:run|execute)(?: (?:anything|(?:any )?commands?|programs?))?|(?:运行|执行)(?:任何)?(?:命令|程序)?",
        lambda m, f: _any("execute"),
    ),
    (
        r"(?:use |access |go on |touch )?(?:the )?(?:network|internet|web)|go online"
        r"|(?:使用|访问)?(?:网络|互联网)|联网|上网",
        lambda m, f: _no_network(),
    ),
    (
        r"send(?: (?:anything|(?:any )?(?:(?:e-?)?mails?|messages?)))?|e?-?mail(?: (?:anyone|anybody|people))?"
        r"|发送?(?:任何)?(?:邮件|消息|信息)?",
        lambda m, f: _any("send"),
    ),
    (
        r"pay(?: anyone)?|(?:send|spend|transfer) (?:any )?money|buy(?: anything)?|付款|支付|转账|花钱",
        lambda m, f: _any("pay"),
    ),
    (r"book(?: anything)?|预[订定]", lambda m, f: _any("book")),
    (r"apply(?: (?:anything|changes))?|应用(?:更改|修改)?", lambda m, f: _any("apply")),
    (
        r"(?:contact|reach|visit|connect to|talk to|fetch(?: from)?|send(?: anything)? to|e?-?mail|write to|message"
        r"|联系|访问|连接|发(?:送)?(?:邮件|消息)?给) ?" + _HOST,
        lambda m, f: _contact(m["host"]),
    ),
    (
        r"(?:read|open|look (?:at|in(?:to|side)?)|list|读取?|查看|打开) ?" + _PATH,
        lambda m, f: _paths(("read", "execute", *_CHANGES), m["path"], f),
    ),
    (
        r"(?:touch|change|modify|edit|write(?: to| in)?|overwrite|修改|改动?|动|碰|编辑|写入?) ?" + _PATH,
        lambda m, f: _paths(_CHANGES, m["path"], f),
    ),
    (
        r"(?:delete|remove|删除?) ?" + _PATH,
        lambda m, f: _paths(("delete", "apply"), m["path"], f, ' && (context.deletes || action == Action::"delete")'),
    ),
    (
        r"(?:run|use|call|execute|start|运行|执行|使用) ?[`'\"]?(?P<command>[\w./+-]+(?: [\w./:=+@-]+){0,3})[`'\"]?",
        lambda m, f: _command(m["command"]),
    ),
)
"""Tried in order; the first that fits the whole of the words counts."""
