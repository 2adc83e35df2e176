"""No notice, no deletion: documents end when their time is over and somebody has known for a week."""

from datetime import UTC, timedelta
from pathlib import Path

from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import retention_pb2 as rp
from kontor.documents.v1.events_pb2 import DocumentDeleted, VersionDeleted

from chassis import clock
from tests.documents import corpus
from tests.documents.endings import DAY, announced, before, delivered, ends, multiply, purge, retention, told, tombstones
from tests.documents.portal import Portal, stored_files

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_a_document_is_announced_30_7_and_1_days_before_once_each(portal: Portal) -> None:
    """ACC-46, BEY-02: to everybody who may see it, at the firm too."""
    company = portal.company()
    folder = portal.folder(company)
    member, colleague = portal.member(company, folder), portal.member(company, folder)
    reader, other = portal.consultant(company, SERVICE_AREA_PAYROLL), portal.consultant(company, SERVICE_AREA_ACCOUNTING)
    document = portal.publish(member, folder)
    seen = []
    for hours in range(40 * 24, -24, -6):
        with before(ends(document), hours * HOUR):
            for event in announced(portal):
                seen.append((event, hours))
                delivered(portal, event, member)
    assert [(event.days, hours) for event, hours in seen] == [(30, 30 * 24), (7, 7 * 24), (1, 24)]
    event = seen[0][0]
    assert [each.document_id for each in event.versions] == [document.document_id]
    assert event.expires_at == document.expires_at
    assert set(event.reader_membership_ids) == {who.membership_id for who in (member, colleague, reader)}
    assert other.membership_id not in event.reader_membership_ids


def test_a_stage_that_was_missed_is_not_made_up_for_the_tightest_one_is_announced(portal: Portal) -> None:
    """ACC-46, BEY-02: after an outage the purge waits for the notice."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder)
    portal.under.relay()
    with before(ends(document), -3 * DAY):
        assert purge(portal) == []
        (event,) = announced(portal)
        assert event.days == 1
        delivered(portal, event, member)
        assert purge(portal) == []
    with before(ends(document), -10 * DAY + HOUR):
        assert purge(portal) == []
    with before(ends(document), -10 * DAY - HOUR):
        assert len(purge(portal)) == 1


def test_what_somebody_was_told_of_a_week_before_is_deleted_at_its_end_and_leaves_a_tombstone(portal: Portal, tmp_path: Path) -> None:
    """ACC-45, BEY-02."""
    company = portal.company()
    folder = portal.folder(company)
    member, reader = portal.member(company, folder), portal.consultant(company, SERVICE_AREA_PAYROLL)
    document = portal.publish(member, folder, "Lønn mai.pdf")
    told(portal, ends(document), member)
    with before(ends(document), HOUR):
        assert purge(portal) == []
        assert portal.get(member, document.document_id) == document
    with before(ends(document), -HOUR):
        (event,) = purge(portal)
        assert isinstance(event, DocumentDeleted)
        assert (event.document_id, event.on_request) == (document.document_id, False)
        assert set(event.reader_membership_ids) == {member.membership_id, reader.membership_id}
        assert portal.listed(member, company) == []
        assert portal.refusal(member, document.document_id) == "document_not_found"
        (stone,) = tombstones(portal, member, company)
    assert stored_files(tmp_path) == []
    assert (stone.name, stone.sha256, stone.size, stone.version) == ("Lønn mai.pdf", document.sha256, document.size, 1)
    assert (stone.folder_name, stone.service_area, stone.period, stone.year) == ("Payslips", SERVICE_AREA_PAYROLL, 5, 2026)
    assert (stone.uploaded_by, stone.uploaded_at, stone.expires_at) == ("Ingrid Eksempeldal", document.uploaded_at, document.expires_at)
    assert (stone.cause, stone.notice.days) == (rp.DELETION_CAUSE_RETENTION, 30)
    assert stone.notice.delivered_at.ToDatetime(UTC) - (ends(document) - 30 * DAY) < HOUR
    assert stone.deleted_at.ToDatetime(UTC) > ends(document)
    assert retention(portal, member).GetTombstone(rp.GetTombstoneRequest(tombstone_id=document.document_id)) == stone


def test_without_a_delivered_notice_nothing_is_ever_deleted(portal: Portal, tmp_path: Path) -> None:
    """BEY-02: mail may be down for weeks; people are told again each week, and it goes a week after one was reached."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder)
    stages, last = [], None
    for days in range(31, -60, -1):
        with before(ends(document), days * DAY - (31 - days) * MINUTE):
            for last in announced(portal):
                stages.append((last.days, days))
            assert purge(portal) == []
    assert stages == [(30, 30), (30, 23), (30, 16), (30, 9), (7, 7), (1, 1), *((1, days) for days in range(-6, -60, -7))]
    assert last is not None
    assert len(stored_files(tmp_path)) == 1
    with before(ends(document), 60 * -DAY):
        delivered(portal, last, member)
        assert purge(portal) == []
    with before(ends(document), -67 * DAY - HOUR):
        assert len(purge(portal)) == 1


def test_what_was_stopped_and_ends_is_told_with_who_had_uploaded_it_and_to_nobody_else(portal: Portal) -> None:
    """ACC-57, BEY-03: only they know of it; what they were told is no longer true."""
    company = portal.company()
    folder = portal.folder(company)
    member, colleague = portal.member(company, folder), portal.member(company, folder)
    stopped, fine = portal.publish(member, folder, "notes.txt", corpus.MARKER), portal.publish(member, folder)
    told(portal, ends(fine), colleague)
    with before(ends(fine), -HOUR):
        gone = {event.document_id: event for event in purge(portal) if isinstance(event, DocumentDeleted)}
    assert list(gone[stopped.document_id].reader_membership_ids) == []
    assert gone[stopped.document_id].uploaded_by_membership_id == member.membership_id
    assert gone[fine.document_id].uploaded_by_membership_id == ""


def test_only_the_newest_notice_of_a_version_counts(portal: Portal) -> None:
    """BEY-02: one that was announced anew is not delivered by a mail that was under way before."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder)
    with before(ends(document), 30 * DAY):
        (first,) = announced(portal)
    with before(ends(document), 22 * DAY):
        announced(portal)
        delivered(portal, first, member)
    seen = retention(portal, member).GetRetention(rp.GetRetentionRequest(document_id=document.document_id))
    assert [(each.days, each.HasField("delivered_at")) for each in seen.notices] == [(30, False)]


def test_an_earlier_version_ends_on_its_own_clock_and_is_told_of_once(portal: Portal, tmp_path: Path) -> None:
    """ACC-42, ACC-45, requirements ch. 8."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder, content=b"%PDF-1")
    with clock.moved(40 * DAY):
        portal.upload(member, folder, content=b"%PDF-2", overwrite=True)
        portal.scan()
        portal.under.relay()
        replaced = portal.get(member, document.document_id)
    assert ends(replaced) - ends(document) > 39 * DAY
    for days, stages in ((30, [30]), (7, []), (1, [])):
        with before(ends(document), days * DAY):
            events = announced(portal)
            assert [(event.days, event.versions[0].version) for event in events] == [(stage, 1) for stage in stages]
            for event in events:
                delivered(portal, event, member)
    with before(ends(document), -HOUR):
        (gone,) = [event for event in purge(portal) if not hasattr(event, "days")]
        assert isinstance(gone, VersionDeleted)
        assert portal.download(member, document.document_id) == b"%PDF-2"
        assert [stone.version for stone in tombstones(portal, member, company)] == [1]
    assert len(stored_files(tmp_path)) == 1
    told(portal, ends(replaced), member)
    with before(ends(replaced), -HOUR):
        assert isinstance(purge(portal)[0], DocumentDeleted)
        assert [stone.version for stone in tombstones(portal, member, company)] == [2, 1]
    assert stored_files(tmp_path) == []


def test_files_that_end_together_are_told_together_at_most_500_at_once(portal: Portal) -> None:
    """ACC-46: one event for a folder and day, whoever uploaded what."""
    company = portal.company()
    folder, other = portal.folder(company), portal.folder(company, "Bonus")
    member = portal.member(company, folder, other)
    documents = [portal.upload(member, folder, f"{number}.pdf") for number in range(3)]
    portal.upload(member, other)
    portal.scan()
    portal.under.relay()
    multiply(portal, documents[0].document_id, 600)
    with before(max(map(ends, documents)), 30 * DAY - HOUR):
        events = announced(portal)
    assert sorted(len(event.versions) for event in events) == [1, 103, 500]
    assert {len(event.SerializeToString()) < 60_000 for event in events} == {True}
    assert len({each.version_id for event in events for each in event.versions}) == 604
