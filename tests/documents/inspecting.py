"""Inspect files under the limits that are promised: `python -m tests.documents.inspecting FILE…` prints a line of JSON for each.

Memory is bounded by the kernel, for what is used beyond the interpreter; processor time as well, a second above the promise.
"""

import json
import math
import resource
import sys
from pathlib import Path
from time import process_time

from services.documents.inspector import inspect
from tests.documents.corpus import MEGABYTE

SECONDS, MEMORY = 2, 64 * MEGABYTE


def main(paths: list[str]) -> None:
    """One after the other."""
    resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize") + MEMORY, resource.RLIM_INFINITY))
    for path in map(Path, paths):
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
        before, began = _status("VmRSS"), process_time()
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(began) + SECONDS + 1, resource.RLIM_INFINITY))
        with path.open("rb") as file:
            verdict = inspect(file, path.name).verdict
        measured = {"seconds": process_time() - began, "memory": _status("VmHWM") - before}
        sys.stdout.write(json.dumps({"name": path.name, "reason": verdict.reason, **measured}) + "\n")


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024


if __name__ == "__main__":
    main(sys.argv[1:])
