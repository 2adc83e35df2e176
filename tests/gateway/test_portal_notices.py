"""Going to what a notice is about, choosing what one is told of, the next digest, and the link in a mail to get no more of them."""

import re

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.identity.v1 import identity_pb2
from kontor.notify.v1 import notify_pb2 as pb
from playwright.sync_api import expect

from chassis.errors import Invalid, NotFound
from tests.gateway.portal import AT, DOCUMENT, OTHER, Portal, document, listed, noticed, portal, words
from tests.gateway.window import OpenPage, fresh, window

FIRM = identity_pb2.ORGANISATION_KIND_FIRM
NOTICE, THREAD = "01920000-0000-7000-8000-0000000000e0", "01920000-0000-7000-8000-0000000000c1"
TOKEN = "t" * 43
MAIL = "<!doctype html><html lang='en'><title>4 new files</title><style>p { color: rgb(1, 2, 3) }</style><p>Payroll: 4 files</p>"


def settings() -> pb.NoticeSettings:
    """As notify answers them: documents by e-mail are off, links are locked."""
    locked = (pb.NOTICE_CATEGORY_LINKS, pb.NOTICE_CATEGORY_SECURITY)
    switches = [
        pb.NoticeSwitch(category=category, channel=channel, on=(category, channel) != (1, 2), locked=category in locked)
        for category in pb.NoticeCategory.values()[1:]
        for channel in pb.NoticeChannel.values()[1:]
    ]
    return pb.NoticeSettings(switches=switches, digest_hour=7, time_zone="Europe/Oslo")


def _portal(**who: object) -> Portal:
    asked = portal(**who)  # type: ignore[arg-type]
    asked.book.answers |= listed(document()) | {"ListNotices": noticed(DOCUMENT, unread=1), "GetNoticeSettings": settings()}
    return asked


def test_the_button_of_a_notice_reads_it_and_goes_there() -> None:
    """ACC-67."""
    asked = _portal()
    page = asked.get("/notices").get_data(as_text=True)
    assert f'<form method="post" action="/notices/{NOTICE}/open?' in page
    answer = asked.post(f"/notices/{NOTICE}/open?document={DOCUMENT}&client={OTHER}")
    assert answer.headers["Location"] == f"/documents?document={DOCUMENT}", "a client's people have one client"
    assert list(asked.last("MarkRead").notice_ids) == [NOTICE]
    consultant = _portal(kind=FIRM)
    assert consultant.post(f"/notices/{NOTICE}/open?client={OTHER}").headers["Location"] == f"/messages?client={OTHER}"
    assert consultant.post(f"/notices/{NOTICE}/open?client={OTHER}&thread={THREAD}").headers["Location"].startswith(f"/messages/{THREAD}")


def test_an_address_that_is_only_looked_at_reads_nothing() -> None:
    """BEY-01: what follows links ahead of people, and other sites, change nothing."""
    asked = _portal()
    answer = asked.get(f"/notices/{NOTICE}/open?document={DOCUMENT}")
    assert answer.headers["Location"] == f"/documents?document={DOCUMENT}"
    cross = asked.client.post(f"/notices/{NOTICE}/open?document={DOCUMENT}", headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403
    assert asked.asked("MarkRead") == []


@pytest.mark.parametrize("thread", ["../account", "x", THREAD.upper(), f"{THREAD}/close"])
def test_a_notice_leads_nowhere_but_to_a_thread(thread: str) -> None:
    assert _portal().get(f"/notices/{NOTICE}/open?thread={thread}").headers["Location"] == "/messages"


def test_an_answer_is_told_as_one() -> None:
    """ACC-64: also in the portal."""
    asked = _portal()
    answer = pb.Notice(
        notice_id=NOTICE, kind=pb.NOTICE_KIND_ANSWER, category=pb.NOTICE_CATEGORY_MESSAGES, subject_id=DOCUMENT, thread_id=THREAD, at=AT,
        service_area=2,  # type: ignore[arg-type]
    )  # fmt: skip
    asked.book.answers["ListNotices"] = pb.ListNoticesResponse(notices=[answer])
    page = asked.get("/notices")
    assert "Your accountant has written about Payroll" in words(page)
    assert f"thread={THREAD}" in page.get_data(as_text=True)
    assert asked.asked("BatchGetDocuments") == []


def test_every_kind_and_place_has_a_switch_of_its_own() -> None:
    """ACC-68, AMI-08: portal and e-mail are two switches; what is locked is shown and is none."""
    page = _portal().get("/account/notices").get_data(as_text=True)
    ticks = dict(re.findall(r'name="on" value="(\d-\d)"( checked)?', page))
    assert ticks == {cell: "" if cell == "1-2" else " checked" for cell in ("1-1", "1-2", "2-1", "2-2", "3-1", "3-2", "4-1", "4-2")}
    assert page.count("Always") == 4
    assert '<option value="7" selected>07:00</option>' in page
    assert "Europe/Oslo" in page


def test_what_was_ticked_is_on_and_what_the_form_did_not_show_stays() -> None:
    """ACC-68, BEY-10."""
    asked = _portal()
    form = {"cell": ["1-1", "1-2", "2-2"], "on": ["1-2"], "hour": "18"}
    assert asked.post("/account/notices", form).headers["Location"] == "/account/notices?saved=1"
    sent = asked.last("UpdateNoticeSettings")
    assert [(each.category, each.channel, each.on) for each in sent.settings.switches] == [(1, 1, False), (1, 2, True), (2, 2, False)]
    assert (sent.settings.digest_hour, sent.everywhere) == (18, False)
    asked.post("/account/notices", {"cell": ["9-9", "x"], "hour": "24", "everywhere": "on"})
    sent = asked.last("UpdateNoticeSettings")
    assert (list(sent.settings.switches), sent.settings.HasField("digest_hour"), sent.everywhere) == ([], False, True)


def test_only_who_has_several_organisations_is_asked_about_all_of_them() -> None:
    assert 'name="everywhere"' not in _portal().get("/account/notices").get_data(as_text=True)
    assert 'name="everywhere"' in _portal(organisations=2).get("/account/notices").get_data(as_text=True)


def test_a_switch_that_stays_on_is_said_in_words() -> None:
    asked = _portal()
    asked.book.answers["UpdateNoticeSettings"] = Invalid("locked_switch")
    answer = asked.post("/account/notices", {"cell": "6-1"})
    assert answer.status_code == 422
    assert "cannot be switched off" in words(answer)


def test_the_next_digest_is_shown_or_why_there_is_none() -> None:
    """BEY-10."""
    asked = _portal()
    asked.book.answers["PreviewDigest"] = pb.PreviewDigestResponse(leaves_at=Timestamp(seconds=AT.seconds))
    assert "You have not switched on e-mail about documents" in words(asked.get("/account/notices/digest"))
    asked.book.answers["PreviewDigest"] = pb.PreviewDigestResponse(leaves_at=AT, switched_on=True)
    assert "Nothing to tell so far" in words(asked.get("/account/notices/digest"))


def test_the_preview_is_the_mail_itself_and_can_do_nothing(new_page: OpenPage) -> None:
    """BEY-10: in a frame with the mail's own style, without scripts and without our session's pages."""
    asked = fresh()
    hostile = f"{MAIL}<script>parent.document.title = 'taken'</script><img src='/taken'>"
    asked.book.answers["PreviewDigest"] = pb.PreviewDigestResponse(
        leaves_at=AT, switched_on=True, subject="4 new files", text="Payroll: 4 files", html=hostile
    )
    with window(new_page, asked) as seen:
        loaded: list[str] = []
        seen.page.on("response", lambda answer: loaded.append(answer.url))
        seen.page.goto("/account/notices/digest")
        mail = seen.page.frame_locator("iframe")
        expect(mail.get_by_text("Payroll: 4 files")).to_have_css("color", "rgb(1, 2, 3)")
        assert f"{seen.page.url}/mail" in loaded
        assert "The next daily mail" in seen.page.title()
        assert [url for url in loaded if url.endswith("/taken")] == []
        seen.page.get_by_text("The same as plain text").click()
        expect(seen.page.locator("pre")).to_have_text("Payroll: 4 files")


def test_a_link_to_get_no_more_mails_asks_first_and_the_button_acts() -> None:
    """BEY-01: no session, and looking changes nothing."""
    asked = portal(signed_in=False)
    asked.book.answers["ShowUnsubscribe"] = pb.ShowUnsubscribeResponse(category=pb.NOTICE_CATEGORY_MESSAGES, language="nb")
    asked.book.answers["Unsubscribe"] = pb.UnsubscribeResponse(category=pb.NOTICE_CATEGORY_MESSAGES, language="nb")
    page = asked.get(f"/unsubscribe/{TOKEN}")
    assert "Du får ikke flere e-poster om meldinger" in words(page), "in the reader's own language"
    assert asked.asked("Unsubscribe") == []
    done = asked.post(f"/unsubscribe/{TOKEN}", {"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert "Disse e-postene er slått av" in words(done)
    assert asked.last("Unsubscribe").token == TOKEN


def test_a_mail_program_switches_them_off_with_one_click() -> None:
    """RFC 8058 § 3.1: one POST, whoever sends it from wherever, is answered on the spot."""
    asked = portal(signed_in=False)
    asked.book.answers["Unsubscribe"] = pb.UnsubscribeResponse(category=pb.NOTICE_CATEGORY_DOCUMENTS, language="en")
    for headers in ({}, {"Origin": "https://mail.example.com", "Sec-Fetch-Site": "cross-site"}):
        answer = asked.client.post(f"/unsubscribe/{TOKEN}", data="List-Unsubscribe=One-Click", headers=headers, content_type=FORM_TYPE)
        assert answer.status_code == 200
    assert len(asked.asked("Unsubscribe")) == 2


@pytest.mark.parametrize("failure", [NotFound("link_not_found"), Invalid("invalid_request")])
def test_a_link_that_does_not_work_says_where_to_choose(failure: NotFound | Invalid) -> None:
    asked = portal(signed_in=False)
    asked.book.answers |= {"ShowUnsubscribe": failure, "Unsubscribe": failure}
    for answer in (asked.get(f"/unsubscribe/{TOKEN}"), asked.post(f"/unsubscribe/{TOKEN}")):
        assert answer.status_code == 404
        assert "This link does not work" in words(answer)
        assert 'href="/account/notices"' in answer.get_data(as_text=True)


FORM_TYPE = "application/x-www-form-urlencoded"
