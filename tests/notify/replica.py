"""A replica that schedules digests and sends what is due until it is killed: `python -m tests.notify.replica DATABASE MAIL MOMENT`."""

import sys
from datetime import datetime

from chassis import clock
from tests.notify.post import started

if __name__ == "__main__":
    database_url, mail_url, moment = sys.argv[1:]
    service = started(database_url, mail_url)
    with clock.moved(datetime.fromisoformat(moment) - clock.now()):
        while True:
            service.run_job("schedule_digests")
            service.run_job("send_deliveries")
