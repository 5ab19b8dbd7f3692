"""Workers that stand ready: imports done, the server itself not started, until its first tool is needed."""

from __future__ import annotations

from assistant.gateway.servers import launch_of
from assistant.servers.launcher import MOST_READY
from assistant.servers.offer import Offer
from assistant.servers.process import ServerProcess
from assistant.types import JSON
from tests.servers.making import World


class Quiet:
    async def answer(self, what: str, body: dict[str, JSON]) -> JSON:
        return {"action": "decline"}

    def offered(self, offer: Offer) -> None:
        pass

    def said(self, level: str, text: str) -> None:
        pass


class TestAWorkerThatStandsReady:
    async def test_is_the_one_that_serves_and_is_taken_once(self, world: World) -> None:
        world.test_server()
        launch, shake = launch_of(world.servers.configs["test"], "", {})
        rooms = world.rooms
        rooms.prepare(launch)
        await rooms.prepared(launch)
        ready = await rooms._ready[launch]
        process = ServerProcess(launch, shake, rooms, Quiet())
        assert (await process.offer()).tools
        assert ready.process.running
        assert launch not in rooms._ready
        await process.aclose()
        assert not ready.process.running
        assert (await process.offer()).tools, "without one the server is started all the same"
        await process.aclose()

    async def test_serves_also_when_it_is_taken_in_the_middle_of_its_imports(self, world: World) -> None:
        world.test_server()
        launch, shake = launch_of(world.servers.configs["test"], "", {})
        rooms = world.rooms
        rooms.prepare(launch)
        process = ServerProcess(launch, shake, rooms, Quiet())
        assert (await process.offer()).tools
        await process.aclose()

    async def test_ends_with_its_task_and_there_are_never_more_than_a_few(self, world: World) -> None:
        rooms = world.rooms
        for number in range(MOST_READY + 1):
            world.test_server(f"test{number}")
            rooms.prepare(launch_of(world.servers.configs[f"test{number}"], "", {})[0])
        started = [await task for task in rooms._ready.values()]
        assert len(started) == MOST_READY
        await rooms.aclose()
        assert not [s for s in started if s.process.running]

    async def test_that_was_ended_meanwhile_is_replaced(self, world: World) -> None:
        world.test_server(folder="stage")
        launch, shake = launch_of(world.servers.configs["test"], str(world.folder), {})
        rooms = world.rooms
        rooms.prepare(launch)
        await rooms.prepared(launch)
        await (await world.room()).stop()
        process = ServerProcess(launch, shake, rooms, Quiet())
        assert (await process.offer()).tools
        await process.aclose()
