"""Energy of a model call, estimated by EcoLogits, always as a range.

EcoLogits estimates from the provider, the model's (often guessed) size, the output tokens and the time. What it does not
know is None. It takes 0.2 s to import, so it is imported on first use; call from a worker thread
when on the event loop, and only where someone asks (an energy budget, a report).
"""

from __future__ import annotations

import logging
from typing import Any

from assistant.models.budgets import Energy
from assistant.types import ModelInfo, Usage

_PROVIDERS = {
    "openai": "openai",
    "azure": "openai",
    "anthropic": "anthropic",
    "gemini": "google_genai",
    "mistral": "mistralai",
    "cohere": "cohere",
    "huggingface": "huggingface_hub",
}
"""Our names in EcoLogits' words; it knows no others."""


def energy(info: ModelInfo, usage: Usage | None, duration_s: float) -> Energy | None:
    """The range for one call in milliwatt-hours, or None when it can't be estimated (local models, unknown models)."""
    provider = _PROVIDERS.get(info.provider)
    if provider is None or usage is None or not usage.output:
        return None
    from ecologits.tracers.utils import llm_impacts  # slow to import; asked for by few

    logging.getLogger("ecologits").disabled = True  # its warnings go to the terminal; the range says the same
    name = info.id.partition("/")[2]
    impacts: Any = llm_impacts(provider, name, usage.output, max(duration_s, 0.001))
    found: Any = getattr(getattr(impacts, "energy", None), "value", None)
    if found is None:
        return None
    low, high = (found.min, found.max) if hasattr(found, "min") else (found, found)
    return Energy(float(low) * 1_000_000, float(high) * 1_000_000)  # kWh
