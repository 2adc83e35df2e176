"""The daily mail, on another day: notify's own jobs run here, on the running product's database, with the clock moved."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from chassis import clock
from chassis.config import Secret
from chassis.language import Catalogues
from chassis.testing import FakePeers, ServiceUnderTest
from services.notify import letters
from services.notify.config import Config
from services.notify.service import build
from tests.journeys.stage import Stage

OSLO = ZoneInfo("Europe/Oslo")


def digests(stage: Stage) -> None:
    """What notify does tomorrow at noon."""
    address = Secret(stage.notify_database)
    service = ServiceUnderTest(build(Config(address, stage.mail_url, stage.product.url), FakePeers()))
    tomorrow = datetime.combine(clock.now().astimezone(OSLO).date() + timedelta(days=1), time(12), OSLO)
    with clock.moved(tomorrow - clock.now()):
        service.run_job("schedule_digests")
        service.run_job("send_deliveries")
    service.close()


def is_digest(mail: str, *, language: str) -> bool:
    """Whether a mail is the daily one, in this language."""
    words = Catalogues(letters.FOLDER / "locale", "mail").translator(language)
    return words.gettext("New and updated documents that you have not seen yet:") in mail
