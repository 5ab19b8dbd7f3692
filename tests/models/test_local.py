"""The embedded engine, and the files it reads."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from msgspec.structs import replace

from assistant.config import ModelSettings
from assistant.errors import AssistantError, ModelError, UsageError
from assistant.models import local
from assistant.models.catalogue import Catalogue
from assistant.models.worker_model import WorkerModel
from assistant.models.worker_process import Worker
from assistant.types import CallDone, Finished, TextDelta
from tests.conformance.model_suite import asked, collect
from tests.models.plain_launcher import PlainLauncher
from tests.models.test_fetch_model import Hub, hub  # noqa: F401 - a fixture

BYTES = b"GGUF" + bytes(range(256)) * 64


@pytest.fixture(scope="session")
def tiny(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of half a megabyte with random weights, made here."""
    pytest.importorskip("xllamacpp", reason="the extra `local` is not installed")
    pytest.importorskip("gguf", reason="the package `gguf`, which makes the test's model, is not installed")
    folder = tmp_path_factory.mktemp("models")
    maker = runpy.run_path(str(shared / "tiny_gguf.py"))
    maker["make"](str(folder / "tiny.gguf"))
    return folder


class TestFiles:
    def test_models_are_the_gguf_files_of_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "b.gguf").write_bytes(BYTES)
        (tmp_path / "a.gguf").write_bytes(BYTES)
        (tmp_path / "c.gguf.part").write_bytes(BYTES)
        assert [i.id for i in local.models(tmp_path)] == ["local/a", "local/b"]
        assert all(i.local and i.input_uusd_per_mtok == 0 for i in local.models(tmp_path))
        assert local.models(tmp_path / "nowhere") == []

    @pytest.mark.parametrize("model", ["local/missing", "local/", "local/../a", "local/.hidden", "local/x/y"])
    def test_what_is_not_there_says_what_to_do(self, tmp_path: Path, model: str) -> None:
        with pytest.raises(UsageError, match=r"models fetch|ask local/NAME"):
            local.open_model(model, tmp_path)

    def test_what_is_not_a_model_is_not_given_to_the_engine(self, tmp_path: Path) -> None:
        (tmp_path / "a.gguf").write_bytes(b"#!/bin/sh")
        with pytest.raises(UsageError, match="not a GGUF file"):
            local.open_model("local/a", tmp_path)

    def test_M11_its_worker_sees_one_file_and_no_network(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(local, "installed", lambda: True)
        (tmp_path / "a.gguf").write_bytes(BYTES)
        _, connection = local.open_model("local/a", tmp_path)
        launch = local.local_launch(connection)
        assert launch.hosts == ()
        assert str(tmp_path / "a.gguf") in launch.read_only
        assert str(tmp_path) not in launch.read_only

    async def test_the_catalogue_lists_and_opens_them(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(local, "installed", lambda: True)
        (tmp_path / "a.gguf").write_bytes(BYTES)
        catalogue = Catalogue(ModelSettings(), {}, models_folder=tmp_path)
        assert "local/a" in [i.id for i in await catalogue.models() if i.usable]
        info, connection = await catalogue.open("local/a")
        assert (info.local, connection.model_file) == (True, str(tmp_path / "a.gguf"))

    async def test_without_the_engine_it_says_what_to_install(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(local, "installed", lambda: False)
        (tmp_path / "a.gguf").write_bytes(BYTES)
        assert "assistant[local]" in local.models(tmp_path)[0].why_not
        with pytest.raises(UsageError, match=r"assistant\[local\]"):
            local.open_model("local/a", tmp_path)


class TestEngine:
    async def test_it_answers_in_words_and_calls_tools(self, tiny: Path) -> None:
        info, connection = local.open_model("local/tiny", tiny)
        worker = Worker(PlainLauncher(), connection)
        model = WorkerModel(info, worker)
        words = await collect(model, replace(asked("hello", tools=()), max_output_tokens=40))
        assert any(isinstance(e, TextDelta) for e in words)
        assert isinstance(words[-1], Finished)
        assert words[-1].usage
        called = await collect(model, replace(asked("read a file"), max_output_tokens=400))
        assert [e.part.call.name for e in called if isinstance(e, CallDone)] == ["read_file"]
        await worker.aclose()

    async def test_what_was_fetched_by_its_name_answers(
        self,
        tiny: Path,
        hub: Hub,  # noqa: F811
        tmp_path: Path,
    ) -> None:
        hub.content = (tiny / "tiny.gguf").read_bytes()
        hub.cut_at = len(hub.content) // 2
        with pytest.raises(AssistantError, match="could not be fetched"):
            await hub.fetch(tmp_path)
        hub.cut_at = None
        file = await hub.fetch(tmp_path)
        info, connection = local.open_model(f"local/{file.stem}", tmp_path)
        worker = Worker(PlainLauncher(), connection)
        words = await collect(WorkerModel(info, worker), replace(asked("hello", tools=()), max_output_tokens=20))
        assert isinstance(words[-1], Finished)
        await worker.aclose()

    async def test_a_file_that_can_t_be_loaded_is_an_error_with_a_reason(self, tiny: Path) -> None:
        (tiny / "broken.gguf").write_bytes(BYTES)
        info, connection = local.open_model("local/broken", tiny)
        worker = Worker(PlainLauncher(), connection)
        with pytest.raises(ModelError, match="can't be loaded"):
            await collect(WorkerModel(info, worker), asked("hello"))
        await worker.aclose()
