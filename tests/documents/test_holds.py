"""Legal hold: while it lasts nothing that it covers goes, whoever tries and by whatever way."""

import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import retention_pb2 as rp
from kontor.documents.v1.events_pb2 import DocumentDeleted, HoldReleased, HoldSet
from minio.error import S3Error

from chassis.config import Secret
from chassis.errors import Conflict, Denied, NotFound, Unavailable
from chassis.testing import at_once
from services.documents.config import Config
from services.documents.vault import Vault
from tests.documents.endings import (
    DAY,
    announced,
    before,
    consultant,
    delete,
    delivered,
    ends,
    hold,
    holds,
    keeper,
    purge,
    release,
    retention,
    rows,
    told,
    tombstones,
)  # fmt: skip
from tests.documents.portal import Company, Portal, new_pdf, stored_files
from tests.servers.s3 import S3


def _announced(portal: Portal) -> list[str]:
    return [each.document_id for event in announced(portal) for each in event.versions]


@pytest.mark.parametrize("whole", [False, True], ids=["documents", "client"])
def test_while_a_hold_lasts_nothing_is_announced_or_deleted_and_afterwards_people_are_told_anew(portal: Portal, whole: bool) -> None:
    """BEY-02, P18."""
    company = portal.company()
    folder = portal.folder(company)
    member, admin = portal.member(company, folder), keeper(portal)
    document, other = portal.publish(member, folder, "a.pdf"), portal.publish(member, folder, "b.pdf")
    told(portal, ends(other), member)
    (set_,) = hold(portal, admin, company, *([] if whole else [document.document_id]))
    assert [type(event) for event in portal.under.relay()] == [HoldSet]
    with before(ends(document), -DAY):
        assert _announced(portal) == ([] if whole else [other.document_id])
        gone = [event.document_id for event in purge(portal) if isinstance(event, DocumentDeleted)]
        assert gone == ([] if whole else [other.document_id])
    portal.under.run_job("lock_held")
    with before(ends(document), -400 * DAY):
        assert announced(portal) == purge(portal) == []
        release(portal, admin, company, set_.hold_id)
        assert [type(event) for event in portal.under.relay()] == [HoldReleased]
        assert purge(portal) == []
        events = announced(portal)
        assert document.document_id in [each.document_id for event in events for each in event.versions]
        for event in events:
            delivered(portal, event, member)
    portal.under.run_job("lock_held")
    with before(ends(document), -408 * DAY):
        assert document.document_id in [event.document_id for event in purge(portal) if isinstance(event, DocumentDeleted)]


def test_a_held_document_that_is_replaced_keeps_every_version(portal: Portal, tmp_path: Path) -> None:
    """BEY-02, P18: what comes meanwhile is held too, under whichever id it was uploaded."""
    company = portal.company()
    folder = portal.folder(company)
    member, admin = portal.member(company, folder), keeper(portal)
    document = portal.publish(member, folder, content=b"%PDF-1")
    later = portal.upload(member, folder, content=b"%PDF-2", overwrite=True)
    held = hold(portal, admin, company, later.document_id)
    portal.scan()
    assert [each.document_id for each in held] == [later.document_id]
    told(portal, ends(later), member)
    with before(ends(later), -40 * DAY):
        assert purge(portal)[-1:] == []
    for document_id in (document.document_id, later.document_id):
        with pytest.raises(Conflict):
            delete(portal, consultant(portal, company), document_id)
    assert len(stored_files(tmp_path)) == 2


def test_a_hold_follows_a_document_that_became_a_version_and_holds_nothing_else(portal: Portal) -> None:
    """BEY-02, P18: also under the id it was set on; what lies beside it in the folder stays free."""
    company = portal.company()
    folder = portal.folder(company)
    member, admin, deleter = portal.member(company, folder), keeper(portal), consultant(portal, company)
    moved, onto, beside = (portal.publish(member, folder, name) for name in ("moved.pdf", "onto.pdf", "beside.pdf"))
    hold(portal, admin, company, moved.document_id)
    request = pb.UpdateDocumentRequest(
        document_id=moved.document_id, folder_id=folder, name="onto.pdf", period=onto.period, year=onto.year, replace=True
    )
    portal.documents(member).UpdateDocument(request)
    for document_id in (moved.document_id, onto.document_id):
        with pytest.raises(Conflict, match="legal hold"):
            delete(portal, deleter, document_id)
    assert [stone.name for stone in delete(portal, deleter, beside.document_id)] == ["beside.pdf"]


def test_several_holds_of_one_document_end_one_by_one(portal: Portal) -> None:
    """BEY-02: two matters, two holds."""
    company = portal.company()
    folder = portal.folder(company)
    member, admin, deleter = portal.member(company, folder), keeper(portal), consultant(portal, company)
    document = portal.publish(member, folder)
    (first,) = hold(portal, admin, company, document.document_id, reason="Tax audit")
    (second,) = hold(portal, admin, company, reason="Bankruptcy")
    assert [each.reason for each in release(portal, admin, company, first.hold_id)] == ["Tax audit"]
    with pytest.raises(Conflict):
        delete(portal, deleter, document.document_id)
    release(portal, admin, company, second.hold_id, first.hold_id)
    portal.under.run_job("lock_held")
    assert len(delete(portal, deleter, document.document_id)) == 1


def test_who_holds_what_since_when_and_why_is_seen_by_the_firm_and_reasons_not_by_the_client(portal: Portal) -> None:
    """BEY-02."""
    company = portal.company()
    folder = portal.folder(company)
    member, admin, reader = portal.member(company, folder), keeper(portal), consultant(portal, company)
    document = portal.publish(member, folder)
    (set_,) = hold(portal, admin, company, document.document_id)
    (listed,) = holds(portal, admin).ListHolds(rp.ListHoldsRequest(organisation_id=company.organisation_id)).holds
    assert (listed.hold_id, listed.reason, listed.set_by) == (set_.hold_id, "Tax audit", f"{admin.name}, Kontor Testregnskap")
    asked = rp.GetRetentionRequest(document_id=document.document_id)
    assert [each.reason for each in retention(portal, reader).GetRetention(asked).holds] == ["Tax audit"]
    assert [(each.reason, each.set_by != "") for each in retention(portal, member).GetRetention(asked).holds] == [("", True)]
    release(portal, admin, company, set_.hold_id)
    assert list(retention(portal, member).GetRetention(asked).holds) == []
    request = rp.ListHoldsRequest(organisation_id=company.organisation_id, active=True)
    assert list(holds(portal, admin).ListHolds(request).holds) == []
    (ended,) = holds(portal, admin).ListHolds(rp.ListHoldsRequest(organisation_id=company.organisation_id)).holds
    assert (ended.released_by, ended.release_reason) == (listed.set_by, "The audit is over")


def test_only_administrators_of_the_clients_firm_hold(portal: Portal) -> None:
    """BEY-02."""
    company, elsewhere = portal.company(), portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder)
    stranger = replace(keeper(portal), organisation_id=member.user_id)
    for who in (member, company.administrator, consultant(portal, company)):
        with pytest.raises(Denied):
            hold(portal, who, company, document.document_id)
    for who, where in ((stranger, company), (keeper(portal), elsewhere)):
        with pytest.raises(NotFound):
            hold(portal, who, where, document.document_id)
    with pytest.raises(NotFound):
        holds(portal, stranger).ListHolds(rp.ListHoldsRequest(organisation_id=company.organisation_id))


def test_a_hold_set_in_the_moment_of_deletion_either_holds_or_finds_nothing(portal: Portal) -> None:
    """BEY-02, P18: never both."""
    company = portal.company()
    folder = portal.folder(company)
    member, admin, deleter = portal.member(company, folder), keeper(portal), consultant(portal, company)
    for number in range(8):
        document = portal.publish(member, folder, f"{number}.pdf").document_id
        held, deleted = at_once([partial(hold, portal, admin, company, document), partial(delete, portal, deleter, document)])
        outcome = (isinstance(held, list), isinstance(deleted, list))
        assert outcome in ((True, False), (False, True)), (held, deleted)


def in_s3(settings: Config, start_portal: Callable[[Config], Portal], s3: S3, bucket: str) -> Portal:
    url = f"s3+http://{s3.access_key}@{s3.endpoint.rpartition('/')[2]}/{bucket}"
    return start_portal(replace(settings, storage_url=url, storage_secret_key=Secret(s3.secret_key)))


def one_held(portal: Portal) -> tuple[Company, str, rp.Hold, bytes]:
    company = portal.company()
    folder = portal.folder(company)
    content = new_pdf()
    document = portal.publish(portal.member(company, folder), folder, content=content)
    (set_,) = hold(portal, keeper(portal), company, document.document_id)
    portal.under.run_job("lock_held")
    return company, document.document_id, set_, content


def test_in_a_store_with_object_lock_nobody_deletes_what_is_held_not_even_past_us(
    settings: Config, start_portal: Callable[[Config], Portal], s3: S3
) -> None:
    """P18: with the store's own keys; what is only hidden there is found again."""
    bucket = s3.new_bucket()[:-1] + "lock"
    portal = in_s3(settings, start_portal, s3, bucket)
    company, document, set_, _ = one_held(portal)
    (listed,) = holds(portal, keeper(portal)).ListHolds(rp.ListHoldsRequest(organisation_id=company.organisation_id)).holds
    assert (listed.locked, listed.waiting) == (1, 0)
    client, deleter = s3.client(), consultant(portal, company)
    (stored,) = client.list_objects(bucket, recursive=True, include_version=True)
    assert stored.object_name is not None
    with pytest.raises(S3Error):
        client.remove_object(bucket, stored.object_name, version_id=stored.version_id)
    client.remove_object(bucket, stored.object_name)
    client.put_object(bucket, stored.object_name, io.BytesIO(b"x"), 1)
    client.remove_object(bucket, stored.object_name)
    with pytest.raises(Conflict):
        delete(portal, deleter, document)
    (newest,) = [each for each in client.list_objects(bucket, recursive=True, include_version=True) if each.version_id == stored.version_id]
    assert newest.size == stored.size
    release(portal, keeper(portal), company, set_.hold_id)
    with pytest.raises(Conflict):
        delete(portal, deleter, document)
    portal.under.run_job("lock_held")
    delete(portal, deleter, document)
    purge(portal)
    assert list(client.list_objects(bucket, recursive=True, include_version=True)) == []
    assert [stone.HasField("deleted_at") for stone in tombstones(portal, deleter, company)] == [True]


def test_what_was_deleted_past_us_in_a_store_with_versions_is_still_read(
    settings: Config, start_portal: Callable[[Config], Portal], s3: S3
) -> None:
    """P18."""
    bucket = s3.new_bucket()[:-1] + "hide"
    portal = in_s3(settings, start_portal, s3, bucket)
    company, document, _, content = one_held(portal)
    (stored,) = s3.client().list_objects(bucket, recursive=True)
    assert stored.object_name is not None
    s3.client().remove_object(bucket, stored.object_name)
    assert portal.download(consultant(portal, company), document) == content


def test_in_a_store_without_object_lock_our_own_rows_hold(settings: Config, start_portal: Callable[[Config], Portal], s3: S3) -> None:
    """P18: said plainly by the counts of the hold."""
    portal = in_s3(settings, start_portal, s3, s3.new_bucket())
    company, document, set_, _ = one_held(portal)
    (listed,) = holds(portal, keeper(portal)).ListHolds(rp.ListHoldsRequest(organisation_id=company.organisation_id)).holds
    assert (listed.locked, listed.waiting) == (0, 0)
    with pytest.raises(Conflict):
        delete(portal, consultant(portal, company), document)
    release(portal, keeper(portal), company, set_.hold_id)
    delete(portal, consultant(portal, company), document)
    purge(portal)
    assert [stone.HasField("deleted_at") for stone in tombstones(portal, consultant(portal, company), company)] == [True]


def test_a_held_file_in_a_directory_is_read_only_and_refused(portal: Portal, settings: Config, tmp_path: Path) -> None:
    """P18."""
    company, _, set_, _ = one_held(portal)
    (file,) = stored_files(tmp_path)
    vault = Vault(settings.storage(), settings.keyring(), limit=1)
    assert file.stat().st_mode & 0o222 == 0
    with pytest.raises(Conflict):
        vault.forget(file.name)
    release(portal, keeper(portal), company, set_.hold_id)
    portal.under.run_job("lock_held")
    assert file.stat().st_mode & 0o200


def test_a_store_that_is_down_is_told_of_a_hold_when_it_is_back(
    settings: Config, start_portal: Callable[[Config], Portal], own_s3: S3
) -> None:
    """P18: until then the rows forbid deletion."""
    portal = in_s3(settings, start_portal, own_s3, "held-later")
    company = portal.company()
    folder = portal.folder(company)
    document = portal.publish(portal.member(company, folder), folder)
    assert own_s3.program is not None
    own_s3.program.kill()
    hold(portal, keeper(portal), company)
    with pytest.raises(Unavailable):
        portal.under.run_job("lock_held")
    with pytest.raises(Conflict):
        delete(portal, consultant(portal, company), document.document_id)
    own_s3.program.start()
    portal.under.run_job("lock_held")
    assert rows(portal, "select store_hold from versions") == [(1,)]
