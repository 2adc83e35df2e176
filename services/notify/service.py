"""Builds the notify service: notices in the portal, mail, and the daily digest."""

from datetime import timedelta
from pathlib import Path

from kontor.notify.v1 import notify_pb2_grpc as contract

from chassis.config import BadSettings
from chassis.db import Database
from chassis.service import Peers, Rpc, Service, due, on
from services.notify.api import Letters, Notices, Unsubscribing
from services.notify.config import Config
from services.notify.handlers import (
    answer_sent,
    consultant_assigned,
    document_deleted,
    document_moved,
    document_published,
    document_quarantined,
    documents_expiring,
    folder_access_changed,
    hold_set,
    member_added,
    member_removed,
    member_validity_changed,
    message_sent,
    profile_changed,
    version_deleted,
)
from services.notify.jobs import forget_old, schedule_digests, send_deliveries
from services.notify.letters import Writer
from services.notify.mail import open_mail
from services.notify.models import Model
from services.notify.sms import open_sms
from services.notify.sms_codes import Codes, SmsReports

# For so long events may come late or be sent again (chassis/outbox.py), and a link in a mail has to work.
LEAST_KEPT_DAYS = 31


def build(config: Config, peers: Peers) -> Service:
    """The service with its database and the mail server; it asks nobody, its address book comes from events. Raises BadSettings."""
    del peers
    if not 0 <= config.digest_hour <= 23:
        raise BadSettings("KONTOR_NOTIFY_DIGEST_HOUR: write an hour from 0 to 23")
    if min(config.keep_notices_days, config.keep_mails_days) < LEAST_KEPT_DAYS:
        raise BadSettings(f"KONTOR_NOTIFY_KEEP_NOTICES_DAYS and KONTOR_NOTIFY_KEEP_MAILS_DAYS: at least {LEAST_KEPT_DAYS}")
    mails = timedelta(days=config.keep_mails_days)
    mail = open_mail(config.mail_url, config.mail_password, config.sender)
    # Twilio reports to where it can come: to a portal that is on the internet.
    reports = f"{config.public_url.rstrip('/')}/callbacks/sms" if config.public_url.startswith("https://") else ""
    sms = open_sms(config.sms_url, config.sms_secret, reports=reports)
    writer = Writer(public_url=config.public_url, sender=config.sender)
    database = Database(config.database_url, service="notify")
    send = due(send_deliveries, database, send_deliveries.Post(mail, writer), service="notify")
    return Service(
        name="notify",
        database=database,
        tables=Model.metadata,
        migrations=Path(__file__).parent / "migrations",
        rpcs=(
            Rpc(Notices(database, writer, digest_hour=config.digest_hour), contract.add_NoticesServicer_to_server),
            Rpc(Unsubscribing(database, keep=mails), contract.add_UnsubscribingServicer_to_server),
            Rpc(Letters(mail, writer), contract.add_LettersServicer_to_server),
            Rpc(Codes(database, sms, writer), contract.add_CodesServicer_to_server),
            Rpc(SmsReports(database, sms), contract.add_SmsReportsServicer_to_server),
        ),
        handlers=(
            on(member_added), on(member_removed), on(member_validity_changed), on(profile_changed), on(document_published),
            on(document_quarantined), on(document_moved), on(folder_access_changed), on(consultant_assigned),
            on(message_sent, send=send), on(answer_sent, send=send),
            on(documents_expiring), on(document_deleted), on(version_deleted), on(hold_set),
        ),
        jobs=(
            due(schedule_digests, database, config.digest_hour, send, service="notify"), send,
            due(forget_old, database, timedelta(days=config.keep_notices_days), mails, service="notify"),
        ),
        closes=(mail.close,),
    )  # fmt: skip
