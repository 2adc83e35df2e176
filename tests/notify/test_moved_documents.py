"""A document goes into another folder: notices go along with who may see it."""

from collections.abc import Sequence
from datetime import timedelta

from kontor.documents.v1.events_pb2 import DocumentMoved, DocumentPublished, FolderAccessChanged
from kontor.notify.v1.events_pb2 import NoticesPosted

from chassis.caller import Caller
from chassis.testing import ServiceUnderTest
from tests.notify.post import PAYROLL, Office, earlier, new_id, notices


def moved(
    office: Office, event: DocumentPublished, *, by: Caller,
    stay: Sequence[Caller] = (), come: Sequence[Caller] = (), go: Sequence[Caller] = (),
) -> DocumentMoved:  # fmt: skip
    """The document of that event was moved: these see it still, see it now, and see it no longer."""
    return DocumentMoved(
        document_id=event.document_id, organisation_id=office.id, from_folder_id=event.folder_id, folder_id=new_id(), service_area=PAYROLL,
        version=event.version, moved_by_membership_id=by.membership_id,
        reader_membership_ids=[who.membership_id for who in (*stay, *come)],
        new_reader_membership_ids=[who.membership_id for who in come],
        former_reader_membership_ids=[who.membership_id for who in go],
    )  # fmt: skip


def test_a_moved_document_is_told_to_new_readers_and_no_more_to_former_ones(service: ServiceUnderTest, office: Office) -> None:
    """ACC-03, ACC-53, ACC-67."""
    stays, comes, goes = office.member(), office.member("ola@example.no"), office.member("per@example.no")
    mover = office.member("mia@example.no")
    event = office.published(stays, goes)
    service.relay()
    assert service.happened(moved(office, event, by=mover, stay=[stays], come=[comes, mover], go=[goes]))
    assert [notices(service, who) for who in (stays, comes, goes, mover)] == [[event.document_id], [event.document_id], [], []]
    assert service.relay() == [NoticesPosted(membership_ids=[comes.membership_id])]


def test_what_happened_before_the_move_is_not_told_to_former_readers_however_late_it_comes(
    service: ServiceUnderTest, office: Office
) -> None:
    """ACC-03, P20."""
    goes = office.member()
    event = DocumentPublished(
        document_id=new_id(), organisation_id=office.id, folder_id=office.folder_id, service_area=PAYROLL, version=1,
        reader_membership_ids=[goes.membership_id],
    )  # fmt: skip
    assert service.happened(moved(office, event, by=office.member("mia@example.no"), go=[goes]))
    earlier(service, event, by=timedelta(hours=1))
    assert notices(service, goes) == []


def test_a_document_moved_back_is_told_again(service: ServiceUnderTest, office: Office) -> None:
    """ACC-03."""
    reader, mover = office.member(), office.member("mia@example.no")
    event = office.published(reader)
    assert service.happened(moved(office, event, by=mover, go=[reader]))
    assert service.happened(moved(office, event, by=mover, come=[reader]))
    assert notices(service, reader) == [event.document_id]


def test_a_notice_goes_with_the_folder_its_document_is_in(service: ServiceUnderTest, office: Office) -> None:
    """ACC-03, BEY-10: not with the one it was in."""
    reader = office.member()
    event = office.published(reader)
    moving = moved(office, event, by=office.member("mia@example.no"), stay=[reader])
    assert service.happened(moving)
    for folder_id, left in ((event.folder_id, [event.document_id]), (moving.folder_id, [])):
        changed = FolderAccessChanged(organisation_id=office.id, membership_id=reader.membership_id, removed_folder_ids=[folder_id])
        assert service.happened(changed)
        assert notices(service, reader) == left
