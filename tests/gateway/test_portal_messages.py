"""Messages in the portal: write, read, answer, say who takes care of it; the guard against personal numbers."""

import re
from typing import Any

import pytest
from kontor.identity.v1 import identity_pb2
from kontor.linking.v1 import linking_pb2
from kontor.messaging.v1 import messaging_pb2 as pb

from chassis.errors import Invalid, NotFound
from tests.gateway.portal import AT, DOCUMENT, MEMBERSHIP, OTHER, OWN, Portal, portal, words

FIRM = identity_pb2.ORGANISATION_KIND_FIRM
THREAD = "01920000-0000-7000-8000-0000000000c1"
PAGE = f"/messages/{THREAD}"


def thread(**given: Any) -> pb.Thread:
    """A conversation about holiday pay."""
    facts: dict[str, Any] = {
        "thread_id": THREAD, "organisation_id": OWN, "service_area": 2, "subject": "Feriepenger 2026", "started_by": "Ingrid Eksempeldal",
        "state": pb.THREAD_STATE_OPEN, "last_message_at": AT, "last_message_by": "Ingrid Eksempeldal", "message_count": 2,
    }  # fmt: skip
    return pb.Thread(**facts | given)


def entry(position: int, body: str, *, by_firm: bool = False, who: str = "m-9") -> pb.Message:
    """A message in it."""
    name = "Jonas Prøvestad" if by_firm else "Ingrid Eksempeldal"
    return pb.Message(
        message_id=THREAD, thread_id=THREAD, position=position, body=body, sent_by=name, sent_at=AT, by_firm=by_firm,
        sent_by_membership_id=who,
    )  # fmt: skip


def talking(*, one: pb.Thread | None = None, entries: tuple[pb.Message, ...] = (), **who: Any) -> Portal:
    """A portal with one conversation; entries are newest first, as the service tells them."""
    asked, one = portal(**who), one or thread()
    asked.book.answers |= {
        "ListThreads": pb.ListThreadsResponse(threads=[one]), "GetThread": one, "ListMessages": pb.ListMessagesResponse(messages=entries),
        "ListEnquiryTypes": pb.ListEnquiryTypesResponse(enquiry_types=[
            pb.EnquiryType(service_area=area, served=area != 3) for area in (2, 3, 4)  # type: ignore[arg-type]
        ]),
        "ListRecipients": pb.ListRecipientsResponse(recipients=[pb.Recipient(membership_id=MEMBERSHIP, name="Ingrid Eksempeldal")]),
        "SendMessage": pb.Message(thread_id=THREAD),
        "ListClients": linking_pb2.ListClientsResponse(clients=[linking_pb2.Client(organisation_id=OWN, name="Testdal Bakeri AS")]),
        "CheckText": pb.CheckTextResponse(),
    }  # fmt: skip
    return asked


def test_a_message_goes_to_the_chosen_area_and_warns_first() -> None:
    """ACC-60, ACC-61, ACC-62, ACC-65: the client's areas and support for the portal are offered, files are not."""
    asked = talking()
    page = asked.get("/messages/new").get_data(as_text=True)
    assert re.findall(r'<option value="(\d)"', page) == ["2", "3", "4"]
    assert "Support for the portal" in page
    assert "Do not write sensitive information" in page
    assert 'type="file"' not in page
    assert "/documents/upload" in page
    answer = asked.post("/messages/new", area="3", subject="Ferie", body="Når betales feriepengene?")
    sent = asked.last("SendMessage")
    assert (sent.organisation_id, sent.service_area, sent.subject, sent.body) == (OWN, 3, "Ferie", "Når betales feriepengene?")
    assert answer.headers["Location"] == f"{PAGE}?sent=1"
    assert "The answer comes here and by e-mail" in words(asked.get(answer.headers["Location"])), "ACC-64"


def test_who_writes_hears_that_nobody_serves_the_area_yet() -> None:
    """ACC-60."""
    page = talking().get("/messages/new").get_data(as_text=True)
    assert re.search(r'value="3">HR – nobody assigned yet', page)
    assert re.search(r'value="2">Payroll</option>', page)


def test_a_message_that_is_refused_stays_written() -> None:
    """ACC-61."""
    asked = talking()
    asked.book.answers["SendMessage"] = Invalid("message_empty")
    page = asked.post("/messages/new", area="3", subject="Ferie", body=" ").get_data(as_text=True)
    assert 'value="Ferie"' in page
    assert '<option value="3" selected>' in page
    assert 'id="body-error"' in page


@pytest.mark.parametrize("area", ["0", "1", "-1", "2147483648", "1" * 5000, "", "three"], ids=lambda area: area[:12] or "none")
def test_an_area_that_the_form_does_not_offer_is_none(area: str) -> None:
    """The service refuses it in words; it is no defect of ours."""
    asked = talking()
    asked.book.strict = True
    assert asked.post(f"/messages/new?client={OWN}", area=area, subject="Ferie", body="Hei").status_code == 422


def test_the_firm_writes_to_the_people_it_ticks() -> None:
    """ACC-35."""
    asked = talking(kind=FIRM)
    assert asked.get("/messages/new").headers["Location"] == "/clients"
    assert "Ingrid Eksempeldal" in words(asked.get(f"/messages/new?client={OWN}"))
    asked.post(f"/messages/new?client={OWN}", area="2", subject="Ferie", body="Hei", to=[MEMBERSHIP])
    sent = asked.last("SendMessage")
    assert (sent.organisation_id, list(sent.to_membership_ids)) == (OWN, [MEMBERSHIP])


def test_a_conversation_reads_from_top_to_bottom_and_its_newest_are_marked() -> None:
    """ACC-64."""
    one = thread(unread=1, read_position=1)
    asked = talking(one=one, entries=(entry(2, "Ja, den 25. juni.", by_firm=True), entry(1, "Skal de\nutbetales?", who=MEMBERSHIP)))
    page = asked.get(PAGE).get_data(as_text=True)
    assert page.index("Skal de\nutbetales?") < page.index("Ja, den 25. juni.")
    assert page.count('<span class="count">New</span></header>') == 1
    assert "Your accountant" in page
    assert f'hx-post="{PAGE}/read" hx-trigger="load"' in page
    assert 'name="up_to" value="2"' in page
    asked.post(f"{PAGE}/read", up_to="2")
    assert asked.last("MarkThreadRead") == pb.MarkThreadReadRequest(thread_id=THREAD, up_to=2)


@pytest.mark.parametrize("position", ["", "0", "-3", "x", "9" * 40])
def test_a_position_that_is_none_reads_the_first_message_only(position: str) -> None:
    asked = talking()
    assert asked.post(f"{PAGE}/read", up_to=position).status_code == 302
    assert asked.last("MarkThreadRead").up_to == 1


def test_what_is_read_already_is_not_marked_again() -> None:
    asked = talking(entries=(entry(1, "Hei"),))
    assert f"{PAGE}/read" not in asked.get(PAGE).get_data(as_text=True)
    assert asked.asked("MarkThreadRead") == []


def test_older_messages_do_not_count_as_the_newest_read() -> None:
    """Going back in a long conversation reads nothing that was not shown."""
    asked = talking(one=thread(unread=3), entries=(entry(5, "Hei"),))
    page = asked.get(f"{PAGE}?before=token").get_data(as_text=True)
    assert asked.last("ListMessages").page_token == "token"
    assert f"{PAGE}/read" not in page


def test_messages_are_shown_as_text() -> None:
    asked = talking(one=thread(subject="<b>Ferie</b>"), entries=(entry(1, "<script>alert(1)</script>"),))
    page = asked.get(PAGE).get_data(as_text=True)
    assert "&lt;b&gt;Ferie&lt;/b&gt;" in page
    assert "<script>alert" not in page


def test_an_answer_is_sent_and_the_reader_stays_there() -> None:
    """ACC-35, ACC-64."""
    asked = talking()
    assert asked.post(PAGE, body=" Takk ").headers["Location"] == f"{PAGE}?sent=1"
    assert asked.last("Answer") == pb.AnswerRequest(thread_id=THREAD, body="Takk")


REFUSED = Invalid("sensitive_number", "x", facts={"kinds": "norwegian_identity_number,iban"})


@pytest.mark.parametrize(("path", "rpc"), [(PAGE, "Answer"), ("/messages/new", "SendMessage")])
def test_personal_numbers_are_asked_about_and_nothing_is_lost(path: str, rpc: str) -> None:
    """BEY-04, ACC-36, ACC-65: hide them, or send them as a document; what was written stays."""
    asked = talking()
    asked.book.answers[rpc] = REFUSED
    answer = asked.post(path, area="2", subject="Ferie", body="Det er 000000 00000")
    assert answer.status_code == 422
    told = words(answer)
    assert "This looks like a Norwegian personal number, a bank account number (IBAN)" in told
    assert "Hide the numbers and send" in told
    assert "Send it as a document" in told
    assert "Det er 000000 00000</textarea>" in answer.get_data(as_text=True)
    asked.book.answers[rpc] = pb.Message(thread_id=THREAD)
    asked.post(path, area="2", subject="Ferie", body="Det er 000000 00000", mask="1")
    assert asked.last(rpc).mask


def test_the_guard_looks_while_one_writes() -> None:
    """BEY-04."""
    asked = talking()
    assert asked.post("/messages/check", subject="Hei", body="alt i orden").get_data(as_text=True).strip() == ""
    asked.book.answers["CheckText"] = pb.CheckTextResponse(findings=[pb.Finding(kind=pb.SENSITIVE_KIND_DANISH_IDENTITY_NUMBER)] * 2)
    page = asked.post("/messages/check", subject="Hei", body="tallene").get_data(as_text=True)
    assert page.count("a Danish CPR number") == 1
    assert asked.last("CheckText").text == "Hei\ntallene\n"


def test_the_guard_leads_the_firm_to_the_documents_of_the_client_it_writes_to() -> None:
    """BEY-04: a client's people have no other than their own."""
    asked = talking(kind=FIRM)
    for path in (f"/messages/new?client={OWN}", PAGE):
        assert f'hx-post="/messages/check?client={OWN}"' in asked.get(path).get_data(as_text=True)
    asked.book.answers |= {"CheckText": pb.CheckTextResponse(findings=[pb.Finding(kind=pb.SENSITIVE_KIND_IBAN)]), "Answer": REFUSED}
    for answer in (asked.post(f"/messages/check?client={OWN}", body="tallene"), asked.post(PAGE, body="tallene")):
        assert f'href="/documents/upload?client={OWN}">Send it as a document' in answer.get_data(as_text=True)
    for path in ("/messages/new", PAGE):
        assert 'hx-post="/messages/check"' in talking().get(path).get_data(as_text=True)


def test_nothing_written_is_nothing_to_look_at() -> None:
    asked = talking()
    asked.post("/messages/check", body="  ")
    assert asked.asked("CheckText") == []


@pytest.mark.parametrize(
    ("view", "wanted"),
    [
        ("open", {"state": pb.THREAD_STATE_OPEN}), ("answered", {"state": pb.THREAD_STATE_ANSWERED}),
        ("closed", {"state": pb.THREAD_STATE_CLOSED}),
        ("mine", {"assigned_to_me": True}), ("unread", {"unread": True}), ("elsewhere", {}),
    ],
)  # fmt: skip
def test_the_list_is_narrowed_by_for_whom_it_waits(view: str, wanted: dict[str, Any]) -> None:
    asked = talking(kind=FIRM)
    page = words(asked.get(f"/messages?view={view}"))
    assert asked.last("ListThreads") == pb.ListThreadsRequest(page_size=30, **wanted)
    assert "Testdal Bakeri AS · Payroll · Ingrid Eksempeldal" in page


def test_a_clients_people_see_their_own_company_only() -> None:
    """ACC-30: the address cannot ask for another."""
    asked = talking()
    asked.get(f"/messages?client={OTHER}")
    assert asked.last("ListThreads").organisation_id == ""
    assert asked.asked("ListClients") == []


def test_the_firm_says_who_takes_care_and_when_it_is_done() -> None:
    asked = talking(kind=FIRM)
    page = words(asked.get(PAGE))
    assert "I take care of it" in page
    assert "Close: nothing is left to do" in page
    for act in ("take", "release", "close", "reopen"):
        assert asked.post(f"{PAGE}/{act}").headers["Location"] == PAGE
    taken, released = (each.request for each in asked.asked("AssignThread"))
    assert (taken.membership_id, released.membership_id) == (MEMBERSHIP, "")  # type: ignore[attr-defined]
    assert len(asked.asked("CloseThread")) == len(asked.asked("ReopenThread")) == 1


def test_a_client_is_not_offered_what_the_firm_decides() -> None:
    page = words(talking().get(PAGE))
    assert "take care" not in page
    assert "Close:" not in page


def test_the_files_of_a_message_are_one_press_away() -> None:
    """ACC-34."""
    page = talking(one=thread(document_ids=[DOCUMENT])).get(PAGE).get_data(as_text=True)
    assert f"/documents?document={DOCUMENT}" in page
    assert "1 document" in page


def test_the_menu_counts_conversations_with_something_new() -> None:
    asked = talking()
    asked.book.answers["CountThreads"] = pb.CountThreadsResponse(counts=[pb.ThreadCounts(unread=1), pb.ThreadCounts(unread=2)])
    assert "3" in asked.get("/messages/unread").get_data(as_text=True)
    asked.book.answers["CountThreads"] = pb.CountThreadsResponse()
    assert asked.get("/messages/unread").get_data(as_text=True).strip() == ""


def test_a_conversation_of_others_is_not_there() -> None:
    """ACC-03."""
    asked = talking()
    asked.book.answers["GetThread"] = NotFound("thread_not_found")
    assert asked.get(PAGE).status_code == 404
