"""How many folders each member may use, for the list of members."""

import pytest
from kontor.documents.v1 import documents_pb2 as pb

from chassis.errors import Denied
from tests.documents.portal import Portal, new_id


def test_the_folders_of_each_member_are_counted(portal: Portal) -> None:
    """ACC-09, ACC-79: none is a number too."""
    company = portal.company()
    bank, hr = portal.folder(company, "Bank"), portal.folder(company, "HR")
    both, one, none = portal.member(company, bank, hr), portal.member(company, hr), portal.member(company)
    asked = [both.membership_id.upper(), one.membership_id, none.membership_id]
    answer = portal.folders(company.administrator).CountGrants(pb.CountGrantsRequest(membership_ids=asked))
    assert [(each.membership_id, each.folders) for each in answer.counts] == [
        (both.membership_id, 2), (one.membership_id, 1), (none.membership_id, 0)
    ]  # fmt: skip
    assert list(portal.folders(company.administrator).CountGrants(pb.CountGrantsRequest()).counts) == []


def test_only_administrators_count_and_only_their_own_folders(portal: Portal) -> None:
    """ACC-12, ACC-13, P10."""
    company, other = portal.company(), portal.company()
    member = portal.member(company, portal.folder(company))
    request = pb.CountGrantsRequest(membership_ids=[member.membership_id, new_id()])
    assert [each.folders for each in portal.folders(other.administrator).CountGrants(request).counts] == [0, 0]
    with pytest.raises(Denied):
        portal.folders(member).CountGrants(request)
