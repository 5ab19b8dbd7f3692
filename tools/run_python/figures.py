"""Saves the figures that the code left open, as files of the task's folder."""

from __future__ import annotations

import base64
import os
import sys
from typing import Any, NamedTuple

FIGURES = 10
IMAGE_BYTES = 3_750_000


class Figure(NamedTuple):
    """One saved figure."""

    name: str
    data_b64: str


def save_figures(folder: str) -> list[Figure]:
    """Save and close what matplotlib has open; nothing when it was never imported."""
    plt: Any = sys.modules.get("matplotlib.pyplot")
    if plt is None:
        return []
    saved: list[Figure] = []
    for number in plt.get_fignums()[:FIGURES]:
        name = _free_name(folder)
        path = os.path.join(folder, name)
        plt.figure(number).savefig(path, dpi=100, bbox_inches="tight")
        with open(path, "rb") as file:
            data = file.read(IMAGE_BYTES + 1)
        saved.append(Figure(name, base64.b64encode(data).decode("ascii") if len(data) <= IMAGE_BYTES else ""))
    plt.close("all")
    return saved


def _free_name(folder: str) -> str:
    number = 1
    while os.path.lexists(os.path.join(folder, f"figure-{number}.png")):
        number += 1
    return f"figure-{number}.png"
