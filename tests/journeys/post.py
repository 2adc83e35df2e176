"""Mail of another day: jobs of the running product's services run here, on its databases, with the clock moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc

from chassis import clock
from chassis.config import Secret
from chassis.language import Catalogues
from chassis.service import Rpc
from chassis.testing import FakePeers, ServiceUnderTest
from demo.people import Person
from services.identity import config as identity_config
from services.identity import service as identity
from services.notify import config as notify_config
from services.notify import letters
from services.notify import service as notify
from tests.journeys.stage import Stage
from tests.waiting import eventually

OSLO = ZoneInfo("Europe/Oslo")


def digests(stage: Stage) -> None:
    """What notify does tomorrow at noon."""
    config = notify_config.Config(Secret(stage.databases["notify"]), stage.mail_url, stage.product.url)
    tomorrow = datetime.combine(clock.now().astimezone(OSLO).date() + timedelta(days=1), time(12), OSLO)
    with _running(ServiceUnderTest(notify.build(config, FakePeers()))) as service, clock.moved(tomorrow - clock.now()):
        service.run_job("schedule_digests")
        service.run_job("send_deliveries")


def is_digest(mail: str, *, language: str) -> bool:
    """Whether a mail is the daily one, in this language."""
    words = Catalogues(letters.FOLDER / "locale", "mail").translator(language)
    return words.gettext("New and updated documents that you have not seen yet:") in mail


def old_password_link(stage: Stage, person: Person) -> str:
    """The address of a link to make a password that was sent two hours ago."""
    mailbox = _Mailbox()
    keys = stage.product.keys
    sealing = Secret((keys / "identity-sealing.txt").read_text())
    config = identity_config.Config(Secret(stage.databases["identity"]), keys / "identity.json", sealing, stage.product.url)
    peers = FakePeers(notify=[Rpc(mailbox, notify_pb2_grpc.add_LettersServicer_to_server)])
    with _running(ServiceUnderTest(identity.build(config, peers))) as service, clock.moved(-timedelta(hours=2)):

        def sent() -> str | None:
            # The product itself may be faster and send this letter with a link of the present; then another one is asked for.
            asked = identity_pb2.RequestPasswordLinkRequest(email=person.email)
            identity_pb2_grpc.SignInStub(service.channel()).RequestPasswordLink(asked)
            service.run_job("send_letters")
            return mailbox.link

        return eventually(sent) or ""


class _Mailbox(notify_pb2_grpc.LettersServicer):
    """Takes letters as notify does, and keeps the last link."""

    link: str | None = None

    def SendNow(self, request: notify_pb2.SendNowRequest, context: object) -> notify_pb2.SendNowResponse:
        self.link = request.link
        return notify_pb2.SendNowResponse()


@contextmanager
def _running(service: ServiceUnderTest) -> Iterator[ServiceUnderTest]:
    yield service
    service.close()
