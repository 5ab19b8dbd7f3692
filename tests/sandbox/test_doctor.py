"""`assistant doctor`: tried, not guessed."""

from __future__ import annotations

import json
import shutil

import pytest

from assistant.sandbox import probes
from tests.sandbox.conftest import Runner


@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
def test_it_tries_each_property_and_says_what_holds(run_assistant: Runner) -> None:
    done = run_assistant("doctor", "--json")
    findings = {f["name"]: f for f in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0, done.stdout
    for name in (
        "stage",
        "home",
        "passwords",
        "system",
        "kernel settings",
        "processes",
        "network",
        "privileges",
        "filter",
    ):
        assert findings[name]["level"] == "ok", findings[name]
    assert "limits" in findings
    assert "landlock" in findings


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"}, "AppArmor"),
        ({"/proc/sys/kernel/unprivileged_userns_clone": "0"}, "unprivileged_userns_clone=1"),
        ({"/proc/sys/user/max_user_namespaces": "0"}, "max_user_namespaces"),
    ],
)
def test_it_knows_the_usual_reasons_and_how_to_mend_them(
    files: dict[str, str], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "_read", lambda path: files.get(path, ""))
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    class Refused:
        returncode = 1

    monkeypatch.setattr("subprocess.run", lambda *a, **k: Refused())
    finding = probes._namespaces()
    assert finding.level == "broken"
    assert word in finding.found + finding.mend


def test_a_missing_bubblewrap_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *a, **k: False)
    finding = probes._bwrap()
    assert finding.level == "broken"
    assert "apt install bubblewrap" in finding.mend
