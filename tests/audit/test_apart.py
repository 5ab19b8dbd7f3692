"""Titles, folders, grants and boundaries can be erased like any other content, and the log still verifies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest

from assistant.audit import upkeep
from assistant.audit.apart import told
from assistant.audit.log import Log
from assistant.audit.verify import evidence_of, verify
from assistant.audit.views import Views
from assistant.config import Paths
from assistant.errors import LogDamaged, UsageError
from assistant.types import Boundary, Effect, Grant, Resource

GRANT = Grant("g1", Effect.WRITE, Resource("file", "/home/ada/divorce/letter.odt"), task="t")
NEVER = Boundary("b1", "never mail Grace", "forbid(...)", task="t")


@pytest.fixture
def views(log: Log) -> Iterator[Views]:
    with closing(Views(log)) as opened:
        yield opened


def opened(log: Log, task: str, **more: object) -> None:
    log.append("task.opened", task, {"folder": "/home/ada/divorce", "model": "m", **more})


def filled(log: Log) -> None:
    opened(log, "t", title="the divorce")
    log.append("task.changed", "t", {"what": "title", "old": "the divorce", "new": "papers for Grace"})
    log.append("grant.added", "t", {"id": "g1", "grant": msgspec.to_builtins(GRANT)})
    log.append("boundary.added", "t", {"id": "b1", "boundary": msgspec.to_builtins(NEVER)})


class TestApart:
    def test_A7_no_personal_word_stands_in_a_body(self, log: Log) -> None:
        filled(log)
        bodies = " ".join(str(entry.body) for entry in log.entries())
        assert not any(word in bodies for word in ("divorce", "Grace", "letter.odt", "/home/ada"))

    def test_readers_get_them_back(self, log: Log, views: Views) -> None:
        filled(log)
        state = views.task_state("t")
        assert state is not None
        assert (state.task.title, state.task.folder) == ("papers for Grace", "/home/ada/divorce")
        assert (state.grants, state.boundaries) == ((GRANT,), (NEVER,))
        assert views.tasks()[0].task.title == "papers for Grace"
        assert [row.task for row in views.page(search="divorce").rows][-1] == "t"

    def test_the_same_words_never_have_the_same_hash(self, log: Log) -> None:
        """A short word could be guessed from its hash."""
        opened(log, "t1")
        opened(log, "t2")
        first, second = (entry.body["about_sha256"] for entry in log.entries())
        assert first != second

    def test_what_is_not_personal_stays_in_the_body(self, log: Log) -> None:
        entry = log.append("task.changed", "t", {"what": "model", "old": "a", "new": "b"})
        assert entry.body == {"what": "model", "old": "a", "new": "b"}

    def test_entries_of_the_first_versions_read_as_before(self, log: Log, views: Views) -> None:
        """They hold these fields in their bodies."""
        import assistant.audit.log as module

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "set_apart", lambda kind, body: (body, {}))
            filled(log)
            log.append("boundary.removed", "t", {"id": "b1"})
        state = views.task_state("t")
        assert state is not None
        assert (state.task.title, state.grants, state.boundaries) == ("papers for Grace", (GRANT,), ())


class TestErasing:
    def test_A7_a_whole_task_is_erased_and_the_log_still_verifies(self, log: Log, views: Views, paths: Paths) -> None:
        filled(log)
        log.append("message", "t", {"role": "user"}, blobs={"message": b'"about Grace"'})
        opened(log, "other", title="garden")
        assert upkeep.erase_task(log, "t") == 5
        files = [*paths.log_db.parent.iterdir(), *paths.log_db.parent.parent.glob("cache/*")]
        data = b"".join(file.read_bytes() for file in files if file.is_file())
        assert b"Grace" not in data
        assert views.tasks()[0].task.title == "garden"
        log.close()
        result = verify(paths.log_db, evidence_of(log.trust))
        assert (result.ok, result.erased) == (True, 5)

    def test_an_erased_grant_holds_no_more(self, log: Log, views: Views) -> None:
        opened(log, "t")
        seq = log.append("grant.added", "t", {"id": "g1", "grant": msgspec.to_builtins(GRANT)}).seq
        upkeep.erase_entry(log, seq)
        state = views.task_state("t")
        assert state is not None
        assert state.grants == ()

    def test_a_task_whose_boundary_was_erased_does_not_go_on(self, log: Log, views: Views) -> None:
        """Nobody knows any more what it must not do. Other tasks are not concerned."""
        opened(log, "t")
        opened(log, "other")
        seq = log.append("boundary.added", "t", {"id": "b1", "boundary": msgspec.to_builtins(NEVER)}).seq
        upkeep.erase_entry(log, seq)
        with pytest.raises(LogDamaged, match="never lifted was erased"):
            views.task_state("t")
        assert views.task_state("other") is not None

    def test_a_boundary_of_every_task_is_lifted_before_it_is_erased(self, log: Log, views: Views) -> None:
        everywhere = msgspec.structs.replace(NEVER, task="")
        seq = log.append("boundary.added", "t", {"id": "b1", "boundary": msgspec.to_builtins(everywhere)}).seq
        with pytest.raises(UsageError, match="binds every task"):
            upkeep.erase_entry(log, seq)
        log.append("boundary.removed", "t", {"id": "b1"})
        assert upkeep.erase_entry(log, seq) == 1

    def test_erasing_a_task_twice_says_so(self, log: Log) -> None:
        opened(log, "t")
        upkeep.erase_task(log, "t")
        with pytest.raises(UsageError, match="no content"):
            upkeep.erase_task(log, "t")
        assert told(log, next(log.entries())).get("folder") is None
