"""The signing key lies in the keyring where there is one, else in a private file; asking never hangs."""

from __future__ import annotations

import sys
import time
import types
from argparse import Namespace
from contextlib import closing
from pathlib import Path

import pytest

from assistant.audit import keys, upkeep
from assistant.audit.log import Log
from assistant.config import Paths
from assistant.errors import LogError


class FakeKeyring(types.ModuleType):
    """A keyring in memory, in the place of the package."""

    def __init__(self) -> None:
        super().__init__("keyring")
        self.kept: dict[tuple[str, str], str] = {}
        self.delay_s = 0.0

    def get_password(self, service: str, user: str) -> str | None:
        time.sleep(self.delay_s)
        return self.kept.get((service, user))

    def set_password(self, service: str, user: str, secret: str) -> None:
        time.sleep(self.delay_s)
        self.kept[service, user] = secret

    def delete_password(self, service: str, user: str) -> None:
        del self.kept[service, user]


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    fake = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", fake)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    return fake


def test_the_key_goes_into_the_keyring_and_no_file_is_made(keyring: FakeKeyring, paths: Paths) -> None:
    for _ in range(2):
        with closing(Log.open(paths)) as log:
            log.append("x", "t", {})
    assert len(keyring.kept) == 1
    assert not (Path(paths.config) / "log.key").exists()
    with closing(Log.open(paths)) as log:
        assert "keyring" in log.key_place()


def test_a_rotated_key_leaves_the_keyring(keyring: FakeKeyring, paths: Paths) -> None:
    with closing(Log.open(paths)) as log:
        log.append("x", "t", {})
        before = set(keyring.kept)
        upkeep.rotate_key(log)
        log.append("x", "t", {})
    assert len(keyring.kept) == 1
    assert set(keyring.kept) != before


def test_a_keyring_that_hangs_is_given_up_for_the_file(
    keyring: FakeKeyring, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring.delay_s = 30
    monkeypatch.setattr(keys, "ASK_S", 0.2)
    with closing(Log.open(paths)) as log:
        log.append("x", "t", {})
    assert (Path(paths.config) / "log.key").is_file()


def test_a_keyring_that_no_longer_answers_stops_the_log_in_time(
    keyring: FakeKeyring, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Log.open(paths)) as log:
        log.append("x", "t", {})
    keyring.delay_s = 30
    monkeypatch.setattr(keys, "UNLOCK_S", 0.2)
    with closing(Log.open(paths)) as log, pytest.raises(LogError, match="keyring"):
        log.append("x", "t", {})
    keyring.delay_s = 0
    with closing(Log.open(paths)) as log:
        assert log.append("x", "t", {}).seq == 2


def test_without_a_session_bus_the_keyring_is_not_even_imported(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "PYTHON_KEYRING_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with closing(Log.open(paths)) as log:
        log.append("x", "t", {})
    assert (Path(paths.config) / "log.key").stat().st_mode & 0o777 == 0o600


class TestWhereItLies:
    """`assistant doctor` and the first start say it."""

    def test_before_the_first_entry_it_says_where_it_will_lie(
        self, paths: Paths, monkeypatch: pytest.MonkeyPatch, keyring: FakeKeyring
    ) -> None:
        assert keys.where(paths) == "the system's keyring"
        for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
            monkeypatch.delenv(name, raising=False)
        assert "log.key` (mode 0600; no keyring here), from the first entry on" in keys.where(paths)

    def test_a_key_that_others_can_read_is_said_by_the_doctor(
        self, paths: Paths, log: Log, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from assistant.cli.doctor import run

        log.append("x", "t", {})
        monkeypatch.setenv("ASSISTANT_HOME", str(Path(paths.data).parent))
        monkeypatch.setattr("assistant.sandbox.probes.probe_all", list)
        assert run(Namespace(json=False)) == 0
        told = capsys.readouterr().out
        assert "ok    log key" in told
        assert "mode 0600" in told
        keys.key_file(paths).chmod(0o644)
        run(Namespace(json=False))
        told = capsys.readouterr().out
        assert "weak  log key" in told
        assert "chmod 600" in told
        assert "rotate-key" in told
