"""The shape of the repository is checked, not hoped for. (The floors themselves are checked by import-linter.)"""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "assistant"
FLOORS = [f for f in PACKAGE.iterdir() if f.is_dir() and (f / "__init__.py").is_file()]
HEAVY = (
    "litellm",
    "mcp",
    "openai",
    "keyring",
    "cedarpy",
    "httpx",
    "sqlite_utils",
    "ecologits",
    "textual",
    "cryptography",
)


def modules_after(code: str) -> set[str]:
    """Names of all modules loaded after running `code` in a fresh interpreter."""
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


class TestImports:
    def test_the_version_loads_nothing_but_the_entry(self) -> None:
        code = "import sys\nsys.argv = ['assistant', '--version']\nfrom assistant.__main__ import main\nmain()"
        loaded = {m for m in modules_after(code) if m.startswith("assistant")}
        assert loaded == {"assistant", "assistant.__main__"}

    @pytest.mark.parametrize("module", ["assistant.cli", "assistant.types", "assistant.config", "assistant.compose"])
    def test_nothing_heavy_is_loaded_before_it_is_needed(self, module: str) -> None:
        assert not modules_after(f"import {module}") & set(HEAVY)

    def test_the_screen_loads_neither_litellm_nor_mcp(self) -> None:
        assert not modules_after("import assistant.ui.app") & {"litellm", "mcp", "openai", "cedarpy"}

    def test_tools_and_core_do_not_import_each_other(self) -> None:
        for file in (ROOT / "tools").rglob("*.py"):
            assert "assistant" not in imported(file), file
        for file in PACKAGE.rglob("*.py"):
            assert "tools" not in imported(file), file


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


class TestDocuments:
    @pytest.mark.parametrize("folder", FLOORS, ids=lambda f: f.name)
    def test_every_floor_opens_with_a_readme(self, folder: Path) -> None:
        assert (folder / "README.md").is_file()

    def test_every_numbered_invariant_has_a_test_named_after_it(self) -> None:
        tests = "\n".join(f.read_text() for f in (ROOT / "tests").rglob("*.py"))
        missing = [
            f"{readme.relative_to(ROOT)}: {number}"
            for readme in [*PACKAGE.rglob("README.md"), ROOT / "tools" / "README.md"]
            for number in re.findall(r"^- \*\*([A-Z]+\d+)\*\*", readme.read_text(), re.MULTILINE)
            if not re.search(rf"\btest_{number}_", tests)
        ]
        assert not missing

    @pytest.mark.parametrize("command", COMMANDS)
    def test_every_command_has_help_and_stands_in_the_readme(self, command: str) -> None:
        module = importlib.import_module(f"assistant.cli.{command}")
        assert module.__doc__
        assert f"`assistant {command}" in (ROOT / "README.md").read_text()

    @pytest.mark.parametrize("command", COMMANDS)
    def test_a_command_takes_what_the_readme_says(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        parser = argparse.ArgumentParser(command)
        importlib.import_module(f"assistant.cli.{command}").add(parser)
        for row in re.findall(
            rf"^\| `assistant {command} ([^`]+ / [^`]+)`", (ROOT / "README.md").read_text(), re.MULTILINE
        ):
            first, *rest = row.split(" / ")
            *above, name = (word for word in first.split() if word.islower())
            with pytest.raises(SystemExit):
                parser.parse_args([*above, "--help"])
            known = re.findall(r"[a-z-]+", capsys.readouterr().out)
            assert {name, *(one.split()[0] for one in rest)} <= set(known)

    def test_no_file_of_the_core_has_outgrown_its_shape(self) -> None:
        long = {
            str(f.relative_to(ROOT)): n for f in PACKAGE.rglob("*.py") if (n := len(f.read_text().splitlines())) > 600
        }
        assert not long
