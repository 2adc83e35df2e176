"""A document is in another folder: who can see it now is told of it, and who no longer can is not (ACC-03, ACC-53)."""

from kontor.documents.v1 import events_pb2
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.notify.v1.notify_pb2 import NOTICE_KIND_DOCUMENT_PUBLISHED

from chassis.db import Transaction
from services.notify import expiry, notices, people
from services.notify.models import ExpiringVersion

EVENT = events_pb2.DocumentMoved


def handle(tx: Transaction, event: events_pb2.DocumentMoved, envelope: Envelope) -> None:
    """To its new readers it is new, but not to whoever moved it. Of one that became another document's version, that one's event tells."""
    news = notices.News(
        kind=NOTICE_KIND_DOCUMENT_PUBLISHED, organisation_id=event.organisation_id, subject_id=event.document_id,
        service_area=event.service_area, at=people.moment(envelope), folder_id=event.folder_id, version=event.version,
    )  # fmt: skip
    # If somebody sees it only now, its end is announced anew within the hour; else at the next stage, to those who see it then.
    expiry.forget(tx, ExpiringVersion.document_id == event.document_id)
    notices.withdraw_subject(tx, news.subject_id, event.former_reader_membership_ids, at=news.at)
    notices.follow(tx, news, event.reader_membership_ids)
    notices.post(tx, news, set(event.new_reader_membership_ids) - {event.moved_by_membership_id})
