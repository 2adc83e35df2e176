"""A member got a new address: what was granted goes on with the membership that takes the place of the old one."""

from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1.events_pb2 import FolderAccessChanged
from kontor.identity.v1.events_pb2 import MemberRemoved

from chassis.caller import Caller
from tests.documents.portal import Company, Portal


def names(portal: Portal, who: Caller, company: Company) -> list[str]:
    found = portal.folders(who).ListFolders(pb.ListFoldersRequest(organisation_id=company.organisation_id)).folders
    return [folder.name for folder in found]


def test_the_folders_go_on_at_a_new_address(portal: Portal) -> None:
    """AMI-11: those of the old membership, beside what the new one was given meanwhile; told again it changes nothing."""
    company = portal.company()
    payslips, bank, closed = portal.folder(company), portal.folder(company, "Bank"), portal.folder(company, "Closed")
    old, new = portal.member(company, payslips, bank), portal.member(company, bank)
    portal.under.relay()
    gone = MemberRemoved(
        membership_id=old.membership_id, organisation_id=company.organisation_id, user_id=old.user_id, replaced_by=new.membership_id
    )
    assert portal.under.happened(gone)
    assert names(portal, old, company) == []
    assert names(portal, new, company) == ["Bank", "Payslips"]
    told = [each for each in portal.under.relay() if isinstance(each, FolderAccessChanged)]
    assert {each.membership_id: list(each.removed_folder_ids) for each in told} == {
        old.membership_id: sorted([payslips, bank]), new.membership_id: []
    }  # fmt: skip
    assert [list(each.granted_folder_ids) for each in told if each.membership_id == new.membership_id] == [[payslips]]
    portal.under.happened(gone)
    assert portal.under.relay() == []
    assert closed not in told[1].granted_folder_ids
