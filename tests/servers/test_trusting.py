"""Trusting a server from inside the program: shown as it is, pinned as it was shown, gone when the trust is taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.agent.local import LocalDesk
from assistant.compose import build_desk
from assistant.errors import UsageError
from assistant.gateway.approver import Unattended
from tests.servers.making import World


@pytest.fixture
async def desk(world: World, home: Path) -> AsyncIterator[LocalDesk]:
    world.test_server("tracker")
    made = build_desk({"ASSISTANT_HOME": str(home / "assistant"), "HOME": str(home)})
    yield made
    await made.aclose()


async def test_a_new_server_is_shown_pinned_and_taken_back(desk: LocalDesk, folder: Path) -> None:
    arrange = desk.arrangements
    assert [(s.config.name, s.state) for s in arrange.servers()] == [("tracker", "new")]
    offer = await arrange.offer_of("tracker", Unattended())
    assert "echo" in [tool.name for tool in offer.tools]
    assert [s.state for s in arrange.servers()] == ["new"], "looking trusts nothing"
    session = await desk.open_task(folder, model="builtin/offline", approver=Unattended())
    await arrange.trust_server("tracker", offer)
    assert [s.state for s in arrange.servers()] == ["trusted"]
    assert "tracker__echo" in [spec.name for spec, _on in session.tools()], "at once, in the open task too"
    await arrange.distrust_server("tracker")
    assert "tracker__echo" not in [spec.name for spec, _on in session.tools()]
    kinds = [e.kind for e in desk.log.entries() if e.kind.startswith("server.")]
    assert kinds == ["server.trusted", "server.distrusted"]


async def test_a_server_that_there_is_not(desk: LocalDesk) -> None:
    with pytest.raises(UsageError, match="no server"):
        await desk.arrangements.distrust_server("another")
