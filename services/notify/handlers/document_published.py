"""A document was published or updated: a red dot now, and a line in the next digest (ACC-67, ACC-69)."""

from kontor.documents.v1 import events_pb2
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.notify.v1.notify_pb2 import NOTICE_KIND_DOCUMENT_PUBLISHED

from chassis.db import Transaction
from services.notify import expiry, notices, people
from services.notify.models import ExpiringVersion

EVENT = events_pb2.DocumentPublished


def handle(tx: Transaction, event: events_pb2.DocumentPublished, envelope: Envelope) -> None:
    """Everybody who may see it, but not the uploader, who knows."""
    news = notices.News(
        kind=NOTICE_KIND_DOCUMENT_PUBLISHED, organisation_id=event.organisation_id, subject_id=event.document_id,
        service_area=event.service_area, at=people.moment(envelope), folder_id=event.folder_id, version=event.version,
    )  # fmt: skip
    if event.version > 1:
        # What was going to be deleted is an earlier version now, which is told of by itself.
        expiry.forget(tx, ExpiringVersion.document_id == event.document_id)
    notices.post(tx, news, set(event.reader_membership_ids) - {event.uploaded_by_membership_id})
