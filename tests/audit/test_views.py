"""Views of the log: each is computed from entries, and says the same however it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assistant.audit import upkeep
from assistant.audit.log import Draft, Log
from assistant.audit.page import Filter
from assistant.audit.task_view import open_intents_of
from assistant.audit.views import Views
from assistant.config import Paths, find_paths
from assistant.errors import LogDamaged, UsageError
from assistant.types import Autonomy, Boundary, Budgets, Effect, Grant, Message, Resource, TextPart


def message(role: str, text: str) -> tuple[dict[str, str], dict[str, bytes]]:
    return {"role": role}, {"message": msgspec.json.encode(Message(role, (TextPart(text),)))}


def one_turn(log: Log, task: str, prompt: str, answer: str, call: str = "c1", *, finish: bool = True) -> None:
    body, blobs = message("user", prompt)
    log.append("message", task, body, blobs=blobs)
    log.append("model.call", task, {"model": "openai/gpt-x", "step": 1})
    usage = {"input": 100, "output": 20}
    answered = {"model": "openai/gpt-x", "finish": "tool_calls", "usage": usage, "cost_uusd": 250, "duration_ms": 9}
    log.append("model.result", task, answered)
    log.append("intent", task, {"call": call, "tool": "write_file", "effect": "write", "digest": "d" * 64})
    verdict = {"call": call, "decision": "ask", "policies": ["base.write"]}
    log.append("decision", task, verdict, blobs={"reason": b"changes a file"})
    log.append("approval", task, {"call": call, "answer": "once", "channel": "key"})
    changes = [{"path": "docs/notes.md", "kind": "changed", "before": "a" * 64, "after": "b" * 64, "held": ""}]
    hosts = [{"host": "api.example.com", "port": 443, "sent": 517, "received": 90210, "ms": 12, "refused": ""}]
    log.append("outcome", task, {"call": call, "status": "ok", "changes": changes, "hosts": hosts, "wall_ms": 3})
    body, blobs = message("assistant", answer)
    log.append("message", task, body, blobs=blobs)
    log.append("stage.apply", task, {"changes": changes, "undo_id": "u1", "conflicts": []})
    if finish:
        log.append("turn.finished", task, {"reason": "done"})


def open_task(log: Log, task: str, **more: object) -> None:
    body = {
        "folder": "/home/x",
        "model": "openai/gpt-x",
        "kit": "write",
        "tools": ["write_file"],
        "autonomy": "approver",
    }
    log.append("task.opened", task, {**body, **more})


@pytest.fixture
def views(log: Log) -> Iterator[Views]:
    with closing(Views(log)) as opened:
        yield opened


class TestTasks:
    def test_the_task_active_last_comes_first_with_its_totals(self, log: Log, views: Views) -> None:
        open_task(log, "aa1", title="first")
        open_task(log, "bb2")
        one_turn(log, "aa1", "hello", "hi")
        log.append("task.changed", "aa1", {"what": "title", "old": "first", "new": "renamed"})
        first, second = views.tasks()
        assert (first.task.id, first.task.title, first.turns, first.cost_uusd, first.interrupted) == (
            "aa1",
            "renamed",
            1,
            250,
            False,
        )
        assert (second.task.id, second.turns) == ("bb2", 0)
        assert views.find_task("b") == ["bb2"]
        assert [t.task.id for t in views.tasks(limit=1)] == ["aa1"]

    def test_a_turn_without_an_end_is_interrupted(self, log: Log, views: Views) -> None:
        open_task(log, "t")
        one_turn(log, "t", "a", "b", finish=False)
        (task,) = views.tasks()
        assert task.interrupted
        log.append("turn.finished", "t", {"reason": "stopped"})
        assert not views.tasks()[0].interrupted

    def test_tasks_are_found_by_what_was_said_in_them(self, log: Log, views: Views) -> None:
        for name, prompt in (("t1", "compare the invoices"), ("t2", "税务报告在哪里"), ("t3", "nothing")):
            open_task(log, name)
            one_turn(log, name, prompt, "ok")
        assert [t.task.id for t in views.tasks("invoices")] == ["t1"]
        assert [t.task.id for t in views.tasks("税务")] == ["t2"]
        assert views.tasks("absent") == []


class TestTaskState:
    def test_settings_are_as_changed_last(self, log: Log, views: Views) -> None:
        open_task(log, "t", budgets={"calls": 5})
        log.append("task.changed", "t", {"what": "model", "old": "openai/gpt-x", "new": "ollama/y"})
        log.append("task.changed", "t", {"what": "budgets", "old": {}, "new": {"cost_uusd": 7}})
        log.append("task.changed", "t", {"what": "autonomy", "old": "approver", "new": "observer"})
        log.append("task.changed", "t", {"what": "something newer", "old": 1, "new": 2})
        state = views.task_state("t")
        assert state is not None
        assert (state.task.model, state.task.budgets, state.task.autonomy) == (
            "ollama/y",
            Budgets(cost_uusd=7),
            Autonomy.OBSERVER,
        )
        assert (state.task.folder, state.task.tools) == ("/home/x", ("write_file",))

    def test_totals_add_up(self, log: Log, views: Views) -> None:
        open_task(log, "t")
        one_turn(log, "t", "a", "b")
        log.append("model.result", "t", {"model": "m", "finish": "stop", "usage": None, "cost_uusd": None})
        totals = views.task_state("t").totals  # type: ignore[union-attr]
        assert (totals.input_tokens, totals.output_tokens, totals.calls, totals.cost_uusd) == (100, 20, 2, 250)
        assert (totals.unpriced_calls, totals.asks) == (1, 1)

    def test_grants_and_boundaries_hold_until_they_are_lifted(self, log: Log, views: Views) -> None:
        open_task(log, "t")
        own = Grant("g1", Effect.WRITE, Resource("file", "a"), task="t")
        everywhere = Grant("g2", Effect.READ, Resource("folder", "/"))
        others = Grant("g3", Effect.READ, Resource("folder", "/"), task="other")
        never = Boundary("b1", "never push", "forbid(...)")
        for grant in (own, everywhere, others):
            log.append("grant.added", grant.task, {"grant": msgspec.to_builtins(grant)})
        log.append("boundary.added", "", {"boundary": msgspec.to_builtins(never)})
        state = views.task_state("t")
        assert state is not None
        assert (state.grants, state.boundaries) == ((own, everywhere), (never,))
        log.append("grant.revoked", "t", {"id": "g1"})
        log.append("boundary.removed", "", {"id": "b1"})
        state = views.task_state("t")
        assert state is not None
        assert (state.grants, state.boundaries) == ((everywhere,), ())

    def test_there_is_no_state_of_an_unknown_task(self, views: Views) -> None:
        assert views.task_state("nothing") is None


class TestConversation:
    def test_messages_come_in_order_and_erased_ones_say_so(self, log: Log, views: Views) -> None:
        one_turn(log, "t", "first", "second")
        one_turn(log, "other", "not this", "nor this")
        one_turn(log, "t", "third", "fourth")
        assert [m.text for m in views.conversation("t")] == ["first", "second", "third", "fourth"]
        erased = next(log.entries(task="t", kinds=["message"]))
        upkeep.erase_entry(log, erased.seq)
        assert [m.text for m in views.conversation("t")] == ["[this content was erased]", "second", "third", "fourth"]
        assert [m.role for m in views.conversation("t")] == ["user", "assistant", "user", "assistant"]

    def test_an_intent_without_outcome_may_have_happened(self, log: Log, views: Views) -> None:
        one_turn(log, "t", "a", "b", call="c1")
        log.append("intent", "t", {"call": "c2", "tool": "run_command", "effect": "execute"})
        assert [e.body["call"] for e in open_intents_of(views.task_entries("t"))] == ["c2"]


class TestPage:
    @pytest.fixture(autouse=True)
    def _fill(self, log: Log) -> None:
        open_task(log, "t1")
        one_turn(log, "t1", "quarterly report", "here", call="c1")
        open_task(log, "t2")
        one_turn(log, "t2", "something else", "done", call="c2")
        log.append("intent", "t2", {"call": "c3", "tool": "read_file", "effect": "read"})
        log.append("decision", "t2", {"call": "c3", "decision": "deny", "policies": [], "reason": "outside"})
        log.append("setting.changed", "", {"name": "look.theme", "old": "dark", "new": "50%_light"})

    def test_it_is_newest_first_in_pages(self, log: Log, views: Views) -> None:
        first = views.page(limit=10).rows
        second = views.page(limit=100, before_seq=first[-1].seq).rows
        assert [row.seq for row in (*first, *second)] == list(range(log.head()[0], 0, -1))  # type: ignore[index]

    @pytest.mark.parametrize(
        ("wanted", "kinds"),
        [
            (Filter(task="t1", kinds=("intent", "outcome")), ["outcome", "intent"]),
            (Filter(tool="write_file", task="t1"), ["outcome", "approval", "decision", "intent"]),
            (Filter(tool="read_file"), ["decision", "intent"]),
            (Filter(verdict="deny"), ["decision"]),
            (Filter(model="openai/gpt-x", kinds=("model.call",)), ["model.call", "model.call"]),
            (Filter(model="gpt-x", kinds=("model.call",)), ["model.call", "model.call"]),
            (Filter(model="openai", kinds=("model.call",)), ["model.call", "model.call"]),
            (Filter(model="gpt"), []),
            (Filter(model="dark"), []),
            (Filter(host="example.com"), ["outcome", "outcome"]),
            (Filter(host="ample.com"), []),
            (Filter(path="notes.md", kinds=("outcome",)), ["outcome", "outcome"]),
            (Filter(text="50%_light"), ["setting.changed"]),
            (Filter(text="50x_light"), []),
            (Filter(kinds=("nothing",)), []),
        ],
    )
    def test_filters_hold_exactly(self, views: Views, wanted: Filter, kinds: list[str]) -> None:
        assert [row.kind for row in views.page(wanted).rows] == kinds

    def test_times_bound_a_page(self, log: Log, views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
        import time

        start = time.time_ns()
        for i in range(20):
            monkeypatch.setattr(time, "time_ns", lambda i=i: start + (1 + i) * 10**12)
            log.append("later", "", {"i": i})
        base = start // 10**6
        found = views.page(Filter(kinds=("later",), from_ms=base + 5 * 10**6, to_ms=base + 8 * 10**6)).rows
        assert [row.detail for row in found] == [f'{{\n  "i": {i}\n}}' for i in (6, 5, 4)]

    def test_search_finds_words_in_contents_indexed_or_not(self, log: Log, views: Views) -> None:
        for _ in range(2):
            assert [row.task for row in views.page(search="quarterly").rows] == ["t1"]
            assert [row.task for row in views.page(search="quarterly report").rows] == ["t1"]
            assert views.page(search="quarterly else").rows == ()
            views.index.fill(10)
        body, blobs = message("user", "quarterly again")
        log.append("message", "t2", body, blobs=blobs)
        assert [row.task for row in views.page(search="quarterly").rows] == ["t2", "t1"]
        assert [row.task for row in views.page(Filter(task="t1"), search="quarterly").rows] == ["t1"]

    def test_search_finds_parts_of_words_in_entries(self, views: Views) -> None:
        assert [row.kind for row in views.page(search="theme").rows] == ["setting.changed"]
        assert {row.kind for row in views.page(search="tes.md").rows} == {"outcome", "stage.apply"}

    @pytest.mark.parametrize(
        "query", ['"', "'", "*", "AND", "NEAR(", "a-b", "col:x", "\\", "%", "_", "\x00", "税", "()"]
    )
    def test_no_query_breaks_the_search(self, views: Views, query: str) -> None:
        found = views.page(search=query)
        assert found.searched_to == 0, "it looked at all there is"
        assert set(found.rows) <= set(views.page().rows)

    def test_A8_rows_are_safe_to_show(self, log: Log, views: Views) -> None:
        log.append("ki\x1bnd", "ta\u202esk", {"message": "\x1b[31mred\u202e", "what": "a\nb"})
        row = views.page(limit=1).rows[0]
        assert not any(c in row.summary + row.detail + row.kind + row.task for c in "\x1b\u202e")
        assert "\n" not in row.summary

    def test_an_unreadable_entry_is_named(self, log: Log, views: Views) -> None:
        log._database.writer().execute("UPDATE entries SET body='nonsense' WHERE seq=3")  # pyright: ignore[reportPrivateUsage]
        rows = views.page().rows
        assert [row.seq for row in rows if row.kind == "unreadable"] == [3]
        assert len(rows) == len({row.seq for row in rows}) > 3
        with pytest.raises(LogDamaged) as caught:
            log.entry(3)
        assert caught.value.first_bad_seq == 3


class TestChain:
    def test_an_outcome_leads_back_to_the_prompt_and_on_to_the_apply(self, log: Log, views: Views) -> None:
        open_task(log, "t")
        one_turn(log, "t", "first", "a", call="c1")
        one_turn(log, "t", "second", "b", call="c2")
        outcome = list(log.entries(kinds=["outcome"]))[1]
        chain = views.chain(outcome.seq)
        kinds = [e.kind for e in chain.entries()]
        expected = ["message", "model.call", "model.result", "intent", "decision", "approval", "outcome", "stage.apply"]
        assert kinds == [*expected, "turn.finished"]
        assert chain.prompt is not None
        assert log.blob(chain.prompt.body["message_sha256"]) == msgspec.json.encode(
            Message("user", (TextPart("second"),))
        )

    def test_who_said_yes_to_applying_belongs_to_it(self, log: Log, views: Views) -> None:
        open_task(log, "t")
        one_turn(log, "t", "first", "a", call="c1")
        changes = [{"path": "docs/notes.md", "kind": "changed"}]
        log.append("intent", "t", {"call": "apply-1", "tool": "apply", "effect": "apply"})
        log.append("decision", "t", {"call": "apply-1", "decision": "ask"})
        log.append("approval", "t", {"call": "apply-1", "answer": "once", "channel": "key"})
        log.append("stage.apply", "t", {"call": "apply-1", "changes": changes})
        outcome = next(log.entries(kinds=["outcome"]))
        assert [e.kind for e in views.chain(outcome.seq).entries()][-4:] == [
            "intent", "decision", "approval", "stage.apply"
        ]  # fmt: skip

    def test_a_chain_reads_no_other_turns(self, log: Log, views: Views) -> None:
        """However long the task is."""
        open_task(log, "t")
        for i in range(60):
            one_turn(log, "t", f"prompt {i}", "a", call=f"c{i}")
        outcome = list(log.entries(kinds=["outcome"]))[29]
        views.index.chunks("t")
        read: list[int] = []
        whole = log.database.read

        def counting(sql: str, values: Any = ()) -> list[Any]:
            rows = whole(sql, values)
            read.append(len(rows))
            return rows

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(log.database, "read", counting)
            chain = views.chain(outcome.seq)
        assert chain.prompt is not None
        assert len(chain.entries()) == 9
        assert sum(read) < 600, "the chunks around it, of 256 entries each"

    def test_an_entry_of_no_task_stands_alone(self, log: Log, views: Views) -> None:
        assert views.chain(log.append("setting.changed", "", {}).seq).entries()[0].kind == "setting.changed"

    def test_an_unknown_entry_is_said(self, views: Views) -> None:
        with pytest.raises(UsageError, match="no entry"):
            views.chain(99)


class TestIndex:
    def test_an_index_of_another_log_is_made_anew(self, log: Log, paths: Paths) -> None:
        open_task(log, "t1")
        with closing(Views(log)) as views:
            assert views.find_task("") == ["t1"]
        log.close()
        import shutil

        shutil.rmtree(paths.data)
        shutil.rmtree(paths.trust)
        with closing(Log.open(paths)) as other, closing(Views(other)) as views:
            open_task(other, "t2")
            assert views.find_task("") == ["t2"]

    def test_a_broken_index_is_made_anew(self, log: Log, paths: Paths) -> None:

        open_task(log, "t1")
        with closing(Views(log)) as views:
            assert views.find_task("") == ["t1"]
        (Path(paths.cache) / "log-index.db").write_bytes(b"not a database" * 1000)
        with closing(Views(log)) as views:
            assert views.find_task("") == ["t1"]

    def test_without_a_place_for_it_everything_still_works(self, log: Log, paths: Paths) -> None:

        Path(paths.cache).parent.mkdir(parents=True, exist_ok=True)
        Path(paths.cache).write_text("in the way")
        open_task(log, "t1")
        one_turn(log, "t1", "quarterly", "x")
        with closing(Views(log)) as views:
            assert views.find_task("") == ["t1"]
            assert len(views.page(search="quarterly").rows) == 1

    def test_two_windows_share_it(self, log: Log) -> None:
        with closing(Views(log)) as first, closing(Views(log)) as second:
            for i in range(50):
                open_task(log, f"t{i:02}")
                assert (first if i % 2 else second).find_task(f"t{i:02}") == [f"t{i:02}"]
            assert len(first.tasks()) == len(second.tasks()) == 50

    def test_it_fills_in_the_background(self, log: Log) -> None:
        import time

        log.append_many([Draft("message", "t", {"role": "user"}, {"message": b'"word%d"' % i}) for i in range(300)])
        with closing(Views(log)) as views:
            views.start_indexing()
            until = time.monotonic() + 10
            while views.index.find_words("word299", 2**60, 1, 0.0)[1] < 300:
                assert time.monotonic() < until
                time.sleep(0.02)

    def test_a_window_notices_that_another_one_has_erased(self, log: Log) -> None:
        log.append("message", "t", {"role": "user"}, blobs={"message": b'"verysecretword"'})
        with closing(Views(log)) as views:
            assert views.index.find_words("verysecretword", 2**60, 9, 5.0)[0] == [1]
            upkeep.erase_entry(log, 1)
            assert views.index.find_words("verysecretword", 2**60, 9, 5.0)[0] == []
            assert views.page(search="verysecretword").rows == ()

    def test_looking_at_another_log_leaves_the_own_index_alone(self, log: Log, paths: Paths, tmp_path: Path) -> None:
        open_task(log, "t1")
        with closing(Views(log)) as views:
            assert views.find_task("") == ["t1"]
        index = Path(paths.cache) / "log-index.db"
        before = index.stat().st_ino
        other_paths = find_paths({"ASSISTANT_HOME": str(tmp_path / "other")})
        with closing(Log.open(other_paths)) as other:
            open_task(other, "t2")
        with (
            closing(Log.open(paths, read_only=True, database=other_paths.log_db)) as other,
            closing(Views(other)) as views,
        ):
            assert views.find_task("") == ["t2"]
        assert index.stat().st_ino == before


def test_a_helpers_copy_of_a_boundary_takes_nothing_from_the_boundary(log: Log, views: Views) -> None:
    from assistant.types import Boundary, plain

    never = Boundary("b1", "never push", "forbid (principal, action, resource);", "t1")
    copy = Boundary("b1", "never push", "forbid (principal, action, resource);", "child")
    log.append("task.opened", "t1", {"folder": "/x", "model": "m"})
    log.append("boundary.added", "t1", {"id": "b1", "boundary": plain(never)})
    log.append("boundary.added", "child", {"id": "b1", "boundary": plain(copy)})
    log.append("boundary.removed", "child", {"id": "b1"})
    state = views.task_state("t1")
    assert state is not None
    assert state.boundaries == (never,)
