"""Where rooms can't be made: what stands in for them is real, is said loudly, and nothing runs where nothing holds."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.compose import build_desk
from assistant.errors import SandboxUnavailable
from assistant.sandbox import engine, loose, prepare
from assistant.sandbox.bubblewrap import BubblewrapSandbox
from assistant.sandbox.fake import FakeSandbox
from assistant.sandbox.landlock import landlock_version
from assistant.sandbox.loose import LandlockSandbox
from assistant.sandbox.stage.copied import COPY_WARNING
from tests.sandbox.places import paths_below

ROOT = Path(__file__).resolve().parents[2]
needs_landlock = pytest.mark.skipif(landlock_version() < 4, reason="this kernel's landlock can't confine the network")


def without_namespaces(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(ROOT / "tests/support/without_namespaces.py"), sys.executable, "-m", "assistant", *args]
    environment = os.environ | {"ASSISTANT_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.run(argv, env=environment, cwd=home, capture_output=True, text=True, timeout=100)


@needs_landlock
class TestWithoutNamespaces:
    def test_one_command_says_so_before_it_runs(self, tmp_path: Path) -> None:
        folder = tmp_path / "w"
        folder.mkdir()
        (tmp_path / "secret").write_text("secret")
        script = f"echo ran >&2; echo x > new; cat '{tmp_path}/secret'"
        done = without_namespaces(
            tmp_path, "sandbox", "exec", "--folder", str(folder), "--apply", "--", "sh", "-c", script
        )
        said = done.stderr.splitlines()
        assert said[0] == f"assistant: warning: {loose.WARNING}"
        assert said[1] == f"assistant: warning: {COPY_WARNING}"
        assert said[2] == "ran"
        assert "Permission denied" in said[3]
        assert "secret" not in done.stdout
        assert (folder / "new").read_text() == "x\n"

    def test_its_json_lines_stay_json_lines(self, tmp_path: Path) -> None:
        folder = tmp_path / "w"
        folder.mkdir()
        done = without_namespaces(tmp_path, "sandbox", "exec", "--folder", str(folder), "--json", "--", "echo", "hi")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert lines[0] == {"stream": "stdout", "text": "hi\n"}
        assert loose.WARNING in done.stderr

    def test_a_task_without_a_screen_says_so_once(self, tmp_path: Path) -> None:
        folder = tmp_path / "w"
        folder.mkdir()
        done = without_namespaces(
            tmp_path, "run", "list the files here", "--folder", str(folder), "--model", "builtin/offline"
        )
        assert done.stderr.count(loose.WARNING) == 1, done.stderr

    def test_doctor_tries_what_stands_in(self, tmp_path: Path) -> None:
        done = without_namespaces(tmp_path, "doctor", "--json")
        findings = {f["name"]: f for f in map(json.loads, done.stdout.splitlines())}
        assert done.returncode == 0, done.stdout
        assert {findings[name]["level"] for name in ("user namespaces", "room", "stand-in")} == {"weak"}
        assert "confined less well" in findings["stand-in"]["found"]
        assert {findings[name]["level"] for name in ("stage", "passwords", "system", "network", "filter")} == {"ok"}


class TestTheEngineOfTheProduct:
    """Only what the kernel enforces: the fake of tests can't be reached, whatever the settings say."""

    def test_S9_it_is_rooms_where_they_can_be_made(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr(engine, "can_make_user_namespace", lambda: True)
        monkeypatch.setattr(prepare, "find_bwrap", lambda: "/usr/bin/bwrap")
        found = engine.find_sandbox(paths_below(tmp_path))
        assert type(found) is BubblewrapSandbox
        assert found.warning == ""

    def test_S9_without_bubblewrap_nothing_stands_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is one package away: mending beats being confined less well."""
        monkeypatch.setattr(engine, "can_make_user_namespace", lambda: True)
        monkeypatch.setattr("os.access", lambda *_, **__: False)
        with pytest.raises(SandboxUnavailable, match="bubblewrap is not installed"):
            engine.find_sandbox(paths_below(tmp_path))

    def test_S9_it_is_landlock_where_no_namespace_can_be_made(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(engine, "can_make_user_namespace", lambda: False)
        monkeypatch.setattr(loose, "landlock_version", lambda: 4)
        found = engine.find_sandbox(paths_below(tmp_path))
        assert type(found) is LandlockSandbox
        assert found.warning.startswith(loose.WARNING)
        assert "ending your other programs" in found.warning

    @pytest.mark.parametrize("version", [-1, 0, 3])
    def test_S9_nothing_runs_where_nothing_holds(
        self, version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(engine, "can_make_user_namespace", lambda: False)
        monkeypatch.setattr(loose, "landlock_version", lambda: version)
        with pytest.raises(SandboxUnavailable):
            engine.find_sandbox(paths_below(tmp_path))

    def test_S9_nothing_runs_on_a_system_without_an_engine(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "platform", "freebsd14")
        with pytest.raises(SandboxUnavailable, match="freebsd14"):
            engine.find_sandbox(paths_below(tmp_path))

    async def test_S9_the_product_picks_no_other(self, tmp_path: Path) -> None:
        names = ("ASSISTANT_SANDBOX", "ASSISTANT_ENGINE", "SANDBOX")
        desk = build_desk({"ASSISTANT_HOME": str(tmp_path), "HOME": str(tmp_path), **dict.fromkeys(names, "fake")})
        try:
            assert not isinstance(desk._parts.sandbox(), FakeSandbox)
        finally:
            await desk.aclose()

    def test_S9_no_module_of_the_product_imports_the_fake(self) -> None:
        guilty = [
            str(file.relative_to(ROOT))
            for file in (ROOT / "assistant").rglob("*.py")
            for node in ast.walk(ast.parse(file.read_text()))
            if (isinstance(node, ast.ImportFrom) and f"{node.module}." in ("assistant.sandbox.fake.",))
            or (isinstance(node, ast.ImportFrom) and node.module == "assistant.sandbox" and any(a.name == "fake" for a in node.names))
            or (isinstance(node, ast.Import) and any(a.name == "assistant.sandbox.fake" for a in node.names))
        ]  # fmt: skip
        assert guilty == []
