"""The kits that are shipped: what each may do fits what it says of itself."""

from __future__ import annotations

import pytest

from assistant.agent.kits import load_kits
from assistant.gateway.registry import Registry
from assistant.shipped import shipped
from assistant.types import Effect

REGISTRY = Registry.load([shipped("tools")])
KITS = load_kits([shipped("data") / "kits"])


@pytest.mark.parametrize("name", sorted(KITS))
def test_every_tool_of_a_kit_exists_and_all_but_the_leanest_look_into_the_memory(name: str) -> None:
    missing = [tool for tool in KITS[name].tools if REGISTRY.find(tool) is None]
    assert not missing
    assert name == "write" or "recall" in KITS[name].tools  # its first request must stay within 5.5 kB


def test_looking_only_can_do_nothing_but_read() -> None:
    assert {REGISTRY.get(tool).effect for tool in KITS["look"].tools} == {Effect.READ}


def test_helpers_are_for_work_that_has_parts() -> None:
    assert {name for name, kit in KITS.items() if "delegate" in kit.tools} == {"research"}
