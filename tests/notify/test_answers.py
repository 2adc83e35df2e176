"""What the firm writes reaches people by e-mail at once, with its text, which is kept no longer than that (ACC-35, ACC-64)."""

from datetime import timedelta

from kontor.identity.v1.events_pb2 import MemberRemoved
from kontor.notify.v1 import notify_pb2 as pb
from sqlalchemy import text

from chassis import clock
from chassis.testing import ServiceUnderTest
from tests.notify.post import EMAIL, MESSAGES, Office, choose, deliveries, desk
from tests.servers.smtp import MailServer

SAID = "Hei Kari,\n\nFeriepengene kommer den 20. <juni> & i år.\n.\n\nHilsen Anna"


def kept(service: ServiceUnderTest) -> list[tuple[str, str | None, str | None, str | None]]:
    assert service.service.database is not None
    rows = service.service.database.read(text("select state, subject, text, sent_by from deliveries order by id"))
    return [(row.state, row.subject, row.text, row.sent_by) for row in rows]


def test_an_answer_is_mailed_at_once_with_its_text(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-35, ACC-64: whole in plain text and in HTML, and a notice in the portal."""
    reader, other = office.member(), office.member("ola@example.no")
    event = office.answered(reader, text=SAID, subject="Ferie <2026>")
    assert ("notify.send_deliveries", ()) in service.started
    service.run_job("send_deliveries")
    (mail,) = smtp.messages
    assert mail.recipients == ("kari@example.no",)
    assert mail.message["subject"] == "Ny melding: Ferie <2026>"
    assert "Anna Berg har skrevet til deg i Kontor:" in mail.text
    assert SAID in mail.text.replace("\r\n", "\n")
    html = mail.message.get_body(("html",))
    assert html is not None
    assert "Feriepengene kommer den 20. &lt;juni&gt; &amp; i år.<br>.<br><br>Hilsen Anna</div>" in html.get_content()
    (notice,) = desk(service, reader).ListNotices(pb.ListNoticesRequest()).notices
    assert (notice.kind, notice.subject_id, notice.thread_id) == (pb.NOTICE_KIND_ANSWER, event.message_id, event.thread_id)
    assert notice.category == MESSAGES
    assert list(desk(service, other).ListNotices(pb.ListNoticesRequest()).notices) == []


def test_the_text_is_gone_as_soon_as_the_mail_has_left(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-64: it waits while the mail server is away, and goes with the mail."""
    office.answered(office.member(), text=SAID)
    smtp.stop()
    service.run_job("send_deliveries")
    assert kept(service) == [("due", "Ferie", SAID, "Anna Berg")]
    smtp.start()
    with clock.moved(timedelta(seconds=61)):
        service.run_job("send_deliveries")
    assert kept(service) == [("sent", None, None, None)]
    assert len(smtp.messages) == 1


def test_the_text_is_gone_too_where_no_mail_leaves(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-64: switched off, removed, or an address that does not exist."""
    off, removed, nowhere = (office.member(f"{name}@example.no") for name in ("off", "removed", "nowhere"))
    choose(service, off, {(MESSAGES, EMAIL): False})
    office.answered(off, removed, text=SAID)
    assert service.happened(MemberRemoved(membership_id=removed.membership_id, organisation_id=office.id, user_id=removed.user_id))
    service.run_job("send_deliveries")
    office.answered(nowhere, text=SAID)
    smtp.refusal = "550 5.1.1 no such user"
    service.run_job("send_deliveries")
    assert sorted(kept(service)) == [("dropped", None, None, None)] * 2 + [("failed", None, None, None)]
    assert smtp.messages == []


def test_an_answer_is_mailed_though_it_was_read_on_an_open_page(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ACC-64: the conversation may be on the screen when it comes."""
    reader = office.member()
    office.answered(reader, text=SAID)
    desk(service, reader).MarkRead(pb.MarkReadRequest())
    service.run_job("send_deliveries")
    assert kept(service) == [("sent", None, None, None)]
    assert len(smtp.messages) == 1


def test_an_answer_comes_once_however_often_the_event_does(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """P20: also after the text was dropped."""
    event = office.answered(office.member())
    for _ in range(2):
        service.run_job("send_deliveries")
        assert service.happened(event)
    assert len(smtp.messages) == 1
    assert deliveries(service) == [("sent", 1)]


def test_what_was_written_cannot_turn_the_mail_around(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """ASVS 1.2.1, 1.3.11: no header, no markup, no sender that is an advertisement, no turned writing."""
    hostile = "<script>alert(1)</script>\r\nBcc: all@example.no\x00\u202egro.live\nhttps://portal.example.no"
    office.answered(office.member(), text=hostile, subject="Ferie\r\nBcc: all@example.no", by="Vinn på www.example.com")
    service.run_job("send_deliveries")
    (mail,) = smtp.messages
    assert mail.recipients == ("kari@example.no",)
    assert (mail.message["bcc"], mail.message["subject"]) == (None, "Ny melding: Ferie Bcc: all@example.no")
    assert "Regnskapsbyrået ditt har skrevet til deg i Kontor:" in mail.text
    html = mail.message.get_body(("html",))
    assert html is not None
    for content in (mail.text, html.get_content()):
        assert "www.example.com" not in content
        assert "\u202e" not in content
        assert "\x00" not in content
    assert "<script" not in html.get_content()
