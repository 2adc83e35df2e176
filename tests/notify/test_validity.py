"""E-mails to a member whose access has ended: they go on, unless they were to stop with it."""

from datetime import timedelta

import pytest
from kontor.identity.v1.events_pb2 import MemberValidityChanged

from chassis.caller import Caller
from chassis.testing import ServiceUnderTest
from tests.notify.post import DELETION, EMAIL, Office, choose, earlier
from tests.notify.test_expiry import expiring, mailed, reached
from tests.servers.smtp import MailServer


def changed(office: Office, who: Caller, *, stopped: bool, in_force: bool = False) -> MemberValidityChanged:
    return MemberValidityChanged(
        membership_id=who.membership_id, organisation_id=office.id, user_id=who.user_id, in_force=in_force, emails_stopped=stopped
    )


@pytest.mark.parametrize(("stopped", "mails"), [(False, 1), (True, 0)])
def test_mails_stop_with_the_access_only_where_that_was_wished(
    service: ServiceUnderTest, office: Office, smtp: MailServer, *, stopped: bool, mails: int
) -> None:
    """NET-14: in that organisation only."""
    member = office.member()
    elsewhere = Office(service, "Exempelvarvet AB")
    there = elsewhere.member(user_id=member.user_id)
    assert service.happened(changed(office, member, stopped=stopped))
    office.wrote(member)
    service.run_job("send_deliveries")
    assert len(smtp.messages) == mails
    elsewhere.wrote(there)
    service.run_job("send_deliveries")
    assert len(smtp.messages) == mails + 1


def test_mails_go_on_when_the_access_does(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """NET-13, NET-14: whatever order the events arrive in, also before the member is known."""
    member = office.someone()
    assert service.happened(changed(office, member, stopped=False))
    earlier(service, changed(office, member, stopped=True), by=timedelta(minutes=5))
    office.add(member)
    office.wrote(member)
    service.run_job("send_deliveries")
    assert len(smtp.messages) == 1


@pytest.mark.parametrize("mails", [True, False], ids=["mails go on", "mails are switched off"])
def test_a_notice_in_the_portal_reaches_nobody_whose_access_has_ended(
    service: ServiceUnderTest, office: Office, smtp: MailServer, *, mails: bool
) -> None:
    """NET-13, NET-14, BEY-02: they cannot see it; a mail reaches them as long as they want any."""
    member = office.member()
    choose(service, member, {(DELETION, EMAIL): mails})
    assert service.happened(changed(office, member, stopped=False))
    expiring(office, member)
    mailed(service)
    assert len(smtp.messages) == len(reached(service)) == int(mails)
    assert service.happened(changed(office, member, stopped=False, in_force=True))
    event = expiring(office, member)
    mailed(service)
    assert [told.batch_id for told in reached(service)] == [event.batch_id]
