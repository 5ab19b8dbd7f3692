"""Make `data/prices/table.json` from the price file that the pinned litellm carries, without importing litellm.

    python .ci/make_prices.py [--date YYYY-MM-DD] [--check]

Run it after the pin of litellm in pyproject.toml changes; `--date` is the day that release was made. `--check` compares only.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import sys
from decimal import Decimal
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "data" / "prices" / "table.json"

PROVIDERS = {
    "anthropic": "anthropic",
    "azure": "azure",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "deepseek": "deepseek",
    "fireworks_ai": "fireworks_ai",
    "gemini": "gemini",
    "groq": "groq",
    "mistral": "mistral",
    "moonshot": "moonshot",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together_ai": "together_ai",
    "xai": "xai",
    "zai": "zai",
}
"""litellm's word for a provider, and ours."""


def main() -> int:
    """Write or check the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--date", default="")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    old = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    text = render(options.date or old.get("date", ""))
    if options.check:
        if text != TABLE.read_text():
            sys.stderr.write("data/prices/table.json differs from the pinned litellm: run .ci/make_prices.py\n")
            return 1
        return 0
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(text)
    sys.stdout.write(f"{TABLE}: {len(text):,} bytes, {text.count(chr(10)) - 8:,} models\n")
    return 0


def render(date: str) -> str:
    """The table's text, one model a line, sorted."""
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        raise SystemExit("litellm is not installed here")
    file = Path(spec.origin).parent / "model_prices_and_context_window_backup.json"
    version = importlib.metadata.version("litellm")
    models = reduce(json.loads(file.read_text()), date)
    head = {"source": f"litellm {version}, {file.name}", "licence": "MIT, Copyright (c) 2023 Berri AI", "date": date}
    lines = [f"{json.dumps(name)}:{json.dumps(entry, separators=(',', ':'))}" for name, entry in sorted(models.items())]
    start = ",\n".join(f"{json.dumps(k)}:{json.dumps(v)}" for k, v in head.items())
    return "{\n" + start + ',\n"models":{\n' + ",\n".join(lines) + "\n}\n}\n"


def reduce(source: dict, date: str) -> dict[str, list]:
    """What we keep: models that chat, of providers that we know, not yet withdrawn at `date`, by `provider/name`."""
    found: dict[str, list] = {}
    for key, raw in source.items():
        provider = PROVIDERS.get(raw.get("litellm_provider", ""))
        if provider is None or raw.get("mode") not in ("chat", "responses"):
            continue
        if raw.get("deprecation_date", "9999") < date:
            continue
        name = key.removeprefix(f"{raw['litellm_provider']}/").removeprefix(f"{provider}/")
        if name.startswith(("ft:", "container")) or (provider == "bedrock" and "/" in name):
            continue  # fine-tunes are named by their owner; region prices repeat the model
        if provider == "azure" and name.split("/")[0] in ("eu", "us", "global", "global-standard"):
            continue
        found.setdefault(f"{provider}/{name}", entry(raw))
    return found


def entry(raw: dict) -> list:
    """[[in, out, cache read, cache write], context, longest output, flags, [[above, rates], ...]], the empty tail left out."""
    flags = "".join(
        letter
        for letter, name in (("i", "supports_vision"), ("t", "supports_function_calling"), ("r", "supports_reasoning"))
        if raw.get(name)
    )
    context = raw.get("max_input_tokens") or raw.get("max_tokens")
    row: list = [rates(raw, ""), whole(context), whole(raw.get("max_output_tokens")), flags, tiers(raw)]
    empty: list = [None, None, None, "", []]
    while len(row) > 1 and row[-1] == empty[len(row) - 1]:
        row.pop()
    return row


def tiers(raw: dict) -> list:
    """Rates for long inputs, shortest first."""
    found = []
    for thousands in (100, 128, 200, 256, 272, 512):
        suffix = f"_above_{thousands}k_tokens"
        if f"input_cost_per_token{suffix}" in raw:
            long, plain = rates(raw, suffix), rates(raw, "")
            found.append(
                [thousands * 1000, [b if a is None else a for a, b in zip(long + [None] * 4, plain, strict=False)]]
            )
    return found


def rates(raw: dict, suffix: str) -> list:
    """uusd for a million tokens: input, output, cache read, cache write."""
    names = (
        "input_cost_per_token",
        "output_cost_per_token",
        "cache_read_input_token_cost",
        "cache_creation_input_token_cost",
    )
    row = [uusd(raw.get(name + suffix)) for name in names]
    if row[0] == 0 and row[1] == 0 and not suffix:
        row = (
            [None] * 4 if raw["litellm_provider"] not in ("openrouter",) else row
        )  # a zero elsewhere means nobody filled it in
    while len(row) > 2 and row[-1] is None:
        row.pop()
    return row


def uusd(dollars_per_token: float | None) -> int | None:
    """Dollars for one token as millionths of a dollar for a million tokens."""
    return None if dollars_per_token is None else int((Decimal(str(dollars_per_token)) * 10**12).to_integral_value())


def whole(value: object) -> int | None:
    """A positive number of tokens, or None for what is none."""
    try:
        return int(float(str(value))) or None
    except ValueError:
        return None


if __name__ == "__main__":
    sys.exit(main())
