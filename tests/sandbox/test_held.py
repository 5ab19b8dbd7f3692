"""Changes that always wait for a person, and their neighbours that must not."""

from __future__ import annotations

import pytest

from assistant.sandbox.stage.gitconfig import UnreadableConfig, executing_settings, settings
from assistant.sandbox.stage.held import held_reason
from assistant.sandbox.stage.seen import Seen


def reason(
    path: str, after: bytes | None = b"x", before: bytes | None = None, *, type_: str = "file", mode: int = 0o644
) -> str:
    """Why this change is held."""
    new = Seen(type_, mode, 1, 1, 1, 1) if after is not None else None
    old = Seen("file", 0o644, 1, 1, 1, 1) if before is not None else None
    return held_reason(path, old, new, lambda: before, lambda: after)


HELD = [
    ".git/hooks/pre-commit", "a/b/.git/hooks/post-checkout", ".git/modules/sub/hooks/pre-push", "bare.git/hooks/post-receive",
    ".git/worktrees/w/hooks/x", ".git/commondir", ".GIT/hooks/pre-commit", ".g\u200cit/hooks/pre-commit", ".husky/pre-commit",
    ".envrc", "deep/.envrc", ".mise.toml", ".vscode/settings.json", ".vscode/tasks.json", "x/.vscode/launch.json",
    "my.code-workspace", ".idea/workspace.xml", ".vimrc", ".exrc", ".nvim.lua", ".dir-locals.el", ".devcontainer/devcontainer.json",
    ".mcp.json", ".cursor/mcp.json", ".vscode/mcp.json", ".claude/settings.json", "sub/CLAUDE.md", "AGENTS.md", ".codex/config.toml",
    ".gemini/settings.json", ".github/copilot-instructions.md", ".bashrc", ".profile", ".zshenv", ".config/fish/config.fish",
    ".config/autostart/x.desktop", ".config/systemd/user/x.service", ".ssh/authorized_keys", ".gitconfig", ".config/git/config",
    ".gdbinit", ".npmrc", ".yarnrc.yml", "venv/lib/python3.11/site-packages/x.pth", ".config/assistant/config.toml", ".assistant/x",
    ".pre-commit-config.yaml", "lefthook.yml", "mise.local.toml", ".mise.production.toml", ".config/sway/config", ".yarnrc",
    ".config/kitty/kitty.conf", ".config/starship.toml", ".config/Code/User/settings.json", ".local/bin/git", ".ghci", ".forward",
    ".git/hooks", "x/.GIT/Hooks/Pre-Commit", ".Renviron", ".rhosts", ".config/zsh/.zshrc",
]  # fmt: skip
FREE = [
    "Makefile", "package.json", "setup.py", "conftest.py", "src/hooks/useThing.ts", "src/hooks/index.js", ".gitignore",
    ".gitattributes", ".git/HEAD", ".git/index", ".git/refs/heads/main", ".git/objects/ab/cdef", ".git/hooks/pre-commit.sample",
    ".git/logs/HEAD", ".git/COMMIT_EDITMSG", ".env", ".github/workflows/ci.yml", ".vscode/readme.md", "docs/config", "config",
    "settings.json", "tasks.json", ".prettierrc", ".editorconfig", "Dockerfile", "claude.txt", "profile", "bashrc", ".config/app/x",
    "mise/notes.toml", "promise.toml", ".local/share/x", "local/bin/x", "bin/git", "src/forward", "lefthook.md", "config/code/x",
]  # fmt: skip


@pytest.mark.parametrize("path", HELD)
def test_H1_what_would_run_later_is_held_at_any_depth(path: str) -> None:
    assert reason(path)


@pytest.mark.parametrize("path", FREE)
def test_H2_ordinary_work_is_not_held(path: str) -> None:
    assert reason(path) == ""


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o6711])
def test_H3_setuid_and_setgid_bits_are_held(mode: int) -> None:
    assert "rights" in reason("plain", mode=mode)


@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_H4_special_files_are_never_applied(kind: str) -> None:
    assert "never applied" in reason("plain", type_=kind)


BASE = b'[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote "origin"]\n\turl = https://example.com/x.git\n'


@pytest.mark.parametrize(
    "added",
    [
        b"[core]\n\tfsmonitor = evil\n", b"[core]\n\thooksPath = .h\n", b"[CORE]\nSSHCOMMAND=x\n", b"[core] editor = x",
        b'[filter "x"]\n\tclean = evil\n', b'[filter "x"] process = evil', b'[diff "x"]\n\ttextconv = e\n', b"[diff]\nexternal=e\n",
        b'[merge "m"]\n\tdriver = e\n', b"[alias]\n\tst = !evil\n", b"[include]\n\tpath = ../x\n",
        b'[includeIf "gitdir:."]\n\tpath = x\n', b"[credential]\n\thelper = evil\n", b"[gpg]\n\tprogram = e\n",
        b"[gpg \"ssh\"]\n\tprogram = e\n", b"[pager]\n\tlog = e\n", b"[sequence]\n\teditor = e\n", b"[uploadpack]\npackObjectsHook=e\n",
        b'[remote "o"]\n\turl = ext::sh -c evil\n', b'[remote "o"]\n\tuploadpack = e\n', b"[protocol \"ext\"]\n\tallow = always\n",
        b'[submodule "s"]\n\tupdate = !evil\n', b"[init]\n\ttemplateDir = x\n", b"[core]\n\tfs\\\nmonitor = e\n", b"[core.x]fsmonitor",
        b"[core]fsmonitor=e", b"\xef\xbb\xbf[core]\nfsmonitor = e\n", b"[core]\r\n\tfsmonitor = e\r\n", b"[core]\n\tpager = \"a;b\"\n",
        b'[url "ext::evil "]\n\tinsteadOf = https://\n', b"[safe]\n\tdirectory = *\n", b"[hook \"x\"]\n\tcommand = e\n", b"[core\n", b'[a "b',
        b"[core]\n\tx = \"open\n", b"[core]\n\tx = \\q\n", b"[trailer \"t\"]\n\tcmd = e\n", b"[browser \"b\"]\n\tcmd = e\n",
    ],
)  # fmt: skip
def test_H5_settings_that_execute_are_held_in_git_configurations(added: bytes) -> None:
    if added == b"[core.x]fsmonitor":
        assert reason(".git/config", BASE + added, BASE) == ""  # `core.x.fsmonitor` is no setting of git's
        return
    for path in (".git/config", "sub/.git/config", ".git/modules/s/config", ".git/config.worktree", "bare/config"):
        assert reason(path, BASE + added, BASE), path


@pytest.mark.parametrize(
    "added",
    [
        b'[remote "up"]\n\turl = git@example.com:x/y.git\n\tfetch = +refs/heads/*:refs/remotes/up/*\n', b"[user]\n\tname = x\n",
        b'[branch "main"]\n\tremote = origin\n\tmerge = refs/heads/main\n', b"[alias]\n\tst = status\n", b"[pull]\n\trebase = true\n",
        b'[submodule "s"]\n\tactive = true\n\turl = https://example.com/s\n', b"# fsmonitor = x\n; hooksPath\n", b"[core]\n\tautocrlf = input\n",
        b"[color]\n\tui = auto # [core] fsmonitor\n", b"[push]\n\tdefault = simple\n",
    ],
)  # fmt: skip
def test_H6_other_settings_pass(added: bytes) -> None:
    assert reason(".git/config", BASE + added, BASE) == ""


def test_H7_a_setting_that_was_there_before_does_not_hold_other_changes() -> None:
    old = BASE + b"[core]\n\tfsmonitor = true\n"
    assert reason(".git/config", old + b"[user]\n\tname = x\n", old) == ""
    assert reason(".git/config", old + b"[core]\n\tfsmonitor = evil\n", old)
    assert reason(".git/config", BASE, old) == ""


def test_H8_git_files_may_lead_into_git_folders_only() -> None:
    assert reason("sub/.git", b"gitdir: ../.git/modules/sub\n") == ""
    assert reason("wt/.git", b"gitdir: /home/x/repo/.git/worktrees/wt\n") == ""
    assert reason("sub/.git", b"gitdir: ../evil\n")
    assert reason("sub/.git", b"gitdir: ../evil\n../.git/modules/x")
    assert reason("sub/.git", b"", type_="symlink")
    assert reason(".git/config", b"", type_="symlink")


def test_H8_only_a_submodules_own_configuration_may_lead_to_another_folder() -> None:
    """`git checkout` would write there: into a home, for example, with a start-up file that the repository holds."""
    assert reason(".git/modules/s/config", BASE + b"[core]\n\tworktree = ../../../s\n", BASE) == ""
    assert reason(".git/modules/s/config", BASE + b"[core]\n\tworktree = /home/ada\n", BASE)
    assert reason(".git/modules/s/config", BASE + b"[core]\n\tworktree = ~/\n", BASE)
    assert reason(".git/config", BASE + b"[core]\n\tworktree = ../..\n", BASE)


class TestGitConfigSyntax:
    def test_it_is_read_as_git_reads_it(self) -> None:
        text = '[a "B.c"]\n\tX = one # not this\n\ty = "two # this" ; no\n\tz\n[D]w=a\\\nb\n'
        assert settings(text) == [("a.B.c.x", "one"), ("a.B.c.y", "two # this"), ("a.B.c.z", "true"), ("d.w", "ab")]

    @pytest.mark.parametrize("text", ["x = 1", "[a\nb=1", "[a]\n1x = 2", '[a]\nx = "', "[a]\nx y"])
    def test_what_git_would_not_take_is_not_taken(self, text: str) -> None:
        with pytest.raises(UnreadableConfig):
            settings(text)

    def test_keys_are_compared_without_case_but_subsections_with(self) -> None:
        assert executing_settings("[CoRe]\nHooksPath=x") == {("core.hookspath", "x")}
        assert executing_settings('[filter "Ab"]\nClean=x') == {("filter.Ab.clean", "x")}
