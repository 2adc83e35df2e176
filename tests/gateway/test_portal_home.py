"""Home, the menus, notices and messages."""

import re

import pytest
from kontor.documents.v1 import documents_pb2
from kontor.identity.v1 import identity_pb2
from kontor.linking.v1 import linking_pb2
from kontor.messaging.v1 import messaging_pb2
from kontor.notify.v1 import notify_pb2

from tests.gateway.portal import AT, DOCUMENT, OWN, Portal, document, listed, noticed, portal, words

FIRM = identity_pb2.ORGANISATION_KIND_FIRM
NOTICE = "01920000-0000-7000-8000-0000000000e0"
GONE = "01920000-0000-7000-8000-0000000000d9"


def _home(*subjects: str, unread: int = 0, **who: object) -> Portal:
    asked = portal(**who)  # type: ignore[arg-type]
    asked.book.answers.update(listed(document()) | {"ListNotices": noticed(*subjects, unread=unread)})
    return asked


def test_home_shows_what_is_new_and_the_way_to_upload() -> None:
    """ACC-47, ACC-75."""
    answer = _home(DOCUMENT, unread=1).get("/")
    said = words(answer)
    assert "1 thing is new for you" in said
    assert "1 unread notice" in said
    assert "1 document this week" in said
    assert "Lønnsslipper mai.pdf is published" in said
    assert 'class="button primary" href="/documents/upload"' in answer.get_data(as_text=True)


@pytest.mark.parametrize(("path", "kind"), [("/", identity_pb2.ORGANISATION_KIND_CLIENT), ("/clients", FIRM)])
def test_a_number_at_which_counting_has_stopped_is_shown_as_the_least_there_are(path: str, kind: int) -> None:
    """ACC-03, FNK-13."""
    asked = _home(kind=kind)
    for recent, at_least, said in ((20, False, ["1,000", "20"]), (20, True, ["1,000+", "20"]), (1000, True, ["1,000+", "1,000+"])):
        count = documents_pb2.DocumentCount(organisation_id=OWN, documents=1000, recent=recent, at_least=at_least)
        asked.book.answers["CountDocuments"] = documents_pb2.CountDocumentsResponse(counts=[count])
        page = asked.get(path).get_data(as_text=True)
        found = re.findall(r"<b>([\d,+]+)</b><span>documents?" if path == "/" else r"(?:New this week|Documents):\">([\d,+]+)<", page)
        assert sorted(found) == sorted(said)


def test_home_of_somebody_new_says_what_comes_next() -> None:
    asked = portal()
    asked.book.answers.update(listed() | {"ListNotices": notify_pb2.ListNoticesResponse()})
    said = words(asked.get("/"))
    assert "Nothing new since you were here" in said
    assert "ask your company's administrator" in said, "ACC-14"


def test_the_user_menu_holds_what_the_guide_says() -> None:
    """ACC-70, ACC-74."""
    page = _home(organisations=2).get("/").get_data(as_text=True)
    menu = page[page.index('id="user" popover') : page.index("</header>")]
    for path in ("/organisations", "/account", "/account/notices", "/account#language", "/instructions", "/privacy", "/sign-out"):
        assert f'="{path}"' in menu
    for path in ("/privacy", "/instructions"):
        assert portal(signed_in=False).get(path).status_code == 200


def test_the_bell_has_a_dot_only_when_something_is_unread() -> None:
    """ACC-67."""
    bell = _home(DOCUMENT, unread=1).get("/notices/latest").get_data(as_text=True)
    assert '<span class="dot">' in bell
    assert 'aria-label="Notices, 1 new"' in bell
    assert '<span class="dot">' not in _home(DOCUMENT).get("/notices/latest").get_data(as_text=True)


def test_a_notice_about_a_document_one_may_not_see_any_more_is_left_out() -> None:
    """ACC-03: names are looked up where access is checked."""
    asked = _home(DOCUMENT, GONE, unread=2)
    page = asked.get("/notices").get_data(as_text=True)
    assert GONE not in page
    assert page.count('class="row-link here"') == 1
    assert list(asked.last("BatchGetDocuments").document_ids) == [DOCUMENT, GONE]


PUBLISHED, STOPPED = notify_pb2.NOTICE_KIND_DOCUMENT_PUBLISHED, notify_pb2.NOTICE_KIND_DOCUMENT_QUARANTINED


@pytest.mark.parametrize(
    ("notice", "said"),
    [
        (notify_pb2.Notice(kind=PUBLISHED, version=1), "Lønnsslipper mai.pdf is published"),
        (notify_pb2.Notice(kind=PUBLISHED, version=3), "Lønnsslipper mai.pdf is updated"),
        (notify_pb2.Notice(kind=STOPPED), "Lønnsslipper mai.pdf was stopped by the security check"),
        (notify_pb2.Notice(kind=STOPPED, unscannable=True), "Lønnsslipper mai.pdf could not be checked"),
        (notify_pb2.Notice(kind=notify_pb2.NOTICE_KIND_MESSAGE), "New message about Payroll"),
    ],
)
def test_a_notice_says_what_happened(notice: notify_pb2.Notice, said: str) -> None:
    """ACC-67."""
    asked = _home()
    notice.MergeFrom(notify_pb2.Notice(notice_id=NOTICE, subject_id=DOCUMENT, at=AT, service_area=2))  # type: ignore[arg-type]
    asked.book.answers["ListNotices"] = notify_pb2.ListNoticesResponse(notices=[notice])
    assert said in words(asked.get("/notices"))


def test_all_are_marked_as_read_at_once() -> None:
    asked = _home(DOCUMENT, unread=1)
    assert "Mark all as read" in words(asked.get("/notices"))
    asked.post("/notices/read")
    assert list(asked.last("MarkRead").notice_ids) == []


def test_a_consultant_sees_clients_with_what_is_new_and_finds_them_by_name() -> None:
    """FNK-13, FNK-19."""
    asked = _home(kind=FIRM)
    threads = messaging_pb2.CountThreadsResponse(counts=[messaging_pb2.ThreadCounts(organisation_id=OWN, open=3)])
    asked.book.answers["CountThreads"] = threads
    assert "Testdal Bakeri AS Payroll 1 3 1" in words(asked.get("/clients?name=test"))
    assert asked.last("ListClients").name == "test"
    asked.book.answers["ListClients"] = linking_pb2.ListClientsResponse()
    assert "firm's administrator assigns a client to you" in words(asked.get("/clients?of=mine"))
    assert "Nothing matches" in words(asked.get("/clients?name=zzz"))
