"""The firm keeps the folders of its clients in order: sees all of them, renames them, removes empty ones."""

from collections.abc import Callable
from functools import partial

import pytest
from kontor.access.v1.access_pb2 import PERMISSION_FOLDER_MANAGE, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import retention_pb2 as rp
from kontor.documents.v1.events_pb2 import FolderAccessChanged, FolderRemoved, FolderRenamed
from kontor.identity.v1.events_pb2 import MemberRemoved

from chassis.caller import Caller
from chassis.errors import Conflict, Denied, Failure, Invalid, NotFound
from chassis.testing import at_once, person
from tests.documents import corpus
from tests.documents.endings import consultant, delete, retention, tombstones
from tests.documents.portal import Company, Portal, new_id


def rename(portal: Portal, who: Caller, folder_id: str, name: str) -> pb.Folder:
    return portal.folders(who).RenameFolder(pb.RenameFolderRequest(folder_id=folder_id, name=name))


def remove(portal: Portal, who: Caller, folder_id: str) -> None:
    portal.folders(who).RemoveFolder(pb.RemoveFolderRequest(folder_id=folder_id))


def kept(portal: Portal, who: Caller, company: Company) -> list[tuple[str, int, int]]:
    """Name, documents and members of all folders of a client."""
    request = pb.ListClientFoldersRequest(organisation_id=company.organisation_id)
    return [(each.folder.name, each.documents, each.members) for each in portal.folders(who).ListClientFolders(request).folders]


def used(portal: Portal, who: Caller, company: Company) -> list[str]:
    request = pb.ListFoldersRequest(organisation_id=company.organisation_id)
    return [folder.name for folder in portal.folders(who).ListFolders(request).folders]


def test_the_firm_sees_all_folders_of_its_client_and_how_much_is_in_each(portal: Portal) -> None:
    """ACC-10: without being let into any."""
    company, manager = portal.company(), portal.manager()
    bank, _ = portal.folder(company, "Bank"), portal.folder(company, "HR")
    member = portal.member(company, bank)
    portal.publish(member, bank)
    portal.publish(member, bank, "notes.txt", corpus.MARKER)
    assert kept(portal, manager, company) == [("Bank", 2, 1), ("HR", 0, 0)]
    assert used(portal, manager, company) == []
    assert portal.listed(manager, company) == []


def test_folders_are_kept_by_the_clients_own_firm_only(portal: Portal) -> None:
    """ACC-10, P10."""
    company = portal.company()
    folder = portal.folder(company)
    stranger = person(PERMISSION_FOLDER_MANAGE, organisation_kind="firm")
    assert kept(portal, stranger, company) == []
    for act in (lambda who: rename(portal, who, folder, "Other"), lambda who: remove(portal, who, folder)):
        with pytest.raises(NotFound):
            act(stranger)
        for who in (company.administrator, portal.member(company, folder), portal.consultant(company, SERVICE_AREA_PAYROLL)):
            with pytest.raises(Denied):
                act(who)
    with pytest.raises(NotFound):
        rename(portal, portal.manager(), new_id(), "Other")
    with pytest.raises(Denied):
        kept(portal, company.administrator, company)


def test_a_renamed_folder_keeps_its_ticks_and_documents(portal: Portal) -> None:
    """ACC-02, ACC-10."""
    company = portal.company()
    folder = portal.folder(company, "Lønn")
    member = portal.member(company, folder)
    document = portal.publish(member, folder)
    portal.under.relay()
    assert rename(portal, portal.manager(), folder, "  Lønn  og ferie ").name == "Lønn og ferie"
    assert portal.under.relay() == [FolderRenamed(folder_id=folder, organisation_id=company.organisation_id)]
    assert used(portal, member, company) == ["Lønn og ferie"]
    assert portal.get(member, document.document_id).folder_name == "Lønn og ferie"


def test_a_new_name_must_be_free_and_one_that_can_be_shown(portal: Portal) -> None:
    """ACC-02."""
    company, manager = portal.company(), portal.manager()
    portal.folder(company, "Bank")
    folder = portal.folder(company, "HR")
    with pytest.raises(Conflict) as refused:
        rename(portal, manager, folder, "BANK")
    assert refused.value.reason == "folder_exists"
    for name in ("  ", "a\u202eb"):
        with pytest.raises(Invalid):
            rename(portal, manager, folder, name)
    assert rename(portal, manager, folder, "hr").name == "hr"


def test_an_empty_folder_is_removed_for_everybody_and_its_name_is_free_again(portal: Portal) -> None:
    """ACC-10, ACC-79."""
    company, manager = portal.company(), portal.manager()
    folder = portal.folder(company, "Bank")
    member = portal.member(company, folder)
    portal.under.relay()
    remove(portal, manager, folder)
    assert portal.under.relay() == [FolderRemoved(folder_id=folder, organisation_id=company.organisation_id)]
    assert (used(portal, member, company), kept(portal, manager, company)) == ([], [])
    with pytest.raises(NotFound):
        portal.upload(member, folder)
    with pytest.raises(NotFound):
        portal.allow(company, member, folder)
    with pytest.raises(NotFound):
        remove(portal, manager, folder)
    again = portal.folder(company, "Bank")
    assert again != folder
    assert used(portal, member, company) == []
    assert kept(portal, manager, company) == [("Bank", 0, 0)]


def test_what_was_deleted_in_a_removed_folder_stays_known_to_who_had_it_and_to_nobody_else(portal: Portal) -> None:
    """BEY-02, ACC-03, ACC-79: a tick of a folder that is gone opens nothing else, counts nowhere, and ends with the membership."""
    company, manager = portal.company(), portal.manager()
    folder = portal.folder(company)
    member, colleague, stranger = portal.member(company, folder), portal.member(company, folder), portal.member(company)
    document = portal.publish(member, folder)
    delete(portal, consultant(portal, company), document.document_id)
    remove(portal, manager, folder)
    for who in (member, colleague):
        (stone,) = tombstones(portal, who, company)
        assert retention(portal, who).GetTombstone(rp.GetTombstoneRequest(tombstone_id=document.document_id)) == stone
    assert tombstones(portal, stranger, company) == []
    counted = portal.folders(company.administrator).CountGrants(pb.CountGrantsRequest(membership_ids=[member.membership_id])).counts
    assert ([each.folders for each in counted], used(portal, member, company)) == ([0], [])
    gone = MemberRemoved(membership_id=member.membership_id, organisation_id=company.organisation_id, user_id=member.user_id)
    assert portal.under.happened(gone)
    assert tombstones(portal, member, company) == []


def test_what_was_deleted_in_a_removed_folder_stays_known_at_a_new_address(portal: Portal) -> None:
    """BEY-02, AMI-11: and nothing is told of a folder that is gone."""
    company = portal.company()
    folder, bank = portal.folder(company), portal.folder(company, "Bank")
    old, new = portal.member(company, folder, bank), portal.member(company)
    document = portal.publish(old, folder)
    delete(portal, consultant(portal, company), document.document_id)
    remove(portal, portal.manager(), folder)
    portal.under.relay()
    gone = MemberRemoved(
        membership_id=old.membership_id, organisation_id=company.organisation_id, user_id=old.user_id, replaced_by=new.membership_id
    )
    assert portal.under.happened(gone)
    told = [each for each in portal.under.relay() if isinstance(each, FolderAccessChanged) and each.membership_id == new.membership_id]
    assert [list(each.granted_folder_ids) for each in told] == [[bank]]
    assert [stone.document_id for stone in tombstones(portal, new, company)] == [document.document_id]


FILLED: dict[str, Callable[[Portal, Caller, str], object]] = {
    "published": lambda portal, member, folder: portal.publish(member, folder),
    "waiting for its scan": lambda portal, member, folder: portal.upload(member, folder),
    "in quarantine": lambda portal, member, folder: portal.publish(member, folder, "notes.txt", corpus.MARKER),
}


@pytest.mark.parametrize("fill", FILLED.values(), ids=list(FILLED))
def test_a_folder_that_holds_anything_stays(portal: Portal, fill: Callable[[Portal, Caller, str], object]) -> None:
    """ACC-10, ACC-83: nothing that is in it gets lost."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    fill(portal, member, folder)
    with pytest.raises(Conflict) as refused:
        remove(portal, portal.manager(), folder)
    assert refused.value.reason == "folder_not_empty"
    assert used(portal, member, company) == ["Payslips"]


def test_a_folder_is_empty_once_its_documents_are_moved(portal: Portal) -> None:
    """ACC-10, ACC-52."""
    company = portal.company()
    bank, payroll = portal.folder(company, "Bank"), portal.folder(company, "Payroll")
    member = portal.member(company, bank, payroll)
    document = portal.publish(member, bank)
    portal.upload(member, bank, overwrite=True)
    portal.scan()
    portal.documents(member).UpdateDocument(pb.UpdateDocumentRequest(document_id=document.document_id, folder_id=payroll))
    remove(portal, portal.manager(), bank)
    assert portal.get(member, document.document_id).version == 2


def test_a_document_never_arrives_in_a_folder_that_is_being_removed(portal: Portal) -> None:
    """ACC-10, P12: one of the two is refused."""
    company, manager = portal.company(), portal.manager()
    for number in range(6):
        folder = portal.folder(company, f"Folder {number}")
        member = portal.member(company, folder)
        acts: list[Callable[[], object]] = [partial(remove, portal, manager, folder), partial(portal.upload, member, folder)]
        removed, sent = at_once(acts)
        assert [isinstance(each, Failure) for each in (removed, sent)] in ([True, False], [False, True]), (removed, sent)
