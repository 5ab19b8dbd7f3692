"""Changes that always wait for a person: what would run code later, outside every sandbox, without anyone starting it.

Names are compared at any depth, without regard to case and to characters that file systems ignore. Build files (Makefile,
package.json, conftest.py ...) are not here: they run when somebody runs them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from assistant.sandbox.stage.gitconfig import UnreadableConfig, executing_settings
from assistant.sandbox.stage.seen import Seen
from assistant.sandbox.stage.tree import LONGEST

_SHELL = "runs when a shell starts"
_EDITOR = "an editor runs or obeys it on opening the folder"
_AGENT = "steers other agents, or starts their servers"
_LOGIN = "runs at login"
_TOOL = "a program that is started here obeys it"

FILES = {
    **dict.fromkeys((".envrc", ".autoenv", ".autoenv.zsh", ".mise.toml", "mise.toml", ".rtx.toml"), _SHELL),
    **dict.fromkeys(
        (
            ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile", ".zshrc", ".zshenv",
            ".zprofile", ".zlogin", ".zlogout", ".kshrc", ".cshrc", ".tcshrc", ".login", ".logout", ".inputrc",
            "config.fish", "config.nu", "env.nu", ".xonshrc",
        ),
        _SHELL,
    ),
    **dict.fromkeys((
            ".xprofile", ".xinitrc", ".xsession", ".xsessionrc", ".pam_environment", ".crontab", ".forward", ".procmailrc",
            ".rhosts", ".shosts", ".k5login",
        ), _LOGIN),
    **dict.fromkeys(
        (
            ".vimrc", ".exrc", ".nvimrc", ".nvim.lua", ".lvimrc", ".gvimrc", ".ideavimrc", ".dir-locals.el",
            ".dir-locals-2.el", ".emacs", ".devcontainer.json", ".kakrc",
        ),
        _EDITOR,
    ),
    **dict.fromkeys(
        (
            ".mcp.json", "mcp.json", "mcp_config.json", "claude.md", "claude.local.md", "agents.md", "agents.override.md",
            "gemini.md", "copilot-instructions.md", ".cursorrules", ".windsurfrules", ".clinerules", ".goosehints",
            ".aider.conf.yml", "opencode.json", "opencode.jsonc", ".claude.json", ".assistant.toml",
        ),
        _AGENT,
    ),
    **dict.fromkeys(
        (
            ".gdbinit", ".lldbinit", ".pdbrc", ".pdbrc.py", ".rprofile", ".irbrc", ".pryrc", ".sqliterc", ".psqlrc",
            ".curlrc", ".wgetrc", ".netrc", ".my.cnf", ".tmux.conf", ".screenrc", ".gitconfig", ".hgrc", ".pythonrc",
            ".pythonrc.py", ".yarnrc.yml", ".yarnrc", ".npmrc", ".renviron", ".ghci", ".ocamlinit", ".iex.exs", "usercustomize.py", "sitecustomize.py", ".pypirc", ".condarc",
        ),
        _TOOL,
    ),
    **dict.fromkeys(
        (".pre-commit-config.yaml", "lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook.yaml", ".overcommit.yml"),
        "git runs what it names, where its hook is installed",
    ),
}  # fmt: skip
"""By name alone."""

FOLDERS = {
    **dict.fromkeys((".idea", ".vim", ".nvim", ".emacs.d", ".zed", ".fleet", ".devcontainer", ".theia", ".helix"), _EDITOR),
    **dict.fromkeys(
        (
            ".claude", ".cursor", ".windsurf", ".codex", ".gemini", ".continue", ".roo", ".kiro", ".junie", ".amp",
            ".goose", ".opencode", ".aider", ".cline", ".assistant",
        ),
        _AGENT,
    ),
    ".husky": "git runs what lies here",
    ".ssh": "opens or redirects logins",
    ".gnupg": "decides whose signatures count",
    ".direnv": _SHELL,
    ".ipython": _TOOL,
}  # fmt: skip
"""Everything in a folder of this name."""

_PATHS = (
    (re.compile(r"(^|/)\.vscode/(settings|tasks|launch|mcp|extensions)\.json$|\.code-workspace$"), _EDITOR),
    (re.compile(r"\.sublime-(project|settings|build)$|(^|/)\.run/[^/]*\.run\.xml$"), _EDITOR),
    (re.compile(r"(^|/)\.config/(autostart|systemd|environment\.d|plasma-workspace)(/|$)"), _LOGIN),
    (re.compile(r"(^|/)\.local/share/(applications|systemd|dbus-1)(/|$)|(^|/)library/launchagents(/|$)"), _LOGIN),
    (re.compile(r"(^|/)\.config/fish/|(^|/)\.(bash|zsh)rc\.d/|(^|/)\.mise/config[^/]*\.toml$"), _SHELL),
    (
        re.compile(r"(^|/)\.config/(sway|i3|hypr|awesome|bspwm|river|niri|tmux|kitty|wezterm|alacritty|ghostty)(/|$)"),
        _LOGIN,
    ),
    (re.compile(r"(^|/)\.config/(zsh|bash|elvish|xonsh)(/|$)|(^|/)\.config/starship\.toml$"), _SHELL),
    (re.compile(r"(^|/)\.?mise(\.[^/]+)?\.toml$"), _SHELL),
    (re.compile(r"(^|/)\.config/(code|code - oss|vscodium|cursor|emacs|doom|helix|zed|micro)(/|$)"), _EDITOR),
    (re.compile(r"(^|/)\.config/(nvim|git|pip|npm|direnv|mise|hg|gh|gdb|ipython|matplotlib)(/|$)"), _TOOL),
    (re.compile(r"(^|/)\.local/bin(/|$)"), "is found before the system's program of that name"),
    (re.compile(r"(^|/)\.(kube|docker|aws|cargo)/config[^/]*$"), _TOOL),
    (re.compile(r"(^|/)\.(config|local/share|local/state|cache)/assistant(/|$)"), "the assistant's own files"),
    (re.compile(r"(^|/)\.github/(copilot-instructions\.md|instructions/|prompts/|agents/|chatmodes/)"), _AGENT),
    (re.compile(r"(^|/)site-packages/[^/]*\.pth$"), "Python runs it at every start"),
)
_HOOKS = frozenset(
    [
        "applypatch-msg",
        "commit-msg",
        "fsmonitor-watchman",
        "p4-changelist",
        "p4-post-changelist",
        "p4-pre-submit",
        "p4-prepare-changelist",
        "post-applypatch",
        "post-checkout",
        "post-commit",
        "post-index-change",
        "post-merge",
        "post-receive",
        "post-rewrite",
        "post-update",
        "pre-applypatch",
        "pre-auto-gc",
        "pre-commit",
        "pre-merge-commit",
        "pre-push",
        "pre-rebase",
        "pre-receive",
        "prepare-commit-msg",
        "proc-receive",
        "push-to-checkout",
        "reference-transaction",
        "sendemail-validate",
        "update",
    ]
)
"""githooks(5)."""
_SETUID_SETGID = 0o6000
_CONFIG_NAMES = ("config", "config.worktree", ".gitmodules")
_CONFIG_BYTES = 1 << 20
_LOOKS_LIKE_GIT = re.compile(
    r"\[\s*(core|filter|diff|merge|alias|include|includeif|credential|gpg|remote|protocol|submodule|hook|init)\b",
    re.IGNORECASE,
)

NEVER = {"fifo": "a pipe", "socket": "a socket", "device": "a device"}
"""Kinds of files that are never applied, not even when a person allows held changes."""

ReadText = Callable[[], "bytes | None"]


def held_reason(path: str, before: Seen | None, after: Seen | None, read_before: ReadText, read_after: ReadText) -> str:
    """Why this change waits for a person, or empty. `path` may carry the last names of the folder's own path in front.

    The readers give a small file's content, or None where there is no file.
    """
    if after is not None and after.type in NEVER:
        return f"{NEVER[after.type]}: never applied"
    if after is not None and after.type == "dir" and len(path) >= LONGEST:
        return "holds folders too deep for any program to name"
    if after is not None and after.type == "file" and after.mode & _SETUID_SETGID & ~(before.mode if before else 0):
        return "would run with its owner's rights (setuid or setgid)"
    plain = _plain(path)
    parts = plain.split("/")
    if reason := _git_reason(parts, after, read_before, read_after):
        return reason
    if parts[-1] in FILES:
        return FILES[parts[-1]]
    for part in parts[:-1] if after is None or after.type != "symlink" else parts:
        if part in FOLDERS:
            return FOLDERS[part]
    return next((reason for pattern, reason in _PATHS if pattern.search(plain)), "")


def _plain(path: str) -> str:
    folded = unicodedata.normalize("NFKC", path).casefold()
    return "".join(c for c in folded if unicodedata.category(c) != "Cf")


def _git_reason(parts: list[str], after: Seen | None, read_before: ReadText, read_after: ReadText) -> str:
    name = parts[-1]
    if name == ".git" and after is not None and after.type != "dir":
        return _redirect_reason(after, read_after)
    if len(parts) > 1 and parts[-2] == "hooks" and name in _HOOKS:
        return "git runs it as a hook"
    if ".git" in parts[:-1]:
        inside = parts[parts.index(".git") + 1 :]
        if "hooks" in inside:
            plain = name.endswith(".sample") or (after is not None and after.type == "dir")
            return "" if plain else "git runs what lies in a hooks folder"
        if name in ("commondir", "gitdir") and "worktrees" not in inside:
            return "leads git to another repository's settings"
        if after is not None and after.type == "symlink":
            return "a link inside a repository's own data"
    if name in _CONFIG_NAMES and after is not None:
        if after.type == "symlink":
            return "leads git to another repository's settings"
        return _config_reason(
            read_before, read_after, ".git" in parts or name == ".gitmodules", in_module="modules" in parts
        )
    return ""


def _redirect_reason(after: Seen, read_after: ReadText) -> str:
    """A `.git` file is ordinary for submodules and worktrees: it then names a place inside another `.git` folder."""
    if after.type == "file":
        text = (read_after() or b"").decode("utf-8", "surrogateescape").strip()
        target = text.removeprefix("gitdir:").strip()
        if text.startswith("gitdir:") and re.search(r"(^|/)\.git/(modules|worktrees)/", target) and "\n" not in target:
            return ""
    return "leads git to another repository's settings"


def _config_reason(read_before: ReadText, read_after: ReadText, surely_git: bool, *, in_module: bool) -> str:
    after = _text(read_after())
    if after is None:
        return "too large for a git configuration" if surely_git else ""
    try:
        new = executing_settings(after)
    except UnreadableConfig:
        unsure = surely_git or _LOOKS_LIKE_GIT.search(after)
        return "git configuration that can't be read surely" if unsure else ""
    if not new:
        return ""
    try:
        old = executing_settings(_text(read_before()) or "")
    except UnreadableConfig:
        old = set[tuple[str, str]]()
    # Every submodule's own configuration leads back to its folder; elsewhere, git would write into another one.
    own = {(k, v) for k, v in new if k == "core.worktree" and in_module and not v.startswith(("/", "~"))}
    added = sorted(key for key, _ in new - old - own)
    return f"git would run or obey `{added[0]}`" if added else ""


def _text(data: bytes | None) -> str | None:
    if data is None or len(data) > _CONFIG_BYTES:
        return None
    return data.decode("utf-8", "surrogateescape")
