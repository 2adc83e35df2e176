"""What failed beside thousands of other tests on a busy machine runs again by itself, file by file: failing twice is failing.

Called by `make test`; see docs/decisions/0024. A change that breaks something fails both times, and so do more than a few at once,
which are not looked at again at all. What passed now is named: it depends on its neighbours or on time, and is to be mended.
"""

import json
import subprocess
import sys
from pathlib import Path

MOST = 5
CACHE = Path(".pytest_cache/v/cache/lastfailed")


def main() -> int:
    """Look at the failures of the last run in this folder; the exit status of `make test`."""
    failed = sorted(json.loads(CACHE.read_text())) if CACHE.exists() else []
    if not 0 < len(failed) <= MOST:
        return 1
    _say(f"{len(failed)} failed beside the others, and once more by themselves:", failed)
    files = sorted({test.partition("::")[0] for test in failed})
    if subprocess.run([sys.executable, "-m", "pytest", *files], check=False).returncode:
        return 1
    _say("Unsteady, to be mended: failed beside the others, passed by themselves:", failed)
    return 0


def _say(head: str, tests: list[str]) -> None:
    sys.stdout.write("\n".join([f"\n{head}", *(f"  {test}" for test in tests)]) + "\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
