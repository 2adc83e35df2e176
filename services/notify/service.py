"""Builds the notify service: notices in the portal, mail, and the daily digest."""

from pathlib import Path

from kontor.notify.v1.notify_pb2_grpc import add_LettersServicer_to_server, add_NoticesServicer_to_server

from chassis.config import BadSettings
from chassis.db import Database
from chassis.service import Peers, Rpc, Service, due, on
from services.notify.api import Letters, Notices
from services.notify.config import Config
from services.notify.handlers import (
    consultant_assigned,
    document_published,
    document_quarantined,
    folder_access_changed,
    member_added,
    member_removed,
    message_sent,
    profile_changed,
)
from services.notify.jobs import schedule_digests, send_deliveries
from services.notify.letters import Writer
from services.notify.mail import open_mail
from services.notify.models import Model


def build(config: Config, peers: Peers) -> Service:
    """The service with its database and the mail server; it asks nobody, its address book comes from events. Raises BadSettings."""
    del peers
    if not 0 <= config.digest_hour <= 23:
        raise BadSettings("KONTOR_NOTIFY_DIGEST_HOUR: write an hour from 0 to 23")
    mail = open_mail(config.mail_url, config.mail_password, config.sender)
    writer = Writer(public_url=config.public_url, sender=config.sender)
    database = Database(config.database_url, service="notify")
    send = due(send_deliveries, database, send_deliveries.Post(mail, writer), service="notify")
    return Service(
        name="notify",
        database=database,
        tables=Model.metadata,
        migrations=Path(__file__).parent / "migrations",
        rpcs=(
            Rpc(Notices(database), add_NoticesServicer_to_server),
            Rpc(Letters(mail, writer), add_LettersServicer_to_server),
        ),
        handlers=(
            on(member_added), on(member_removed), on(profile_changed), on(document_published), on(document_quarantined),
            on(folder_access_changed), on(consultant_assigned), on(message_sent, send=send),
        ),
        jobs=(due(schedule_digests, database, config.digest_hour, send, service="notify"), send),
        closes=(mail.close,),
    )  # fmt: skip
