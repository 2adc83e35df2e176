"""The hour of the digest is the person's own, and its preview is the very mail that leaves then (BEY-10)."""

import re
from datetime import UTC, datetime

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_HR
from kontor.notify.v1 import notify_pb2 as pb
from sqlalchemy import text

from chassis.caller import Caller
from chassis.errors import Invalid
from chassis.testing import ServiceUnderTest
from tests.notify.post import DOCUMENTS, EMAIL, Office, at, choose, desk, digests, new_id, switch, without_token
from tests.servers.smtp import MailServer


def previewed(service: ServiceUnderTest, who: Caller) -> pb.PreviewDigestResponse:
    return desk(service, who).PreviewDigest(pb.PreviewDigestRequest())


def unlinked(mail: str) -> str:
    """What differs by necessity: only a mail that has been sent has a link to get no more of them."""
    linked = re.sub(r' · <a href="[^"]+/unsubscribe/[^<]+</a>', "", without_token(mail).replace("\r\n", "\n"))
    return "\n".join(line for line in linked.strip().splitlines() if "/unsubscribe/" not in line)


def test_the_preview_is_what_is_mailed(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """BEY-10: over all organisations, word for word."""
    here = office.member(language="sv")
    yard = Office(service, "Exempelvarvet AB")
    there = yard.member(user_id=here.user_id, language="sv")
    with at(2026, 5, 11, 12):
        for who in (here, there):
            switch(service, who, digest=True)
        office.published(here)
        office.published(here, area=SERVICE_AREA_HR)
        yard.published(there)
        preview = previewed(service, there)
    assert preview.leaves_at.ToDatetime(UTC) == datetime(2026, 5, 12, 5, tzinfo=UTC)
    assert (preview.switched_on, preview.time_zone) == (True, "Europe/Oslo")
    with at(2026, 5, 12, 5, 1):
        digests(service)
    (mail,) = smtp.messages
    html = mail.message.get_body(("html",))
    assert html is not None
    assert mail.message["subject"] == preview.subject == "3 nya filer i Kontor"
    assert unlinked(mail.text) == unlinked(preview.text)
    assert unlinked(html.get_content()) == unlinked(preview.html)


def test_looking_changes_nothing_and_makes_no_link(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """BEY-01."""
    reader = office.member()
    with at(2026, 5, 11, 12):
        switch(service, reader, digest=True)
        office.published(reader)
        first, second = previewed(service, reader), previewed(service, reader)
    assert first == second
    assert "/unsubscribe/" not in first.text + first.html
    assert service.service.database is not None
    assert service.service.database.read(text("select 1 from unsubscribe_links union all select 1 from deliveries")) == []
    with at(2026, 5, 12, 6):
        digests(service)
    assert len(smtp.messages) == 1


def test_the_preview_says_whether_it_is_switched_on_and_is_empty_when_there_is_nothing(service: ServiceUnderTest, office: Office) -> None:
    """ACC-68: only organisations in which it is on are in it."""
    reader = office.member()
    elsewhere = Office(service, "Exempelvarvet AB").member(user_id=reader.user_id)
    office.published(reader)
    off = previewed(service, reader)
    assert (off.switched_on, off.subject) == (False, "")
    switch(service, elsewhere, digest=True)
    on_elsewhere = previewed(service, reader)
    assert (on_elsewhere.switched_on, on_elsewhere.subject) == (True, "")
    switch(service, reader, digest=True)
    assert previewed(service, elsewhere).subject == "1 ny fil i Kontor"


def test_the_hour_is_the_persons_own_in_all_organisations(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """BEY-10: others keep theirs."""
    evening, morning = office.member("evening@example.no"), office.member("morning@example.no")
    elsewhere = Office(service, "Exempelvarvet AB").member("evening@example.no", user_id=evening.user_id)
    with at(2026, 5, 11, 21):
        choose(service, evening, {(DOCUMENTS, EMAIL): True}, hour=18)
        switch(service, morning, digest=True)
        office.published(evening, morning)
    assert desk(service, elsewhere).GetNoticeSettings(pb.GetNoticeSettingsRequest()).digest_hour == 18
    told = {}
    for hour in (4, 5, 15, 16):
        with at(2026, 5, 12, hour):
            digests(service)
            told[hour] = [mail.recipients[0] for mail in smtp.messages]
    assert told == {4: [], 5: ["morning@example.no"], 15: ["morning@example.no"], 16: ["morning@example.no", "evening@example.no"]}


def test_an_hour_changed_during_the_day_brings_no_second_digest(service: ServiceUnderTest, office: Office, smtp: MailServer) -> None:
    """BEY-10: one a person and local date, whatever the hour was when."""
    reader = office.member()
    with at(2026, 5, 11, 12):
        switch(service, reader, digest=True)
        office.published(reader)
    with at(2026, 5, 12, 6):
        digests(service)
        office.published(reader)
        choose(service, reader, {}, hour=20)
    with at(2026, 5, 12, 19):
        digests(service)
    assert len(smtp.messages) == 1
    with at(2026, 5, 13, 19):
        digests(service)
    assert len(smtp.messages) == 2


@pytest.mark.parametrize("hour", [-1, 24])
def test_an_hour_that_no_day_has_is_refused(service: ServiceUnderTest, office: Office, hour: int) -> None:
    with pytest.raises(Invalid):
        choose(service, office.member(), {}, hour=hour)


def test_somebody_not_known_yet_can_choose_already(service: ServiceUnderTest, office: Office) -> None:
    """The address book learns from events, which may come late."""
    early = office.someone(user_id=new_id())
    assert choose(service, early, {(DOCUMENTS, EMAIL): True}, hour=9).digest_hour == 9
    assert previewed(service, early).subject == ""
    office.add(early)
    answered = desk(service, early).GetNoticeSettings(pb.GetNoticeSettingsRequest())
    assert (answered.digest_hour, answered.time_zone) == (9, "Europe/Oslo")
    office.published(early)
    assert previewed(service, early).subject == "1 ny fil i Kontor"
