"""Identities to run the sandbox as: whoever runs the tests, and an ordinary user where that is root."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
USER = 65534
PYTHON = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)

Runner = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def common() -> Iterator[Path]:
    """A folder that every user of the machine can reach. Not pytest's own: any session that starts shuts that again."""
    folder = Path(tempfile.mkdtemp(prefix="assistant-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def package(common: Path) -> Path:
    """A copy of the package that every user of the machine can read, with the libraries that stages and the log need."""
    target = common / "package"
    shutil.copytree(ROOT / "assistant", target / "assistant", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "sandbox", target / "probes", ignore=shutil.ignore_patterns("__pycache__"))
    for library in ("msgspec", "orjson", "nacl", "_cffi_backend"):
        file = Path(importlib.import_module(library).__file__ or "")
        if file.name == "__init__.py":
            shutil.copytree(file.parent, target / library, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(file, target / file.name)
    subprocess.run([PYTHON, "-m", "compileall", "-q", str(target)], check=True)
    for folder, _, names in os.walk(target):
        for path in (folder, *(f"{folder}/{name}" for name in names)):
            os.chmod(path, os.stat(path).st_mode | (0o055 if path == folder else 0o044))
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
    """Let the identity own `path`."""
    if identity == "as an ordinary user":
        os.chown(path, USER, USER)
    return path


@pytest.fixture
def home_of(common: Path, identity: str) -> Path:
    """An empty home that the identity owns."""
    return give(Path(tempfile.mkdtemp(prefix="person-", dir=common)), identity)


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
