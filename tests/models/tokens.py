"""A real tokenizer, from the vocabulary that an installed package carries: nothing is fetched."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any


def o200k() -> Any:
    """OpenAI's o200k_base."""
    spec = importlib.util.find_spec("litellm")
    assert spec
    assert spec.origin
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(spec.origin).parent / "litellm_core_utils" / "tokenizers")
    import tiktoken

    return tiktoken.get_encoding("o200k_base")
