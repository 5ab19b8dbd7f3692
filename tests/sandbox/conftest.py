"""Identities to run the sandbox as: whoever runs the tests, and an ordinary user where that is root."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).resolve().parents[2]
USER = 65534
PYTHON = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)

Runner = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package that every user of the machine can read, with the one library that the sandbox needs."""
    shared = (
        tmp_path_factory.getbasetemp().parent
        if os.environ.get("PYTEST_XDIST_WORKER")
        else tmp_path_factory.getbasetemp()
    )
    target = shared / "package"
    with (shared / "package.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            new = shared / "package.new"
            shutil.copytree(ROOT / "assistant", new / "assistant", ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copytree(ROOT / "tests" / "sandbox", new / "probes", ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copytree(
                Path(msgspec.__file__).parent, new / "msgspec", ignore=shutil.ignore_patterns("__pycache__")
            )
            subprocess.run([PYTHON, "-m", "compileall", "-q", str(new)], check=True)
            new.rename(target)
    for folder in (target, *target.parents):
        if folder == Path("/"):
            break
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    return target


@pytest.fixture(params=["as whoever runs this", "as an ordinary user"])
def identity(request: pytest.FixtureRequest) -> str:
    """Both ways that the sandbox must work."""
    return identity_or_skip(request.param)


def identity_or_skip(name: str) -> str:
    """Skips where there is no second identity to be had."""
    if name == "as an ordinary user":
        if os.geteuid() != 0:
            pytest.skip("this is an ordinary user already")
        if not shutil.which("setpriv"):
            pytest.skip("`setpriv` (util-linux) is missing")
        probe = subprocess.run([*as_user(name), PYTHON, "-c", "pass"], capture_output=True)
        if probe.returncode:
            pytest.skip(f"an ordinary user can't run {PYTHON}")
    return name


def as_user(identity: str) -> list[str]:
    """The start of a command line that runs as this identity."""
    if identity != "as an ordinary user":
        return []
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]


def give(path: Path, identity: str) -> Path:
    """Let the identity own `path`, and reach it."""
    if identity == "as an ordinary user":
        os.chown(path, USER, USER)
        for folder in path.parents:
            if folder == Path("/tmp") or folder == Path("/"):
                break
            folder.chmod(folder.stat().st_mode | 0o011)
    return path


@pytest.fixture
def home_of(tmp_path: Path, identity: str) -> Path:
    """An empty home that the identity owns."""
    home = tmp_path / "person"
    home.mkdir()
    return give(home, identity)


@pytest.fixture
def run_assistant(package: Path, identity: str, home_of: Path) -> Runner:
    """Run the command line as the identity, in its own empty home."""

    def run(*args: str, **options: object) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(home_of), "PATH": os.environ["PATH"], "PYTHONPATH": str(package), "LANG": "C.UTF-8"}
        environment |= options.pop("env", {})  # type: ignore[arg-type]
        options.setdefault("text", True)
        options.setdefault("capture_output", True)
        argv = [*as_user(identity), PYTHON, "-m", "assistant", *args]
        return subprocess.run(argv, env=environment, cwd="/", timeout=100, **options)  # type: ignore[call-overload]

    return run
