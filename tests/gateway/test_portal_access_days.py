"""From which day to which somebody may work in the organisation, as the pages ask for it."""

import re

from kontor.identity.v1 import identity_pb2

from chassis.errors import Conflict, Invalid
from tests.gateway.portal import AT, SECOND, Portal, portal, words

MEMBER = f"/administration/members/{SECOND}"


def _administration(**validity: object) -> Portal:
    asked = portal()
    days = identity_pb2.Validity(**validity)  # type: ignore[arg-type]
    ola = identity_pb2.Member(
        membership_id=SECOND, email="ola@testdal.example", first_name="Ola", last_name="Prøvesen", role=identity_pb2.ROLE_WRITE,
        added_at=AT, validity=days, activated=True,
    )  # fmt: skip
    members = identity_pb2.ListMembersResponse(members=[ola], total=1)
    asked.book.answers.update(GetMember=ola, AddMember=ola, SetMemberValidity=ola, ListMembers=members)
    return asked


def test_the_panel_says_for_how_long_the_access_lasts() -> None:
    """NET-12, NET-13."""
    assert "Access Until further notice" in words(_administration().get(MEMBER))
    said = words(_administration(first_day="2026-05-01", last_day="2026-12-31").get(MEMBER))
    assert "From 1 May 2026 to 31 December 2026" in said
    assert "No access now" in said
    assert "Until 31 December 2026" in words(_administration(last_day="2026-12-31").get(MEMBER))
    assert "From 1 May 2026 until further notice" in words(_administration(first_day="2026-05-01").get(MEMBER))


def test_days_and_the_tick_are_saved_as_written() -> None:
    """NET-13, NET-14."""
    asked = _administration(last_day="2026-12-31", stop_emails=True)
    page = asked.get(f"{MEMBER}/access").get_data(as_text=True)
    assert re.search(r'type="date" id="last_day" name="last_day" value="2026-12-31"', page)
    assert re.search(r'name="stop_emails" value="1" checked', page)
    answer = asked.post(f"{MEMBER}/access", {"first_day": "", "last_day": "2027-01-31"})
    sent = asked.last("SetMemberValidity")
    assert sent.validity == identity_pb2.Validity(last_day="2027-01-31")
    assert answer.headers["Location"] == f"{MEMBER}?saved=1"


def test_what_is_not_right_is_said_at_its_field_and_stays_written() -> None:
    """NET-13, ACC-05."""
    asked = _administration()
    for failure, words_said in (
        (Invalid("validity_invalid", fields={"validity.last_day": "validity_invalid"}), "a last day that is not before the first"),
        (Conflict("last_administrator"), "needs at least one administrator"),
    ):
        asked.book.answers["SetMemberValidity"] = failure
        answer = asked.post(f"{MEMBER}/access", {"first_day": "2026-05-02", "last_day": "2026-05-01"})
        assert answer.status_code == failure.http_status
        assert words_said in words(answer)
        assert 'value="2026-05-01" aria-invalid="true" aria-describedby="days-hint last_day-error"' in answer.get_data(as_text=True)


def test_a_new_user_can_have_days_from_the_start() -> None:
    """NET-12, NET-13: none are sent where none are written."""
    asked = _administration()
    name = {"step": "name", "email": "ola@testdal.example", "first_name": "Ola", "last_name": "Prøvesen", "role": "2"}
    asked.post("/administration/members/new", name | {"last_day": "2026-12-31", "stop_emails": "1"})
    assert asked.last("AddMember").validity == identity_pb2.Validity(last_day="2026-12-31", stop_emails=True)
    asked.post("/administration/members/new", name | {"last_day": "", "stop_emails": "1"})
    assert not asked.last("AddMember").HasField("validity")
    asked.book.answers["AddMember"] = Invalid("validity_invalid", fields={"validity.last_day": "validity_invalid"})
    answer = asked.post("/administration/members/new", name | {"first_day": "2026-05-02", "last_day": "2026-05-01"})
    assert answer.status_code == Invalid.http_status
    assert 'value="2026-05-01" aria-invalid="true"' in answer.get_data(as_text=True)
