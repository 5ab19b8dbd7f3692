"""Policy files are read layer by layer; a change on disk is picked up; nobody but root speaks for an organisation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.config import find_paths
from assistant.gateway.policies import Policies
from assistant.shipped import shipped
from assistant.types import Decision, Effect
from tests.policy.making import action, make_session

READ = action(Effect.READ, "notes.txt")
NO_READING = '@id("no-reading") forbid(principal, action == Action::"read", resource);'


@pytest.fixture
def own(home: Path) -> Path:
    folder = home / ".config/assistant/policies"
    folder.mkdir(parents=True)
    return folder


def policies(home: Path, folder: Path | str = "", organisation: Path | None = None) -> Policies:
    paths = find_paths({"HOME": str(home)})
    return Policies(paths, str(folder), organisation=organisation or home / "nowhere")


def reads(found: Policies) -> Decision:
    return make_session(engine=found.engine()).judge(READ, now_ms=0).decision


def test_the_engine_is_kept_while_nothing_changes(home: Path, own: Path) -> None:
    found = policies(home)
    first = found.engine()
    assert not found.changed()
    assert found.engine() is first


def test_a_change_on_disk_is_picked_up(home: Path, own: Path) -> None:
    found = policies(home)
    assert reads(found) is Decision.ALLOW
    (own / "mine.cedar").write_text(NO_READING)
    assert found.changed()
    assert reads(found) is Decision.DENY
    (own / "mine.cedar").unlink()
    assert reads(found) is Decision.ALLOW


def test_packs_are_turned_on_by_a_file(home: Path, own: Path) -> None:
    (own / "packs").write_text("# quiet\nread-only\n")
    assert policies(home).engine().enabled == ("read-only",)


def test_a_projects_folder_may_only_forbid(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / ".assistant/policies").mkdir(parents=True)
    (folder / ".assistant/policies/a.cedar").write_text("permit(principal, action, resource);\n" + NO_READING)
    found = policies(home, folder)
    assert reads(found) is Decision.DENY
    assert "may only forbid" in str(found.engine().problems[0])


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"a" * 1_100_000, b"forbid("])
def test_a_file_that_can_t_be_used_closes_the_door(home: Path, own: Path, raw: bytes) -> None:
    (own / "mine.cedar").write_bytes(raw)
    found = policies(home)
    assert reads(found) is Decision.DENY
    assert found.engine().problems


def test_more_files_than_are_read_close_the_door_rather_than_lose_one(
    home: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = sum(1 for f in shipped("policies").rglob("*") if f.is_file())
    monkeypatch.setattr("assistant.gateway.policies.MAX_FILES", most)
    for number in range(most):
        (own / f"a{number:03}.cedar").write_text("")
    assert reads(policies(home)) is Decision.ALLOW
    (own / "z.cedar").write_text("")
    found = policies(home)
    assert reads(found) is Decision.DENY
    assert f"more than {most} files" in str(found.engine().problems[0])


def test_what_stands_where_the_folder_should_closes_the_door(home: Path, own: Path) -> None:
    own.rmdir()
    own.write_text("")
    found = policies(home)
    assert reads(found) is Decision.DENY
    assert "can't be listed" in str(found.engine().problems[0])


def test_a_link_and_a_pipe_close_the_door_without_being_read(home: Path, own: Path) -> None:
    (own / "link.cedar").symlink_to("/etc/passwd")
    os.mkfifo(own / "pipe.cedar")
    assert reads(policies(home)) is Decision.DENY


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files that belong to root")
def test_an_organisations_files_belong_to_root_and_nobody_else_may_write_there(home: Path, tmp_path: Path) -> None:
    organisation = tmp_path / "etc"
    organisation.mkdir(mode=0o755)
    file = organisation / "org.cedar"
    file.write_text(NO_READING)
    file.chmod(0o644)
    assert reads(policies(home, organisation=organisation)) is Decision.DENY
    file.chmod(0o666)
    assert reads(policies(home, organisation=organisation)) is Decision.ALLOW
    file.chmod(0o644)
    os.chown(file, 12345, 12345)
    assert reads(policies(home, organisation=organisation)) is Decision.ALLOW
