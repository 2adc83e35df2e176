"""What comes after: finding things again, the daily mail, and taking leave (steps 9 to 11)."""

import io
import zipfile

from playwright.sync_api import expect

from chassis import clock
from tests.journeys.pages import Documents, sign_out
from tests.journeys.post import OSLO, digests, is_digest
from tests.journeys.rest import Rest
from tests.journeys.sharing import ANSWER, STOPPED
from tests.journeys.story import Story
from tests.waiting import eventually

GONE = "You are not a member of any organisation now. If that is a mistake, ask your company's administrator to add you again."


def finds_things(story: Story) -> None:
    """Step 9. ACC-48: filters combine. ACC-54: several files in one zip, the same bytes."""
    portal, documents, today = story.me, Documents(story.me), clock.now().astimezone(OSLO)
    portal.choose("Documents")
    documents.shows(*story.sent, *STOPPED, ANSWER[0])
    documents.filter(name="a", year=str(today.year), period=portal.month(today.month), status=portal.say("Updated"))
    documents.shows("Avtale.pdf")
    portal.look("09-filtered")
    documents.filter(status=portal.say("Quarantine"))
    documents.shows("Faktura 417.txt")
    documents.filter(name="lønn")
    portal.told("Nothing matches")
    portal.link("Show all documents").click()
    # Not what the firm has answered: opened, it would be in no mail any more (BEY-10).
    wanted = {name: story.sent[name] for name in ("Lønn mai.xlsx", "Bokføring.se", "Avtale.pdf")}
    with zipfile.ZipFile(io.BytesIO(documents.fetch_together(*wanted))) as archive:
        assert {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()} == wanted


def is_reminded(story: Story) -> None:
    """Step 10. ACC-68, ACC-69, ACC-71: who switched it on gets one mail in their language, who did not gets none."""
    portal, stage, me, boss = story.me, story.stage, story.company.colleague, story.company.administrator
    portal.page.goto("/account/notices")
    switch = portal.page.get_by_role("checkbox", name=f"{portal.say('Documents')}: {portal.say('By e-mail')}")
    assert not switch.is_checked()
    switch.check()
    portal.button("Save notices").click()
    portal.told("Saved.")
    for _ in range(2):
        digests(stage)
    mails = eventually(lambda: [mail for mail in stage.letters(me) if is_digest(mail, language=me.language)])
    assert len(mails) == 1
    assert story.company.name in mails[0]
    assert not [mail for mail in stage.letters(boss) if is_digest(mail, language=boss.language)]


def is_removed(story: Story) -> None:
    """Step 11. ACC-28, ACC-81, ACC-82, ACC-83: an open page loses the company at once, documents stay; signed out on the server."""
    who, portal = story.company.colleague, story.boss
    story.me.choose("Documents")
    portal.choose("Administration")
    portal.page.get_by_role("link", name=story.my_name, exact=True).click()
    portal.link("Remove user from the organisation").click()
    portal.look("11-remove")
    portal.button("Remove %(name)s", portal.page.get_by_role("dialog"), name=who.first_name).click()
    expect(story.me.page.get_by_text(story.me.say(GONE))).to_be_visible(timeout=3_000)
    story.me.look("11-removed")
    portal.choose("Documents")
    expect(Documents(portal).row("Lønn mai.xlsx")).to_contain_text(story.my_name)
    held = portal.token
    sign_out(portal, story.company.administrator)
    assert portal.token == ""
    assert Rest(story.stage.product.url, held).get("/api/v1/profile").status == 401
