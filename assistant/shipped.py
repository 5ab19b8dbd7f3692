"""Finds the files that are shipped with the package and read, never imported: tools, policies and data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def shipped(name: str) -> Path:
    """The folder `name` (`tools`, `policies` or `data`): inside the wheel, or beside the package in a checkout.

    Raises FileNotFoundError when neither is there, which means a broken installation.
    """
    for root in (_PACKAGE / "_shipped", _PACKAGE.parent):
        if (root / name).is_dir():
            return root / name
    raise FileNotFoundError(f"`{name}` is missing from the installation at {_PACKAGE}")
