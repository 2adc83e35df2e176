"""Home for each kind of reader, and choosing among many clients."""

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.documents.v1 import documents_pb2
from kontor.identity.v1 import identity_pb2
from kontor.linking.v1 import linking_pb2
from kontor.messaging.v1 import messaging_pb2
from kontor.notify.v1 import notify_pb2

from chassis import clock
from tests.gateway.portal import AT, DOCUMENT, EVERYTHING, MEMBERSHIP, OTHER, OWN, READER, SECOND, Portal, document, listed, portal, words

FIRM = identity_pb2.ORGANISATION_KIND_FIRM
THREAD = "01920000-0000-7000-8000-0000000000c1"
CONSULTANT = tuple(each for each in EVERYTHING if each not in (11, 20, 21, 30, 31, 61))


def _home(**who: Any) -> Portal:
    asked = portal(**who)
    thread = messaging_pb2.Thread(
        thread_id=THREAD, organisation_id=OTHER, service_area=2, subject="Feriepenger", unread=1, last_message_at=AT  # type: ignore[arg-type]
    )  # fmt: skip
    clients = [
        linking_pb2.Client(organisation_id=OWN, name="Testdal Bakeri AS", service_areas=[2]),  # type: ignore[list-item]
        linking_pb2.Client(organisation_id=OTHER, name="Prøvelund AS", service_areas=[1], unserved_areas=[3]),  # type: ignore[list-item]
    ]
    asked.book.answers.update(listed(document()))
    asked.book.answers.update(
        ListNotices=notify_pb2.ListNoticesResponse(),
        ListThreads=messaging_pb2.ListThreadsResponse(threads=[thread]),
        CountThreads=messaging_pb2.CountThreadsResponse(),
        ListClients=linking_pb2.ListClientsResponse(clients=clients, unserved_clients=1),
        ListMembers=identity_pb2.ListMembersResponse(),
    )
    return asked


def _now() -> Timestamp:
    return Timestamp(seconds=int(clock.now().timestamp()))


def test_a_clients_reader_sees_answers_not_yet_read_and_nothing_to_arrange() -> None:
    """ACC-75, ACC-64."""
    asked = _home(permissions=(*READER, 50))
    said = words(asked.get("/"))
    assert "Answers you have not read" in said
    assert "Feriepenger" in said
    assert asked.last("ListThreads").unread
    assert "For you to arrange" not in said
    assert asked.asked("ListMembers") == []


def test_a_clients_administrator_sees_who_cannot_work_yet() -> None:
    """ACC-09, ACC-78."""
    asked = _home()
    ola = identity_pb2.Member(membership_id=SECOND, first_name="Ola", last_name="Prøvesen")
    ingrid = identity_pb2.Member(membership_id=MEMBERSHIP, first_name="Ingrid", activated=True)
    asked.book.answers["ListMembers"] = identity_pb2.ListMembersResponse(members=[ola, ingrid], total=2, total_invited=1)
    counts = [documents_pb2.GrantCount(membership_id=SECOND), documents_pb2.GrantCount(membership_id=MEMBERSHIP, folders=1)]
    asked.book.answers["CountGrants"] = documents_pb2.CountGrantsResponse(counts=counts)
    page = asked.get("/")
    said = words(page)
    assert "Ola Prøvesen has no folders" in said
    assert "1 person is invited and has not come yet" in said
    assert "Ingrid has no folders" not in said
    assert f"/administration/members/{SECOND}/folders" in page.get_data(as_text=True)


def test_a_consultant_sees_what_came_in_today_by_client() -> None:
    """FNK-13: most first; what came earlier is not of today."""
    asked = _home(kind=FIRM, permissions=CONSULTANT)
    published, today = notify_pb2.NOTICE_KIND_DOCUMENT_PUBLISHED, _now()
    asked.book.answers["ListNotices"] = notify_pb2.ListNoticesResponse(notices=[
        notify_pb2.Notice(kind=published, organisation_id=OTHER, subject_id=DOCUMENT, at=today),
        notify_pb2.Notice(kind=published, organisation_id=OTHER, subject_id=DOCUMENT, at=today),
        notify_pb2.Notice(kind=notify_pb2.NOTICE_KIND_MESSAGE, organisation_id=OWN, subject_id=THREAD, at=today),
        notify_pb2.Notice(kind=published, organisation_id=OWN, subject_id=DOCUMENT, at=AT),
    ])  # fmt: skip
    said = words(asked.get("/"))
    assert "3 things came in today" in said
    assert said.index("Prøvelund AS 2 documents") < said.index("Testdal Bakeri AS 1 message")
    assert "Waiting for an answer" in said
    assert "Feriepenger Prøvelund AS · Payroll" in said
    assert "Testdal Bakeri AS Payroll 1 new document" in said
    assert "For you to arrange" not in said
    assert asked.asked("ListMembers") == []


def test_a_firms_administrator_sees_where_nobody_works_and_who_has_not_come() -> None:
    """ACC-11."""
    asked = _home(kind=FIRM)
    liv = identity_pb2.Member(membership_id=SECOND, first_name="Liv", last_name="Testnes")
    asked.book.answers["ListMembers"] = identity_pb2.ListMembersResponse(members=[liv], total=4, total_invited=1)
    said = words(asked.get("/"))
    assert "Nobody works for 1 client in one of its areas" in said
    assert "1 person is invited and has not come yet Liv Testnes" in said


def test_home_of_a_new_firm_and_of_a_new_consultant_say_what_comes_next() -> None:
    for permissions, told in ((EVERYTHING, "Make the first one"), (CONSULTANT, "When your firm's administrator assigns a client to you")):
        asked = _home(kind=FIRM, permissions=permissions)
        asked.book.answers.update(ListClients=linking_pb2.ListClientsResponse(), ListThreads=messaging_pb2.ListThreadsResponse())
        said = words(asked.get("/"))
        assert told in said
        assert "Nothing has come in today" in said
        assert "Nobody waits for an answer" in said


def test_the_clients_chosen_last_are_remembered_and_at_hand() -> None:
    """FNK-19: ids in the browser; which of them are still the reader's, linking says."""
    asked = _home(kind=FIRM)
    asked.get(f"/documents?client={OWN}")
    asked.get(f"/documents?client={OTHER}")
    asked.get("/documents?client=nonsense")
    cookie = asked.client.get_cookie("clients")
    assert cookie is not None
    assert cookie.value == f"{OTHER}.{OWN}"
    assert cookie.http_only
    page = asked.get(f"/documents?client={OWN}").get_data(as_text=True)
    chooser = page[page.index('id="choose" popover') :]
    assert f'href="/documents?client={OTHER}"' in chooser
    assert [list(each.request.organisation_ids) for each in asked.asked("ListClients")][-2:] == [[OWN, OTHER], []]  # type: ignore[attr-defined]
    asked.book.answers.update(ListClients=linking_pb2.ListClientsResponse(), ListThreads=messaging_pb2.ListThreadsResponse())
    assert OTHER not in asked.get("/").get_data(as_text=True)


def test_nothing_is_remembered_for_the_people_of_a_client() -> None:
    asked = _home()
    asked.get(f"/documents?client={OTHER}")
    assert asked.client.get_cookie("clients") is None


@pytest.mark.parametrize(("place", "target"), [("upload", "/documents/upload"), ("messages", "/messages"), ("elsewhere", "/documents")])
def test_a_client_is_chosen_by_search_for_the_page_one_came_from(place: str, target: str) -> None:
    """FNK-13: any number of clients."""
    asked = _home(kind=FIRM)
    page = asked.get(f"/clients?to={place}&name=test&page=here&of=mine").get_data(as_text=True)
    assert f'href="{target}?client={OWN}"' in page
    sent = asked.last("ListClients")
    assert (sent.name, sent.page_token, sent.mine) == ("test", "here", True)


@pytest.mark.parametrize("path", ["/privacy", "/instructions", "/help"])
def test_what_is_to_be_read_stands_inside_the_menus_for_who_is_signed_in(path: str) -> None:
    """ACC-70, ACC-74."""
    assert 'class="menu"' in _home().get(path).get_data(as_text=True)
    assert 'class="menu"' not in portal(signed_in=False).get(path).get_data(as_text=True)
    assert 'class="menu"' not in portal(member=False).get(path).get_data(as_text=True)


def test_every_chapter_of_the_instructions_is_there_under_its_anchor() -> None:
    """ACC-70: the guide, chapter by chapter; the firm has one more."""
    for who, more in ({"kind": 2}, 0), ({"kind": FIRM}, 1):
        page = portal(**who).get("/instructions").get_data(as_text=True)
        contents = page[page.index('class="toc"') : page.index("</nav>", page.index('class="toc"'))]
        anchors = [part.split('"')[0] for part in contents.split('href="#')[1:]]
        assert len(anchors) == 12 + more
        for anchor in anchors:
            assert f'<section class="stack tight" id="{anchor}"' in page


def test_all_cookies_are_named() -> None:
    """ACC-74."""
    said = words(portal(signed_in=False).get("/privacy"))
    for name in ("session", "language", "clients"):
        assert f" {name} " in said
