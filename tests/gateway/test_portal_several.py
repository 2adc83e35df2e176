"""Many users from a pasted list, as the page does it."""

from kontor.identity.v1 import identity_pb2

from chassis.errors import Denied, Unavailable
from tests.gateway.portal import SECOND, portal, words

PAGE = "/administration/members/several"
PASTED = """Ola Prøvesen; ola@testdal.example; Read

Ada Marie Eksempeldal;ada@testdal.example
Olsen; olsen@testdal.example
Per Prøve; per
Per Prøve; per@testdal.example; Chief
Kari Testdal; kari@testdal.example; administrator"""


def test_lines_that_can_be_read_are_added_and_the_others_stay_with_what_is_wrong() -> None:
    """ACC-77, AMI-04."""
    asked = portal()
    results = [identity_pb2.AddedMember(membership_id=SECOND), identity_pb2.AddedMember(membership_id=SECOND)]
    refused = identity_pb2.AddedMember(reason="already_member")
    asked.book.answers["AddMembers"] = identity_pb2.AddMembersResponse(results=[*results, refused])
    answer = asked.post(PAGE, people=PASTED)
    sent = [(each.first_name, each.last_name, each.email, each.role) for each in asked.last("AddMembers").members]
    assert sent == [
        ("Ola", "Prøvesen", "ola@testdal.example", identity_pb2.ROLE_READ),
        ("Ada Marie", "Eksempeldal", "ada@testdal.example", identity_pb2.ROLE_UNSPECIFIED),
        ("Kari", "Testdal", "kari@testdal.example", identity_pb2.ROLE_ADMINISTRATOR),
    ]
    assert answer.status_code == 422
    said = words(answer)
    assert "2 users are added." in said
    assert "4 lines could not be used:" in said
    assert "kari@testdal.example; administrator This person is already a user here." in said
    assert "Per Prøve; per Write an e-mail address" in said
    written = answer.get_data(as_text=True).partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    assert written.splitlines() == [line for line in PASTED.splitlines() if line[:3] in ("Ols", "Per", "Kar")]


def test_all_added_leaves_an_empty_form() -> None:
    """AMI-04."""
    asked = portal()
    asked.book.answers["AddMembers"] = identity_pb2.AddMembersResponse(results=[identity_pb2.AddedMember(membership_id=SECOND)])
    answer = asked.post(PAGE, people="Ola Prøvesen; ola@testdal.example")
    assert answer.status_code == 200
    assert "1 user is added. They have no folders yet." in words(answer)


def test_two_hundred_go_in_parts_and_one_that_fails_says_so_at_its_lines() -> None:
    """AMI-04: no call has more to do than it can answer in time."""
    asked = portal()
    asked.book.answers["AddMembers"] = Unavailable("unavailable")
    answer = asked.post(PAGE, people="\n".join(f"Ola P; a{number}@testdal.example" for number in range(60)))
    assert [len(each.request.members) for each in asked.asked("AddMembers")] == [25, 25, 10]  # type: ignore[attr-defined]
    assert answer.status_code == 422
    assert "60 lines could not be used" in words(answer)


def test_a_fresh_code_is_asked_for_in_place() -> None:
    """NET-05."""
    asked = portal()
    asked.book.answers["AddMembers"] = Denied("step_up_needed")
    answer = asked.post(PAGE, people="Ola P; ola@testdal.example")
    assert answer.status_code == 403
    assert "could not be used" not in words(answer)
    assert "ola@testdal.example" in answer.get_data(as_text=True)


def test_none_and_too_many_lines_are_refused_before_anybody_is_added() -> None:
    """AMI-04: what was pasted stays in the form."""
    asked = portal()
    many = "\n".join(f"Ola P; a{number}@testdal.example" for number in range(201))
    for pasted in (" \n ", many):
        answer = asked.post(PAGE, people=pasted)
        assert answer.status_code == 422
        assert "at most 200" in words(answer)
    assert "a200@testdal.example" in answer.get_data(as_text=True)
    assert asked.asked("AddMembers") == []
