"""Servers that other people wrote, each in its room. Skipped where they are not installed."""

from __future__ import annotations

import subprocess

from assistant.gateway.approver import ElicitAnswer
from assistant.types import Effect
from tests.servers.making import World
from tests.servers.real import command


class TestNpm:
    async def test_everything(self, world: World) -> None:
        world.configure("every", {"command": command("mcp-server-everything")})
        await world.trust("every", fresh=True)
        assert (await world.call("every__echo", message="hi")).text == "Echo: hi"
        assert "The sum of 2 and 3 is 5" in (await world.call("every__get_sum", a=2, b=3)).text
        assert (await world.call("every__trigger_long_running_operation", duration=1, steps=2)).ok
        assert "2 of 2" in world.shown()
        picture = await world.call("every__get_tiny_image")
        assert "[image, image/png" in picture.text
        assert [i.media_type for i in picture.images] == ["image/png"]
        assert "temperature" in (await world.call("every__get_structured_content", location="Chicago")).text
        world.approver.elicited = ElicitAnswer("accept", {"name": "Ada"})
        asked = await world.call("every__trigger_elicitation_request")
        assert "Ada" in asked.text
        assert "architecture.md" in (await world.call("every__list_resources")).text
        document = await world.call("every__read_resource", uri="demo://resource/static/document/architecture.md")
        assert document.ok
        filled = await world.call("every__get_prompt", name="args-prompt", arguments={"city": "Bern"})
        assert "Bern" in filled.text

    async def test_filesystem_works_through_the_stage_only(self, world: World) -> None:
        entry = {"command": command("mcp-server-filesystem"), "args": ["."], "assistant": {"folder": "stage"}}
        world.configure("files", entry)
        await world.trust("files", fresh=True)
        world.policy.said("read readme.txt, then write new.txt with x")
        assert "hello" in (await world.call("files__read_text_file", path="readme.txt")).text
        written = await world.call("files__write_file", path="new.txt", content="x")
        assert written.ok, written.text
        assert not (world.folder / "new.txt").exists()
        assert [c.path for c in (await world.room()).stage.changes()] == ["new.txt"]
        assert not (await world.call("files__read_text_file", path="/etc/hostname")).ok

    async def test_memory(self, world: World) -> None:
        entry = {"command": command("mcp-server-memory"), "env": {"MEMORY_FILE_PATH": "/tmp/memory.jsonl"}}
        world.configure("memory", entry)
        await world.trust("memory", fresh=True)
        assert world.registry.get("memory__read_graph").effect is Effect.READ
        ada = {"name": "Ada", "entityType": "person", "observations": ["writes programs"]}
        assert (await world.call("memory__create_entities", entities=[ada])).ok
        assert "writes programs" in (await world.call("memory__search_nodes", query="Ada")).text


class TestPyPI:
    async def test_git_reads_a_repository(self, world: World) -> None:
        for words in (
            ["init", "-q"],
            ["add", "."],
            ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "First"],
        ):
            subprocess.run(["git", *words], cwd=world.folder, check=True)
        world.configure("git", {"command": command("mcp-server-git"), "assistant": {"folder": "read"}})
        await world.trust("git", fresh=True)
        found = await world.call("git__git_log", repo_path=str(world.folder))
        assert "First" in found.text

    async def test_fetch_reaches_nothing_without_a_grant(self, world: World) -> None:
        world.configure("fetch", {"command": command("mcp-server-fetch")})
        await world.trust("fetch", fresh=True)
        found = await world.call("fetch__fetch", url="https://example.com/")
        assert not found.ok

    async def test_sqlite_keeps_its_data_on_the_stage(self, world: World) -> None:
        entry = {
            "command": command("mcp-server-sqlite"),
            "args": ["--db-path", "data.db"],
            "assistant": {"folder": "stage"},
        }
        world.configure("db", entry)
        await world.trust("db", fresh=True)
        world.policy.said("create a table t and write a row into it")
        assert (await world.call("db__create_table", query="create table t (a text)")).ok
        assert (await world.call("db__write_query", query="insert into t values ('x')")).ok
        assert "'a': 'x'" in (await world.call("db__read_query", query="select a from t")).text
        assert not (world.folder / "data.db").exists()
