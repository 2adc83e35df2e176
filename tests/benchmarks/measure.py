"""Timing side by side: what is compared runs in the same minute on the same machine, in turns, and only ratios are claimed."""

import contextvars
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chassis.testing import at_once

ROUNDS = 3


@dataclass(frozen=True)
class Timing:
    """Seconds of each call, over all rounds, and how many calls a second each round had."""

    name: str
    seconds: tuple[float, ...]
    rates: tuple[float, ...]

    @property
    def p50(self) -> float:
        """Median, in seconds."""
        return statistics.median(self.seconds)

    @property
    def p99(self) -> float:
        """99th percentile, in seconds."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(len(self.seconds) * 0.99))]

    @property
    def best(self) -> float:
        """Calls a second of the best round."""
        return max(self.rates)

    @property
    def usual(self) -> float:
        """Calls a second of the median round."""
        return statistics.median(self.rates)


def side_by_side(
    calls: int, *, clients: int = 1, rounds: int = ROUNDS, between: Callable[[], object] = lambda: None, **contenders: Callable[[], object]
) -> list[Timing]:
    """Call each contender `calls` times a round in each of `clients` threads, in turns, after one unmeasured call each.

    `between` is called before each of these and not measured.
    """
    return in_turns(calls, contenders, clients=clients, rounds=rounds, between=between)


def in_turns(
    calls: int,
    contenders: Mapping[str, Callable[[], object]],
    *,
    clients: int = 1,
    rounds: int = ROUNDS,
    between: Callable[[], object] = lambda: None,
) -> list[Timing]:
    """As side_by_side, of contenders whose names are found out."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for call in contenders.values():
        between()
        call()
    for _ in range(rounds):
        for name, call in contenders.items():
            between()
            began = time.perf_counter()
            taken[name] += _turn(call, calls, clients)
            rates[name].append(calls * clients / (time.perf_counter() - began))
    return [Timing(name.replace("_", " "), tuple(taken[name]), tuple(rates[name])) for name in contenders]


def _turn(call: Callable[[], object], calls: int, clients: int) -> list[float]:
    if clients == 1:
        return _timed(call, calls)
    # Whoever acts here acts in the threads too.
    answers = at_once([partial(contextvars.copy_context().run, _timed, call, calls) for _ in range(clients)])
    for failed in (answer for answer in answers if not isinstance(answer, list)):
        raise failed
    return [seconds for answer in answers for seconds in answer]


def _timed(call: Callable[[], object], calls: int) -> list[float]:
    seconds = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return seconds


def report(title: str, timings: Sequence[Timing], *, unit_bytes: int = 0, each: int = 1) -> str:
    """Print the timings as Markdown rows; the first is what the others are compared with. Answers what was printed.

    A call moves `unit_bytes`, or `each` things.
    """
    base, rated = timings[0], "MiB/s" if unit_bytes else "a second"
    scale = unit_bytes / 2**20 if unit_bytes else each
    lines = [
        f"\n#### {title}", f"{machine()}\n",
        f"| what | calls | p50 ms | p99 ms | {rated}, best (median) | time against the first | speed |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for one in timings:
        speed = f"{one.best * scale:,.0f} ({one.usual * scale:,.0f}) | {one.p50 / base.p50:.2f}x | {one.usual / base.usual:.0%}"
        lines.append(f"| {one.name} | {len(one.seconds)} | {one.p50 * 1e3:.2f} | {one.p99 * 1e3:.2f} | {speed} |")
    return told("\n".join(lines))


def told(text: str) -> str:
    """Print it, and answer it."""
    sys.stdout.write(text + "\n")
    return text


def machine() -> str:
    """The machine's line: a figure means nothing without it."""
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    system = f"Linux {platform.release()}, Python {platform.python_version()}"
    now = f"{time.strftime('%Y-%m-%d %H:%M')}, load {os.getloadavg()[0]:.1f}"
    return f"{os.cpu_count()} cores {model or platform.machine()}, {system}, {now}"
