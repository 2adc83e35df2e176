"""A document was stopped by its scan: whoever uploaded it is told, by mail too, one for many (ACC-57, BEY-03)."""

from kontor.documents.v1 import events_pb2
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.notify.v1.notify_pb2 import NOTICE_CATEGORY_SECURITY, NOTICE_KIND_DOCUMENT_QUARANTINED

from chassis.db import Transaction
from services.notify import gathering, notices, people
from services.notify.models import STOPPED

EVENT = events_pb2.DocumentQuarantined


def handle(tx: Transaction, event: events_pb2.DocumentQuarantined, envelope: Envelope) -> None:
    """Only the uploader; to others there is no such document."""
    news = notices.News(
        kind=NOTICE_KIND_DOCUMENT_QUARANTINED, organisation_id=event.organisation_id, subject_id=event.document_id, service_area=0,
        at=people.moment(envelope), folder_id=event.folder_id, version=envelope.aggregate_version, unscannable=event.unscannable,
    )  # fmt: skip
    told = notices.post(tx, news, [event.uploaded_by_membership_id])
    readers = gathering.by_mail(tx, told, NOTICE_CATEGORY_SECURITY)
    gathering.gather(tx, STOPPED, readers, window=event.document_id, apart=gathering.HOUR)
