"""Timing side by side: what is compared runs in the same minute on the same machine, in turns, and only ratios are claimed."""

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 3


@dataclass(frozen=True)
class Timing:
    """Seconds of each call, over all rounds."""

    name: str
    seconds: tuple[float, ...]

    @property
    def p50(self) -> float:
        """Median, in seconds."""
        return statistics.median(self.seconds)

    @property
    def p99(self) -> float:
        """99th percentile, in seconds."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(len(self.seconds) * 0.99))]


def side_by_side(calls: int, **contenders: Callable[[], object]) -> list[Timing]:
    """Call each contender `calls` times a round, three rounds in turns, after one unmeasured call each."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for call in contenders.values():
        call()
    for _ in range(ROUNDS):
        for name, call in contenders.items():
            for _ in range(calls):
                began = time.perf_counter()
                call()
                taken[name].append(time.perf_counter() - began)
    return [Timing(name.replace("_", " "), tuple(seconds)) for name, seconds in taken.items()]


def report(title: str, timings: list[Timing], *, unit_bytes: int = 0) -> str:
    """Print the timings as Markdown rows; the first is what the others are compared with. Answers what was printed."""
    base = timings[0]
    lines = [
        f"\n#### {title}",
        f"{machine()}\n",
        "| what | calls | p50 ms | p99 ms | MiB/s | time against the first |",
        "|---|---|---|---|---|---|",
    ]
    for each in timings:
        rate = f"{unit_bytes / each.p50 / 2**20:.0f}" if unit_bytes else ""
        lines.append(
            f"| {each.name} | {len(each.seconds)} | {each.p50 * 1e3:.2f} | {each.p99 * 1e3:.2f} | {rate} | {each.p50 / base.p50:.2f}x |"
        )
    text = "\n".join(lines)
    sys.stdout.write(text + "\n")
    return text


def machine() -> str:
    """The machine's line: a figure means nothing without it."""
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    return f"{os.cpu_count()} cores {model or platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}"
