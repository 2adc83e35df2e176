"""Who is removed while being assigned works for nobody: whichever of the two comes first."""

import threading
from functools import partial

import pytest
from kontor.identity.v1 import events_pb2 as identity_events
from kontor.linking.v1.events_pb2 import ConsultantAssigned
from sqlalchemy import text

from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import NotFound
from chassis.testing import ServiceUnderTest
from services.linking.actions.consultants import assign_consultant
from tests.linking.firm import HR, PAYROLL, Firm, Identity
from tests.waiting import eventually

WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")


def removal(firm: Firm, who: Caller, *, replaced_by: str = "") -> identity_events.MemberRemoved:
    return identity_events.MemberRemoved(membership_id=who.membership_id, organisation_id=firm.id, replaced_by=replaced_by)


def database_of(service: ServiceUnderTest) -> Database:
    assert service.service.database
    return service.service.database


def test_one_who_is_removed_after_identity_has_answered_is_not_assigned(firm: Firm, service: ServiceUnderTest, identity: Identity) -> None:
    """ACC-82, P11: identity still knew the member, and the removal was handled before the assignment began."""
    bakery, leaving = firm.linked("Testdal Bakeri AS"), firm.member()
    identity.meanwhile = lambda: service.happened(removal(firm, leaving))
    with pytest.raises(NotFound) as refused:
        firm.assign(bakery, leaving, PAYROLL)
    assert (refused.value.reason, firm.clients_of(leaving)) == ("member_not_found", {})
    identity.meanwhile = lambda: None
    with pytest.raises(NotFound):
        firm.assign(bakery, leaving, HR)


def test_one_who_is_removed_while_the_assignment_runs_loses_it_again(firm: Firm, service: ServiceUnderTest) -> None:
    """ACC-82, P11: the removal waits for it, ends it, and tells so."""
    bakery, leaving, database = firm.linked("Testdal Bakeri AS"), firm.member(), database_of(service)
    removing = threading.Thread(target=partial(service.happened, removal(firm, leaving)))
    with database.transaction() as tx:
        assign_consultant(tx, firm.administrator, organisation_id=bakery, membership_id=leaving.membership_id, service_areas=[PAYROLL])
        tx.flush()
        removing.start()
        eventually(lambda: database.read(WAITING)[0][0] == 1)
    removing.join(timeout=60)
    told = [event for event in service.relay() if isinstance(event, ConsultantAssigned) and event.membership_id == leaving.membership_id]
    assert ([list(event.service_areas) for event in told], firm.clients_of(leaving)) == ([[PAYROLL], []], {})


def test_what_a_consultant_did_does_not_go_on_with_an_address_that_is_gone_too(firm: Firm, service: ServiceUnderTest) -> None:
    """ACC-82, AMI-11: events about two members come in any order."""
    old, new = firm.member(), firm.member()
    firm.assign(firm.linked("Testdal Bakeri AS"), old, PAYROLL)
    for event in (removal(firm, new), removal(firm, old, replaced_by=new.membership_id)):
        assert service.happened(event)
    assert (firm.clients_of(old), firm.clients_of(new)) == ({}, {})
