"""How quickly the program answers, against the least that Python can do in the same run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 15


def median_s(argv: list[str]) -> float:
    times: list[float] = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(argv, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def test_version_costs_at_most_one_and_a_half_times_argparse_plus_50_ms() -> None:
    least = median_s([sys.executable, "-c", "import argparse"])
    ours = median_s([sys.executable, "-m", "assistant", "--version"])
    print(f"\nassistant --version {ours * 1000:.1f} ms; import argparse {least * 1000:.1f} ms")
    assert ours <= 1.5 * least + 0.050
