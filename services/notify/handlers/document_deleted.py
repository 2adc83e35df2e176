"""A document is gone: nothing about it is told any more, except that the firm has deleted it, if it was the firm (ACC-44, ACC-46)."""

from datetime import timedelta

from kontor.documents.v1 import events_pb2
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.notify.v1.notify_pb2 import NOTICE_CATEGORY_DELETION, NOTICE_KIND_DOCUMENT_DELETED

from chassis.db import Transaction
from services.notify import expiry, gathering, notices, people
from services.notify.models import DELETED, ExpiringVersion

EVENT = events_pb2.DocumentDeleted


def handle(tx: Transaction, event: events_pb2.DocumentDeleted, envelope: Envelope) -> None:
    """Everybody who could see it but whoever deleted it, one mail for many. At the end of its time they have been told before."""
    at = people.moment(envelope)
    expiry.forget(tx, ExpiringVersion.document_id == event.document_id)
    # Of one that was never shared only its uploader was told anything.
    told = {*event.reader_membership_ids, *filter(None, [event.uploaded_by_membership_id])}
    # Up to just before: the deletion itself may be told.
    notices.withdraw_subject(tx, event.document_id, told, at=at - timedelta(microseconds=1))
    if event.on_request:
        news = notices.News(
            kind=NOTICE_KIND_DOCUMENT_DELETED, organisation_id=event.organisation_id, subject_id=event.document_id,
            service_area=event.service_area, at=at, folder_id=event.folder_id,
        )  # fmt: skip
        posted = notices.post(tx, news, set(event.reader_membership_ids) - {event.deleted_by_membership_id})
        readers = gathering.by_mail(tx, posted, NOTICE_CATEGORY_DELETION)
        gathering.gather(tx, DELETED, readers, window=event.document_id, apart=gathering.HOUR)
