"""A process that deletes what is due as if it were another day: `python -m tests.documents.purger <settings> <moment>`."""

import json
import sys
import threading
from datetime import datetime

from chassis import clock
from chassis.config import Secret
from chassis.testing import FakePeers, ServiceUnderTest
from services.documents.config import Config
from services.documents.service import build


def main(settings: str, moment: str) -> None:
    """Both jobs at once, as a worker runs them."""
    given = json.loads(settings)
    config = Config(
        database_url=Secret(given["database_url"]), storage_url=given["storage_url"], sealing_keys=Secret(given["sealing_keys"]),
        scanner="marker",
    )  # fmt: skip
    with clock.moved(datetime.fromisoformat(moment) - clock.now()):
        service = ServiceUnderTest(build(config, FakePeers()))
        sys.stdout.write("started\n")
        sys.stdout.flush()
        jobs = [threading.Thread(target=service.run_job, args=(name,)) for name in ("purge_expired", "remove_deleted")]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        service.run_job("remove_deleted")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
