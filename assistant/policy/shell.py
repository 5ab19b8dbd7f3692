"""Reads a shell line with a real parser and lists every command in it, however wrapped.

Wrappers (`env`, `xargs`, `sudo`, `sh -c`, `find -exec`, `eval`) are opened. What can't be read for sure (a command name made by
an expansion, text piped into a shell, a syntax error) makes `understood` false; commands that were found still count.

The parser is tree-sitter's Bash grammar. Its tree is walked with a fixed list of known node types: a type that is not on
the list makes the line not understood, so that a grammar that learns new words can't open a hole.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from assistant.policy import unwrap
from assistant.types import Data

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MAX_BYTES = 65_536
MAX_COMMANDS = 150
MAX_NESTING = 60
"""Bytes of a line, commands in it, and depth of its syntax tree: a line beyond any of them is not understood. Chosen."""
MAX_SHELLS = 5
"""How deep `sh -c "sh -c ..."` is followed."""
DYNAMIC = "\ufffd"
"""Stands in an argument for what only the shell will know."""


class Redirect(Data, frozen=True):
    """Where a command's input or output goes. `path` is empty when only the shell will know."""

    operator: str
    path: str


class ShellLine(Data, frozen=True):
    """What a line would run."""

    commands: tuple[tuple[str, ...], ...]
    """Argument lists in the order they stand, wrappers opened. An argument may hold DYNAMIC."""
    redirects: tuple[Redirect, ...] = ()
    understood: bool = True
    unclear: tuple[str, ...] = ()
    """Why it is not understood, for the person."""

    @property
    def argvs(self) -> list[list[str]]:
        """The fact `commands` of an Action."""
        return [list(c) for c in self.commands]


def parse(text: str) -> ShellLine:
    """Take a line apart. Never raises: what can't be read is not understood."""
    reading = _Reading()
    reading.line(text, 0)
    return ShellLine(
        tuple(reading.commands[:MAX_COMMANDS]),
        tuple(reading.redirects),
        not reading.unclear,
        tuple(dict.fromkeys(reading.unclear)),
    )


@cache
def _parser() -> Parser:
    import tree_sitter  # 24 ms: only when a command is judged
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


_WALKED = frozenset({
    "program", "list", "pipeline", "subshell", "compound_statement", "negated_command", "redirected_statement", "do_group",
    "if_statement", "elif_clause", "else_clause", "while_statement", "for_statement", "c_style_for_statement",
    "case_statement", "case_item", "test_command", "unary_expression", "binary_expression", "ternary_expression",
    "parenthesized_expression", "postfix_expression", "command_substitution", "process_substitution", "string",
    "concatenation", "expansion", "arithmetic_expansion", "array", "subscript", "translated_string", "file_redirect",
    "herestring_redirect", "heredoc_redirect", "heredoc_body", "unset_command", "variable_assignments",
})  # fmt: skip
_LEAVES = frozenset({
    "word", "number", "raw_string", "ansi_c_string", "string_content", "simple_expansion", "variable_name",
    "special_variable_name", "comment", "test_operator", "file_descriptor", "heredoc_start", "heredoc_end", "regex",
    "extglob_pattern", "brace_expression", "heredoc_content",
})  # fmt: skip
_CHANGES_MEANING = re.compile(
    r"^(?:PATH|IFS|ENV|BASH_ENV|SHELLOPTS|BASHOPTS|PROMPT_COMMAND|LD_\w+|GIT_\w+|EDITOR|VISUAL|PAGER|\w*_EDITOR|\w*_PAGER|"
    r"PYTHONSTARTUP|PYTHONPATH|NODE_OPTIONS|PERL5OPT|RUBYOPT|\w+_PROXY|\w+_proxy|BASH_FUNC.*)$"
)
_UNREADABLE = frozenset({"alias", "parallel", "coproc", "enable", "hash", "bind", "complete"})
"""Builtins and programs after which a name may mean something else, or which build commands of their own."""


class _Reading:
    def __init__(self) -> None:
        self.commands: list[tuple[str, ...]] = []
        self.redirects: list[Redirect] = []
        self.unclear: list[str] = []

    def line(self, text: str, shells: int) -> None:
        raw = text.encode("utf-8", "surrogateescape")
        if len(raw) > MAX_BYTES or shells > MAX_SHELLS:
            self.unclear.append("the command is too long or too deep")
            return
        if "\0" in text:
            self.unclear.append("a null byte")
        root = _parser().parse(raw).root_node
        if root.has_error:
            self.unclear.append("not valid shell syntax")
        self._walk(root, 0, shells)

    def _walk(self, node: Node, depth: int, shells: int) -> None:
        if depth > MAX_NESTING:
            self.unclear.append("nested too deep")
            return
        kind = node.type
        if kind in ("command", "declaration_command"):
            self._command(node, depth, shells)
            return
        if kind == "pipeline":
            self._pipeline(node)
        elif kind == "redirected_statement":
            self._fed_by_redirect(node, shells)
        elif kind in ("file_redirect", "herestring_redirect"):
            self._redirect(node)
        elif kind == "variable_assignment":
            self._assignment(node)
        elif kind == "process_substitution":
            if any(map(_is_shell_reading_stdin, node.named_children)) and _text(node).startswith(">"):
                self.unclear.append("text piped into a shell")
        elif kind == "function_definition":
            self.unclear.append("a function that may shadow a command")
        elif kind == "ERROR":
            pass  # already said; what is inside still counts
        elif kind not in _WALKED and kind not in _LEAVES:
            self.unclear.append(f"`{kind}`")
        for child in node.named_children:
            self._walk(child, depth + 1, shells)

    def _command(self, node: Node, depth: int, shells: int) -> None:
        words: list[str] = []
        for child in node.children:
            if child.type in ("variable_assignment", "file_redirect", "herestring_redirect", "heredoc_redirect"):
                self._walk(child, depth + 1, shells)
            elif child.type == "command_name" or child.is_named or node.type == "declaration_command":
                inner = child.named_children[0] if child.type == "command_name" and child.named_children else child
                words.append(word(inner))
                self._walk(inner, depth + 1, shells)
        fed = any(child.type in ("herestring_redirect", "file_redirect") for child in node.children)
        if fed and unwrap.reads_commands(words):
            self.unclear.append("text fed into a shell")
        if words:
            self.argv(words, shells)

    def argv(self, words: list[str], shells: int) -> None:
        """One command as an argument list; wrappers are opened and what they run is listed too."""
        if len(self.commands) >= MAX_COMMANDS:
            self.unclear.append("too many commands")
            return
        name = words[0].rpartition("/")[2]
        if unwrap.is_unclear_name(words[0]):
            self.unclear.append(f"a command name that only the shell will know: `{words[0].replace(DYNAMIC, '$…')}`")
        self.commands.append(tuple(words))
        if name in _UNREADABLE or unwrap.hides_subcommand(name, words):
            self.unclear.append(f"`{name}` with parts that can't be read")
        opened = unwrap.opened(name, words)
        if opened.unclear:
            self.unclear.append(opened.unclear)
        for script in opened.scripts:
            self.line(script, shells + 1)
        for inner in opened.commands:
            if shells >= MAX_SHELLS:
                self.unclear.append("wrapped too deep")
            else:
                self.argv(inner, shells + 1)

    def _pipeline(self, node: Node) -> None:
        for child in node.named_children[1:]:
            if _is_shell_reading_stdin(child):
                self.unclear.append("text piped into a shell")

    def _fed_by_redirect(self, node: Node, shells: int) -> None:
        body = node.child_by_field_name("body")
        for child in node.named_children:
            if child.type == "heredoc_redirect":
                self._heredoc(child, body, shells)
            elif child.type in ("herestring_redirect", "file_redirect") and body and _is_shell_reading_stdin(body):
                self.unclear.append("text fed into a shell")

    def _heredoc(self, node: Node, body: Node | None, shells: int) -> None:
        reader = body if body is not None and _is_shell_reading_stdin(body) else None
        for child in node.named_children:
            if child.type == "pipeline":
                reader = next((c for c in child.named_children if _is_shell_reading_stdin(c)), reader)
        text = next((_text(c) for c in node.named_children if c.type == "heredoc_body"), "")
        if reader is not None and _is_shell_reading_stdin(reader, shell_only=True):
            self.line(text, shells + 1)
        elif reader is not None:
            self.unclear.append("a program fed to an interpreter")

    def _redirect(self, node: Node) -> None:
        target = node.child_by_field_name("destination")
        path = word(target) if target is not None else ""
        signs = "".join(_text(c) for c in node.children if not c.is_named)
        self.redirects.append(Redirect(signs, "" if DYNAMIC in path else path))
        if (network := re.match(r"/dev/(?:tcp|udp)/([^/]+)/", path)) is not None:
            self.commands.append(("nc", network[1]))

    def _assignment(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        if name is not None and _CHANGES_MEANING.match(_text(name)):
            self.unclear.append(f"`{_text(name)}` changes what commands mean")


def _is_shell_reading_stdin(node: Node, *, shell_only: bool = False) -> bool:
    """A shell (or, unless `shell_only`, any interpreter) without a script of its own runs what it reads."""
    while node.type in ("redirected_statement", "negated_command") and node.named_children:
        node = node.child_by_field_name("body") or node.named_children[0]
    if node.type != "command":
        return node.type in ("subshell", "compound_statement") and any(
            map(_is_shell_reading_stdin, node.named_children)
        )
    words = [
        word(c.named_children[0] if c.type == "command_name" and c.named_children else c) for c in node.named_children
    ]
    return unwrap.reads_commands(words) and not (shell_only and words[0].rpartition("/")[2] not in unwrap.SHELLS)


# ---------------------------------------------------------------- words


def word(node: Node) -> str:
    """The text of a word after quotes and escapes, with DYNAMIC for what the shell will put in."""
    text = _text(node)
    match node.type:
        case "word" | "number" | "extglob_pattern" | "variable_name" | "special_variable_name" | "test_operator":
            return re.sub(r"\\(\n|.)", lambda m: "" if m[1] == "\n" else m[1], text, flags=re.DOTALL)
        case "raw_string":
            return text[1:-1]
        case "ansi_c_string":
            return _ansi(text[2:-1])
        case "string" | "translated_string":
            return _double_quoted(node)
        case "concatenation":
            return _joined(node)
        case "variable_assignment":
            value = node.child_by_field_name("value")
            name = node.child_by_field_name("name")
            return f"{_text(name) if name else ''}={word(value) if value else ''}"
        case "command_name":
            return word(node.named_children[0]) if node.named_children else text
        case _:
            return text if not node.is_named else DYNAMIC


def _joined(node: Node) -> str:
    """Pieces side by side. Signs between them that have no node of their own are kept as they are."""
    out: list[str] = []
    at = node.start_byte
    raw = node.text or b""
    for child in node.children:
        gap = raw[at - node.start_byte : child.start_byte - node.start_byte]
        out += [gap.decode("utf-8", "surrogateescape"), word(child)]
        at = child.end_byte
    return "".join(out)


def _double_quoted(node: Node) -> str:
    out: list[str] = []
    at = node.start_byte
    raw = node.text or b""
    for child in node.children:
        gap = raw[at - node.start_byte : child.start_byte - node.start_byte].decode("utf-8", "surrogateescape")
        out.append(gap)
        if child.is_named:
            out.append(_text(child) if child.type == "string_content" else DYNAMIC)
        at = child.end_byte
    return re.sub(r'\\([$`"\\\n])', lambda m: "" if m[1] == "\n" else m[1], "".join(out))


def _ansi(text: str) -> str:
    """The escapes of `$'...'` (bash manual, 3.1.2.4)."""
    plain = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}

    def escape(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] == "x":
            return chr(int(code[1:], 16))
        if code[0] in "uU":
            number = int(code[1:], 16)
            return chr(number) if number < 0x110000 else DYNAMIC
        if code[0] in "01234567":
            return chr(int(code, 8) & 0xFF)
        if code[0] == "c":
            return chr(ord(code[1]) & 0x1F)
        return plain.get(code, code)

    form = r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|c.|.)"
    return re.sub(form, escape, text, flags=re.DOTALL)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "surrogateescape")
