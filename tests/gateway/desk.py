"""What the services answer about a document that can be looked at, one that is gone, what is on hold, and a conversation."""

from typing import Any

from kontor.documents.v1 import previews_pb2, retention_pb2
from kontor.messaging.v1 import messaging_pb2

from tests.gateway.portal import AT, DOCUMENT, MEMBERSHIP, OWN
from tests.gateway.test_portal_document_changes import tombstone
from tests.gateway.test_portal_messages import THREAD, entry, thread

CONVERSATION = THREAD


def answers() -> dict[str, Any]:
    """By RPC."""
    gone, held = tombstone(), retention_pb2.Hold(hold_id=MEMBERSHIP, organisation_id=OWN, reason="Bokettersyn", set_by="Maja", set_at=AT)
    cells = [previews_pb2.PreviewRow(cells=("1920", "Bank", "312,50"))]
    said = [entry(2, "Ja, i juni.", by_firm=True), entry(1, "Når utbetales feriepengene?")]
    return {
        "ListTombstones": retention_pb2.ListTombstonesResponse(tombstones=[gone]),
        "GetTombstone": gone,
        "ListHolds": retention_pb2.ListHoldsResponse(holds=[held]),
        "GetPreview": previews_pb2.Preview(ready=True, kind=previews_pb2.PREVIEW_KIND_SIE, pages=1, document_id=DOCUMENT),
        "GetPreviewPage": previews_pb2.PreviewPage(table=previews_pb2.PreviewTable(rows=cells, first_row=1)),
        "GetThread": thread(),
        "ListThreads": messaging_pb2.ListThreadsResponse(threads=[thread()]),
        "ListMessages": messaging_pb2.ListMessagesResponse(messages=said),
        "ListEnquiryTypes": messaging_pb2.ListEnquiryTypesResponse(
            enquiry_types=[messaging_pb2.EnquiryType(service_area=area, served=area != 3) for area in (2, 3, 4)]  # type: ignore[arg-type]
        ),
        "ListRecipients": messaging_pb2.ListRecipientsResponse(recipients=[messaging_pb2.Recipient(membership_id=MEMBERSHIP, name="Ola")]),
        "CheckText": messaging_pb2.CheckTextResponse(),
    }
