"""WorkerModel and the processes behind it, against workers that misbehave."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path
from time import monotonic

import pytest

from assistant.errors import ModelError, SandboxUnavailable
from assistant.models.connection import Connection
from assistant.models.launcher import Launch, Pipe, interpreter_folders, worker_launch
from assistant.models.protocol import Model
from assistant.models.worker_model import WorkerModel
from assistant.models.worker_process import Worker
from assistant.models.workers import Workers
from assistant.types import Finished, ModelEvent, ModelInfo, ModelRequest, ReasoningDone, TextDelta
from tests.conformance.model_suite import ModelSuite, asked, collect
from tests.models.plain_launcher import PlainLauncher

FAKE = str(Path(__file__).with_name("fake_worker.py"))
INFO = ModelInfo("openai/gpt-5", "openai")
CONNECTION = Connection("openai", "sk-secret", hosts=("api.openai.com:443",))


def launcher(*part: str) -> PlainLauncher:
    return PlainLauncher((sys.executable, FAKE, *part))


def model(*part: str) -> WorkerModel:
    return WorkerModel(INFO, Worker(launcher(*part), CONNECTION))


def words(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def listen(model: Model, request: ModelRequest) -> tuple[list[ModelEvent], ModelError]:
    heard: list[ModelEvent] = []
    try:
        async for event in model.stream(request):
            heard.append(event)
    except ModelError as error:
        return heard, error
    raise AssertionError("it did not fail")


@pytest.fixture(autouse=True)
async def no_process_is_left():
    started: list[Worker] = []
    real = Worker.__init__

    def note(self: Worker, *args: object, **named: object) -> None:
        real(self, *args, **named)  # type: ignore[arg-type]
        started.append(self)

    Worker.__init__ = note  # type: ignore[method-assign]
    yield
    Worker.__init__ = real  # type: ignore[method-assign]
    for worker in started:
        await worker.aclose()


class TestWorkerModelConforms(ModelSuite):
    async def answering(self) -> Model:
        return model("echo")

    async def calling(self) -> Model:
        return model("call")

    async def failing(self) -> Model:
        return model("fail")

    async def hanging(self) -> Model:
        return model("hang")


class TestStarting:
    async def test_M1_the_worker_is_told_its_provider_and_its_key_by_pipe_alone(self) -> None:
        start = launcher("credentials")
        heard = await collect(WorkerModel(INFO, Worker(start, CONNECTION)), asked("x"))
        assert '"sk-secret"' in words(heard)
        assert "sk-secret" not in repr(start.launches)
        assert start.launches[0].hosts == ("api.openai.com:443",)

    async def test_one_process_serves_many_calls(self) -> None:
        worker = Worker(launcher("echo"), CONNECTION)
        answers = await asyncio.gather(*(collect(WorkerModel(INFO, worker), asked(f"n{i}")) for i in range(20)))
        assert [words(a) for a in answers] == [f"n{i}" for i in range(20)]
        assert worker.starts == 1

    async def test_warming_up_starts_it_before_the_first_call(self) -> None:
        worker = Worker(launcher("echo"), CONNECTION)
        WorkerModel(INFO, worker).warm_up()
        async with asyncio.timeout(5):
            while not worker.pid:
                await asyncio.sleep(0.01)
        await collect(WorkerModel(INFO, worker), asked("x"))
        assert worker.starts == 1

    async def test_M2_without_a_sandbox_no_provider_is_asked(self) -> None:
        class Nothing:
            async def start(self, launch: Launch) -> Pipe:
                raise SandboxUnavailable("nothing can contain it")

        with pytest.raises(SandboxUnavailable):
            await collect(WorkerModel(INFO, Worker(Nothing(), CONNECTION)), asked("x"))

    async def test_a_failed_warm_up_shows_at_the_first_call(self) -> None:
        class Nothing:
            async def start(self, launch: Launch) -> Pipe:
                raise SandboxUnavailable("nothing can contain it")

        broken = WorkerModel(INFO, Worker(Nothing(), CONNECTION))
        broken.warm_up()
        await asyncio.sleep(0.01)
        with pytest.raises(SandboxUnavailable):
            await collect(broken, asked("x"))

    async def test_equal_connections_share_a_process_and_others_do_not(self) -> None:
        workers = Workers(launcher("echo"))
        assert workers.of(CONNECTION) is workers.of(Connection("openai", "sk-secret", hosts=("api.openai.com:443",)))
        assert workers.of(CONNECTION) is not workers.of(Connection("openai", "another", hosts=("api.openai.com:443",)))
        await workers.aclose()

    def test_the_interpreter_and_the_package_are_all_that_it_sees(self) -> None:
        launch = worker_launch("openai", ())
        assert launch.read_only == interpreter_folders()
        assert str(Path.home()) not in launch.read_only
        assert all(
            any(sys.path[-1].startswith(f) for f in launch.read_only) or Path(f).is_dir() for f in launch.read_only
        )


class TestDying:
    async def test_M3_a_worker_that_dies_before_it_answers_costs_nothing(self, tmp_path: Path) -> None:
        start = launcher("die-once", str(tmp_path / "died"))
        heard = await collect(WorkerModel(INFO, Worker(start, CONNECTION)), asked("x"))
        assert words(heard) == "second time lucky"
        assert len(start.pipes) == 2

    async def test_M3_a_worker_that_dies_in_the_middle_keeps_what_came(self) -> None:
        heard, error = await listen(model("die-middle"), asked("x"))
        assert words(heard) == "half an ans"
        assert (error.kind, error.retryable) == ("incomplete_stream", True)

    async def test_a_worker_that_dies_twice_is_an_error_with_its_last_words(self) -> None:
        heard, error = await listen(model("die-first"), asked("x"))
        assert (heard, error.kind) == ([], "server")
        assert "MemoryError: the library fell over" in error.message

    async def test_a_killed_worker_is_replaced_at_the_next_call(self) -> None:
        start = launcher("echo")
        worker = Worker(start, CONNECTION)
        await collect(WorkerModel(INFO, worker), asked("x"))
        start.pipes[0].process.kill()
        await start.pipes[0].process.wait()
        assert words(await collect(WorkerModel(INFO, worker), asked("again"))) == "again"


class TestHostileOutput:
    async def test_M4_a_line_that_does_not_fit_ends_the_process(self) -> None:
        start = launcher("garbage")
        heard, error = await listen(WorkerModel(INFO, Worker(start, CONNECTION)), asked("x"))
        assert (words(heard), error.kind) == ("so far so good", "incomplete_stream")
        await asyncio.wait_for(start.pipes[0].process.wait(), 2)

    async def test_M4_a_line_without_an_end_ends_the_process(self) -> None:
        _, error = await listen(model("endless-line"), asked("x"))
        assert error.kind == "server"

    async def test_M4_a_worker_that_talks_to_nobody_without_end_is_ended(self) -> None:
        start = launcher("babble")
        assert words(await collect(WorkerModel(INFO, Worker(start, CONNECTION)), asked("x"))) == "x"
        await asyncio.wait_for(start.pipes[0].process.wait(), 5)

    async def test_nothing_is_heard_after_the_end(self) -> None:
        heard = await collect(model("after-the-end"), asked("x"))
        assert words(heard) == "x"
        assert sum(isinstance(event, Finished) for event in heard) == 1

    async def test_M4_opaque_parts_are_kept_only_under_the_provider_that_was_asked(self) -> None:
        parts = [e.part for e in await collect(model("foreign-parts"), asked("x")) if isinstance(e, ReasoningDone)]
        assert [p.text for p in parts] == ["hm"] * 3
        assert [(p.provider, p.opaque) for p in parts] == [("", None), ("openai/gpt-5", {"signature": "x"}), ("", None)]

    async def test_the_provider_s_words_are_made_visible(self) -> None:
        _, error = await listen(model("fail"), asked("x"))
        assert error.message == "slow \\x1b[31mdown"
        assert (error.kind, error.retryable, error.retry_after_s) == ("rate_limit", True, 2)

    async def test_a_kind_that_nobody_knows_is_a_server_error(self) -> None:
        _, error = await listen(model("odd-kind"), asked("x"))
        assert error.kind == "server"

    async def test_a_silent_worker_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("assistant.models.worker_process.GRACE_S", 0.1)
        heard, error = await listen(model("silent"), ModelRequest(asked("x").messages, timeout_s=0.2))
        assert (heard, error.kind, error.retryable) == ([], "timeout", True)


class TestStreaming:
    async def test_nothing_of_a_fast_stream_is_dropped(self) -> None:
        heard = await collect(model("flood"), asked("x"))
        assert words(heard) == "".join(f"{n} " for n in range(20_000))

    async def test_M5_closing_early_tells_the_worker_at_once(self) -> None:
        start = launcher("hang")
        async with aclosing(WorkerModel(INFO, Worker(start, CONNECTION)).stream(asked("x"))) as events:
            await anext(events)
        begun = monotonic()
        while "cancelled 1" not in start.pipes[0].errors():
            assert monotonic() - begun < 0.2
            await asyncio.sleep(0.005)


class TestIdleness:
    async def test_M6_an_idle_worker_gives_its_memory_back(self) -> None:
        start = launcher("echo")
        worker = Worker(start, CONNECTION, idle_s=0.1)
        await collect(WorkerModel(INFO, worker), asked("x"))
        await asyncio.wait_for(start.pipes[0].process.wait(), 2)
        assert worker.pid == 0
        assert words(await collect(WorkerModel(INFO, worker), asked("awake"))) == "awake"
        assert worker.starts == 2

    async def test_M6_a_busy_worker_is_left_alone(self) -> None:
        start = launcher("hang")
        worker = Worker(start, CONNECTION, idle_s=0.05)
        async with aclosing(WorkerModel(INFO, worker).stream(asked("x"))) as events:
            await anext(events)
            await asyncio.sleep(0.2)
            assert start.pipes[0].process.returncode is None

    async def test_closing_ends_the_process(self) -> None:
        start = launcher("hang")
        worker = Worker(start, CONNECTION)
        async with aclosing(WorkerModel(INFO, worker).stream(asked("x"))) as events:
            await anext(events)
        await worker.aclose()
        assert start.pipes[0].process.returncode is not None
