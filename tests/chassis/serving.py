"""A process that serves the test's files until SIGTERM: `python -m tests.chassis.serving LISTEN ADMIN_LISTEN KEYS`."""

import sys
import threading
from pathlib import Path

from chassis import run
from chassis.config import Process
from tests.chassis.files import new_files, service


def main(listen: str, admin_listen: str, keys: str) -> None:
    """Serve; a call for "slow" leaves a file `entered` beside the keys and takes a second and a half."""

    def slow() -> None:
        Path(keys).with_name("entered").touch()
        threading.Event().wait(1.5)

    process = Process(listen=listen, admin_listen=admin_listen, assertion_keys=Path(keys))
    files = new_files(slow=slow)
    run.serve(run.assemble(process, {"documents": lambda _: service(files)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
