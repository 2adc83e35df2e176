"""Folders of a client, and who may use which."""

import pytest
from kontor.access.v1.access_pb2 import (
    PERMISSION_FOLDER_GRANT,
    PERMISSION_FOLDER_MANAGE,
    SERVICE_AREA_ACCOUNTING,
    SERVICE_AREA_HR,
    SERVICE_AREA_PAYROLL,
)
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1.events_pb2 import FolderAccessChanged, FolderCreated
from kontor.identity.v1.events_pb2 import MemberRemoved
from kontor.identity.v1.events_pb2 import OrganisationCreated as Created
from kontor.identity.v1.identity_pb2 import ORGANISATION_KIND_FIRM

from chassis import db
from chassis.caller import Caller
from chassis.errors import Conflict, Denied, Invalid, NotFound, Unauthenticated
from chassis.testing import at_once, person
from tests.documents.portal import READ, Company, Portal, new_id


def names(portal: Portal, who: Caller, company: Company) -> list[str]:
    found = portal.folders(who).ListFolders(pb.ListFoldersRequest(organisation_id=company.organisation_id)).folders
    return [folder.name for folder in found]


def ticks(access: pb.FolderAccess) -> dict[str, bool]:
    return {tick.folder.name: tick.granted for tick in access.ticks}


def test_the_firm_makes_a_folder_of_one_client_and_one_service_area(portal: Portal) -> None:
    """ACC-02, ACC-10."""
    company = portal.company()
    request = pb.CreateFolderRequest(
        organisation_id=company.organisation_id, name="  Bank /  Accounting ", service_area=SERVICE_AREA_ACCOUNTING
    )
    folder = portal.folders(portal.manager()).CreateFolder(request)
    assert (folder.organisation_id, folder.name, folder.service_area) == (
        company.organisation_id,
        "Bank / Accounting",
        SERVICE_AREA_ACCOUNTING,
    )
    assert (
        FolderCreated(folder_id=folder.folder_id, organisation_id=company.organisation_id, service_area=SERVICE_AREA_ACCOUNTING)
        in portal.under.relay()
    )


def test_a_name_can_be_given_once_a_client_however_it_is_written(portal: Portal) -> None:
    """ACC-02."""
    company, other = portal.company(), portal.company()
    portal.folder(company, "Lønn")
    portal.folder(other, "Lønn")
    with pytest.raises(Conflict) as refused:
        portal.folder(company, "LØNN")
    assert refused.value.reason == "folder_exists"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("", "invalid_request"), ("x" * 101, "invalid_request"), ("  ", "folder_name_invalid"), ("a\u202eb", "folder_name_invalid")],
)
def test_a_folder_needs_a_name_that_can_be_shown(portal: Portal, name: str, reason: str) -> None:
    """ACC-02."""
    with pytest.raises(Invalid) as refused:
        portal.folder(portal.company(), name)
    assert refused.value.reason == reason


def test_folders_are_made_by_the_clients_own_firm_only(portal: Portal) -> None:
    """ACC-10."""
    company = portal.company()
    request = pb.CreateFolderRequest(organisation_id=company.organisation_id, name="Lønn", service_area=SERVICE_AREA_PAYROLL)
    with pytest.raises(Denied):
        portal.folders(company.administrator).CreateFolder(request)
    with pytest.raises(Unauthenticated):
        portal.folders(Caller()).CreateFolder(request)
    with pytest.raises(NotFound):
        portal.folders(person(PERMISSION_FOLDER_MANAGE, organisation_kind="firm")).CreateFolder(request)


def test_a_new_member_may_use_no_folder_not_even_an_administrator(portal: Portal) -> None:
    """ACC-08, ACC-09."""
    company = portal.company()
    portal.folder(company)
    assert names(portal, portal.member(company), company) == []
    assert names(portal, company.administrator, company) == []


def test_saved_ticks_count_at_once_and_exactly(portal: Portal) -> None:
    """ACC-03, ACC-07, ACC-79, ACC-80."""
    company = portal.company()
    bank, hr, payroll = (portal.folder(company, name) for name in ("Bank", "HR", "Payroll"))
    member = portal.member(company)
    assert ticks(portal.allow(company, member, bank, payroll)) == {"Bank": True, "HR": False, "Payroll": True}
    assert names(portal, member, company) == ["Bank", "Payroll"]
    portal.allow(company, member, hr, payroll)
    assert names(portal, member, company) == ["HR", "Payroll"]
    portal.allow(company, member)
    assert names(portal, member, company) == []


def test_a_change_of_ticks_is_told_with_what_changed_and_only_then(portal: Portal) -> None:
    """ACC-79."""
    company = portal.company()
    bank, hr = portal.folder(company, "Bank"), portal.folder(company, "HR")
    member = portal.member(company, bank)
    portal.under.relay()
    portal.allow(company, member, hr)
    portal.allow(company, member, hr)
    assert portal.under.relay() == [
        FolderAccessChanged(
            organisation_id=company.organisation_id, membership_id=member.membership_id, granted_folder_ids=[hr], removed_folder_ids=[bank]
        )
    ]
    versions = [envelope.aggregate_version for envelope in portal.under.seen if envelope.aggregate_id == member.membership_id]
    assert versions == sorted(set(versions))


def test_ticks_seen_from_a_folder_are_the_same_ticks(portal: Portal) -> None:
    """ACC-03, ACC-07, ACC-79, ACC-80: members who are not named keep what they have; each change is told of once."""
    company = portal.company()
    bank, hr = portal.folder(company, "Bank"), portal.folder(company, "HR")
    first, second, third = portal.member(company, bank), portal.member(company, bank, hr), portal.member(company)
    admin = portal.folders(company.administrator)
    counted = admin.ListFolderGrants(pb.ListFolderGrantsRequest()).folders
    assert [(each.folder.name, each.members) for each in counted] == [("Bank", 2), ("HR", 1)]
    portal.under.relay()
    granted = {first: False, third: True}
    ticks_ = [pb.MemberTick(membership_id=who.membership_id.upper(), granted=given) for who, given in granted.items()]
    for _ in range(2):
        saved = admin.SetFolderMembers(pb.SetFolderMembersRequest(folder_id=bank, ticks=ticks_))
        assert (saved.folder.name, set(saved.membership_ids)) == ("Bank", {second.membership_id, third.membership_id})
    assert admin.GetFolderMembers(pb.GetFolderMembersRequest(folder_id=bank)) == saved
    assert [names(portal, who, company) for who in (first, second, third)] == [[], ["Bank", "HR"], ["Bank"]]
    told = {event.membership_id: event for event in portal.under.relay() if isinstance(event, FolderAccessChanged)}
    assert list(told[first.membership_id].removed_folder_ids) == list(told[third.membership_id].granted_folder_ids) == [bank]
    assert told.keys() == {first.membership_id, third.membership_id}


def test_a_folders_ticks_are_for_members_and_folders_of_ones_own_organisation(portal: Portal) -> None:
    """ACC-12, P10: all or none."""
    company, other = portal.company(), portal.company()
    mine, theirs, member, stranger = portal.folder(company), portal.folder(other), portal.member(company), portal.member(other)
    admin = portal.folders(company.administrator)
    for folder, who in ((theirs, member), (mine, stranger)):
        ticks_ = [pb.MemberTick(membership_id=each.membership_id, granted=True) for each in (member, who)]
        with pytest.raises(NotFound):
            admin.SetFolderMembers(pb.SetFolderMembersRequest(folder_id=folder, ticks=ticks_))
    with pytest.raises(NotFound):
        admin.GetFolderMembers(pb.GetFolderMembersRequest(folder_id=theirs))
    assert admin.GetFolderMembers(pb.GetFolderMembersRequest(folder_id=mine)).membership_ids == []


def test_ticks_of_one_member_and_of_one_folder_that_are_saved_at_once_never_stop_each_other(portal: Portal) -> None:
    """ACC-79."""
    company = portal.company()
    bank, hr = portal.folder(company, "Bank"), portal.folder(company, "HR")
    people = [portal.member(company) for _ in range(4)]
    admin = portal.folders(company.administrator)

    def everybody() -> None:
        ticks_ = [pb.MemberTick(membership_id=who.membership_id, granted=True) for who in reversed(people)]
        admin.SetFolderMembers(pb.SetFolderMembersRequest(folder_id=bank, ticks=ticks_))

    for _ in range(5):
        at_once([everybody, everybody, *(lambda who=who: portal.allow(company, who, hr) for who in people)])
        assert all("HR" in names(portal, who, company) for who in people)


def test_two_administrators_who_save_at_once_leave_one_of_the_two_choices(portal: Portal) -> None:
    """ACC-79."""
    company = portal.company()
    bank, hr = portal.folder(company, "Bank"), portal.folder(company, "HR")
    member = portal.member(company)
    for _ in range(5):
        at_once([lambda: portal.allow(company, member, bank), lambda: portal.allow(company, member, hr)] * 3)
        assert names(portal, member, company) in (["Bank"], ["HR"])


def test_ticks_are_for_members_and_folders_of_ones_own_organisation(portal: Portal) -> None:
    """ACC-12, P10."""
    company, other = portal.company(), portal.company()
    mine, theirs = portal.folder(company), portal.folder(other)
    with pytest.raises(NotFound, match="folder"):
        portal.allow(company, portal.member(company), mine, theirs)
    stranger = portal.member(other)
    with pytest.raises(NotFound):
        portal.allow(company, stranger, mine)
    with pytest.raises(NotFound):
        portal.folders(company.administrator).GetFolderAccess(pb.GetFolderAccessRequest(membership_id=stranger.membership_id))
    with pytest.raises(NotFound):
        portal.folders(company.administrator).GetFolderAccess(pb.GetFolderAccessRequest(membership_id=new_id()))
    with pytest.raises(Denied):
        portal.folders(portal.member(company)).GetFolderAccess(pb.GetFolderAccessRequest(membership_id=company.administrator.membership_id))


def test_an_administrator_sees_all_folders_of_the_organisation_with_ticks(portal: Portal) -> None:
    """ACC-79."""
    company = portal.company()
    bank = portal.folder(company, "Bank")
    portal.folder(company, "HR")
    portal.folder(portal.company(), "Of somebody else")
    member = portal.member(company, bank)
    shown = portal.folders(company.administrator).GetFolderAccess(pb.GetFolderAccessRequest(membership_id=member.membership_id))
    assert ticks(shown) == {"Bank": True, "HR": False}


def test_a_consultant_uses_the_folders_of_the_areas_assigned_and_no_others(portal: Portal) -> None:
    """ACC-11."""
    company, other = portal.company(), portal.company()
    for name, area in (("Bank", SERVICE_AREA_ACCOUNTING), ("HR", SERVICE_AREA_HR), ("Payroll", SERVICE_AREA_PAYROLL)):
        portal.folder(company, name, area)
        portal.folder(other, name, area)
    consultant = portal.consultant(company, SERVICE_AREA_PAYROLL)
    assert names(portal, consultant, company) == ["Payroll"]
    assert names(portal, consultant, other) == []
    assert names(portal, portal.manager(), company) == []
    portal.assign(company, consultant, SERVICE_AREA_ACCOUNTING, SERVICE_AREA_HR, version=2)
    assert names(portal, consultant, company) == ["Bank", "HR"]
    portal.assign(company, consultant, version=4)
    portal.assign(company, consultant, SERVICE_AREA_PAYROLL, version=3)
    assert names(portal, consultant, company) == []


def test_a_removed_member_loses_the_folders_and_comes_back_with_none(portal: Portal) -> None:
    """ACC-82, ACC-84."""
    company = portal.company()
    folder = portal.folder(company)
    member, other = portal.member(company, folder), portal.member(company, folder)
    portal.under.relay()
    gone = MemberRemoved(membership_id=member.membership_id, organisation_id=company.organisation_id, user_id=member.user_id)
    assert portal.under.happened(gone)
    assert names(portal, member, company) == []
    assert names(portal, other, company) == ["Payslips"]
    told = FolderAccessChanged(organisation_id=company.organisation_id, membership_id=member.membership_id, removed_folder_ids=[folder])
    assert portal.under.relay() == [told]
    assert names(portal, person(*READ, user_id=member.user_id, organisation_id=company.organisation_id), company) == []


def test_a_removed_consultant_loses_all_clients(portal: Portal) -> None:
    """ACC-82."""
    company = portal.company()
    portal.folder(company)
    consultant = portal.consultant(company, SERVICE_AREA_PAYROLL)
    assert portal.under.happened(MemberRemoved(membership_id=consultant.membership_id, organisation_id=portal.firm_id))
    assert names(portal, consultant, company) == []


def test_a_firm_is_not_a_client(portal: Portal) -> None:
    """ACC-02."""
    firm = new_id()
    assert portal.under.happened(Created(organisation_id=firm, kind=ORGANISATION_KIND_FIRM, firm_id=portal.firm_id, name="Testregnskap"))
    request = pb.CreateFolderRequest(organisation_id=firm, name="Lønn", service_area=SERVICE_AREA_PAYROLL)
    with pytest.raises(NotFound):
        portal.folders(portal.manager()).CreateFolder(request)


def test_the_order_in_which_a_client_and_its_link_become_known_does_not_matter(portal: Portal) -> None:
    """design.md § 4: order is promised per aggregate only."""
    company = portal.company()
    known = Created(organisation_id=company.organisation_id, kind=1 + 1, name="Testdal Bakeri AS", firm_id=portal.firm_id)  # type: ignore[arg-type]
    assert portal.under.happened(known)
    assert portal.folder(company)


def test_models_and_migrations_agree(portal: Portal) -> None:
    """design.md § 4."""
    service = portal.under.service
    assert service.database is not None
    assert service.tables is not None
    assert service.migrations is not None
    db.drift(service.database, service.migrations, service.tables)


def test_the_right_to_grant_alone_shows_nothing_of_other_organisations(portal: Portal) -> None:
    """P10."""
    company = portal.company()
    portal.folder(company)
    outsider = person(PERMISSION_FOLDER_GRANT, *READ)
    portal.identity.members[outsider.membership_id] = outsider.organisation_id
    shown = portal.folders(outsider).GetFolderAccess(pb.GetFolderAccessRequest(membership_id=outsider.membership_id))
    assert ticks(shown) == {}
    assert names(portal, outsider, company) == []
