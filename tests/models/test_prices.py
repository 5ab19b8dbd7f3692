"""The price table, and what a call cost by it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.models.energy import energy
from assistant.models.prices import cost_uusd, describe, table
from assistant.models.providers import PROVIDERS
from assistant.types import ModelInfo, Usage

ROOT = Path(__file__).resolve().parents[2]


def info(name: str) -> ModelInfo:
    return describe(ModelInfo(name, name.partition("/")[0]))


class TestTable:
    def test_it_is_what_the_pinned_source_gives(self) -> None:
        done = subprocess.run(
            [sys.executable, ROOT / ".ci/make_prices.py", "--check"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def test_it_is_dated_and_names_source_and_licence(self) -> None:
        assert table().date >= "2026-10-21"
        assert table().source.startswith("litellm ")
        assert "MIT" in table().licence

    def test_every_provider_in_it_is_one_that_we_know(self) -> None:
        assert {name.partition("/")[0] for name in table().models} <= set(PROVIDERS)

    def test_the_models_that_auto_would_choose_are_in_it_and_call_tools(self) -> None:
        unlisted = {"openrouter", "huggingface"}  # their prices are not in the source
        for provider in PROVIDERS.values():
            for name in provider.preferred if provider.name not in unlisted else ():
                assert "t" in table().models[f"{provider.name}/{name}"].flags, f"{provider.name}/{name}"

    def test_a_known_price_agrees_with_the_source(self) -> None:
        import importlib.util

        spec = importlib.util.find_spec("litellm")
        assert spec
        assert spec.origin
        file = Path(spec.origin).parent / "model_prices_and_context_window_backup.json"
        raw = json.loads(file.read_text())["gpt-5"]
        known = info("openai/gpt-5")
        assert known.input_uusd_per_mtok == round(raw["input_cost_per_token"] * 1e12)
        assert known.output_uusd_per_mtok == round(raw["output_cost_per_token"] * 1e12)
        assert known.context_tokens == raw["max_input_tokens"]
        assert known.sees_images


class TestCost:
    def test_input_output_and_cache_each_have_their_price(self) -> None:
        known = info("anthropic/claude-sonnet-4-5")  # 3, 15, 0.3 and 3.75 dollars a million
        usage = Usage(input=10_000, output=1_000, cache_read=4_000, cache_write=2_000)
        assert cost_uusd(known, usage) == 4_000 * 3 + 4_000 * 0.3 + 2_000 * 3.75 + 1_000 * 15

    def test_long_inputs_cost_what_their_tier_says(self) -> None:
        known = info("gemini/gemini-2.5-pro")  # 1.25 and 10 dollars; above 200,000 tokens 2.50 and 15
        assert cost_uusd(known, Usage(200_000, 10)) == 250_000 + 100
        assert cost_uusd(known, Usage(200_001, 10)) == 500_003 + 150  # rounded up

    def test_an_unknown_price_is_unknown_and_not_zero(self) -> None:
        assert cost_uusd(info("openai/never-heard-of-it"), Usage(1000, 1000)) is None
        assert info("openai/never-heard-of-it").price_date == ""

    def test_unknown_usage_is_an_unknown_cost(self) -> None:
        assert cost_uusd(info("openai/gpt-5"), None) is None

    def test_local_models_are_free(self) -> None:
        assert cost_uusd(describe(ModelInfo("ollama/qwen", "ollama", local=True)), Usage(1000, 1000)) == 0

    @given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
    def test_it_is_never_negative_and_never_less_than_the_output_alone(self, i: int, o: int, r: int, w: int) -> None:
        cost = cost_uusd(info("anthropic/claude-sonnet-4-5"), Usage(i, o, r, w))
        assert cost is not None
        assert cost >= o * 15


class TestEnergy:
    def test_it_is_a_range(self) -> None:
        found = energy(info("openai/gpt-5"), Usage(1000, 100), 2.0)
        assert found
        assert 0 < found.low_mwh < found.high_mwh

    def test_more_output_takes_more(self) -> None:
        few, many = (energy(info("openai/gpt-5"), Usage(10, n), 2.0) for n in (10, 1000))
        assert few
        assert many
        assert many.low_mwh > few.high_mwh

    @pytest.mark.parametrize("name", ["openai/never-heard-of-it", "ollama/qwen", "groq/openai/gpt-oss-20b"])
    def test_what_nobody_can_estimate_is_unknown(self, name: str) -> None:
        assert energy(info(name), Usage(10, 10), 1.0) is None

    def test_nothing_is_written_to_the_terminal(self, capfd: pytest.CaptureFixture[str]) -> None:
        energy(info("openai/gpt-4o"), Usage(10, 10), 1.0)
        energy(info("openai/never-heard-of-it"), Usage(10, 10), 1.0)
        assert capfd.readouterr() == ("", "")
