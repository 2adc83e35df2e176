"""How files are shared: uploaded, replaced, stopped, and read by the right people at the firm (steps 5 to 8)."""

from playwright.sync_api import expect

from demo import files, people
from tests.journeys.pages import Documents, Upload
from tests.journeys.story import PAYSLIPS, Story

NOTE = "Here are the papers for the payroll."
MESSAGE = "Message about the files (optional)"
STOPPED = {
    "Faktura 417.txt": (files.test_virus(), "Quarantine"),
    "Kvitteringer.zip": (files.zipped(("Faktura 417.txt", files.test_virus())), "Quarantine"),
    "Hemmelig.zip": (files.locked_zip(), "Cannot be checked"),
}
ANSWER = ("Lønnsslipper.pdf", files.pdf("Lønnsslipper", ["12 ansatte"]))


def uploads(story: Story) -> None:
    """Step 5. ACC-33, ACC-34, ACC-37, ACC-38, ACC-39, ACC-59, ACC-67: a bar for each file, none before one confirms; the right hears."""
    portal, upload = story.me, Upload(story.me)
    for consultant in (story.payroll, story.hr):
        consultant.unread(0)
        consultant.stays()
    story.sent = {
        "Lønn mai.xlsx": files.payroll("mai"), "Kvittering.png": files.receipt("Prøve Kaffe", "312,50"),
        "Avtale.pdf": files.pdf("Avtale", ["Fast stilling"]), "Bokføring.se": files.sie("Provlunda Trädgård AB", "5500000004", 2026),
    }  # fmt: skip
    upload.is_for_this_month()
    upload.choose(story.sent)
    portal.field(MESSAGE).fill(NOTE)
    portal.stays()
    assert story.listed() == [], "nothing is sent before it is confirmed"
    upload.confirm_and_watch(list(story.sent))
    for name in story.sent:
        upload.becomes(name, "Published")
    upload.was_being_checked(list(story.sent))
    expect(portal.field(MESSAGE)).to_have_value("")
    portal.stayed()
    portal.look("05-uploaded")
    story.payroll.unread(len(story.sent) + 1)  # and the message about them
    story.payroll.stayed()


def sends_a_file_again(story: Story) -> None:
    """Step 6. ACC-40: keep or replace, nothing by itself. ACC-42: Updated, version 2."""
    portal, upload, name = story.me, Upload(story.me), "Avtale.pdf"
    better = files.pdf("Avtale", ["Fast stilling", "Fra 1. juni"])
    upload.choose_again({name: better})
    upload.confirm()
    expect(upload.question(name)).to_be_visible()
    portal.look("06-question")
    portal.button("Keep the old one", upload.question(name)).click()
    upload.becomes(name, "Kept as it was")
    assert [each["version"] for each in story.listed() if each["name"] == name] == [1]
    upload.choose_again({name: better})
    upload.confirm()
    portal.button("Replace it, as version %(version)s", upload.question(name), version=2).click()
    upload.becomes(name, "Updated")
    story.sent[name] = better
    panel = story.my_details(name)
    expect(panel.get_by_role("definition").get_by_text("2", exact=True)).to_be_visible()
    assert Documents(portal).fetch(panel) == better


def sends_what_is_stopped(story: Story) -> None:
    """Step 7. ACC-57, ACC-58, ACC-59, BEY-03: a row for the sender, with advice; the content for nobody, nothing at all for the firm."""
    portal = story.me
    portal.page.goto("/documents/upload")
    upload = Upload(portal)
    upload.choose({name: content for name, (content, _) in STOPPED.items()})
    upload.confirm()
    for name, (_, status) in STOPPED.items():
        upload.becomes(name, status)
    advice = portal.say("The file has a password, so we cannot see what it holds. Upload it again without a password.")
    expect(upload.row("Hemmelig.zip")).to_contain_text(advice)
    portal.look("07-stopped")
    expect(portal.link("Download", story.my_details("Faktura 417.txt"))).to_have_count(0)
    stopped = [each["document_id"] for each in story.listed() if each["name"] in STOPPED]
    assert [portal.page.request.get(f"/documents/{each}/file").status for each in stopped] == [409, 409, 409]
    assert [story.payroll.page.request.get(f"/documents/{each}/file").status for each in stopped] == [404, 404, 404]


def is_heard(story: Story) -> None:
    """Step 8. ACC-67, BEY-10: notices. ACC-49, ACC-50: list and details. ACC-11: nothing of it for HR. ACC-55: the firm answers."""
    portal, documents = story.payroll, Documents(story.payroll)
    portal.stayed()
    portal.unread(len(story.sent) + 2)  # the message, and the file that came twice
    portal.bell().click()
    portal.link("All notices").first.click()
    portal.look("08-notices")
    portal.page.get_by_role("button", name=portal.say("%(name)s is published", name="Kvittering.png")).click()
    panel = documents.details("Kvittering.png")
    portal.look("08-details")
    for fact in (story.my_name, "image/png", PAYSLIPS, portal.say("Payroll"), portal.say("Published")):
        expect(panel.get_by_role("definition").get_by_text(fact, exact=True)).to_be_visible()
    story.at_the_firm(portal).shows(*story.sent)
    for name, content in story.sent.items():
        assert documents.fetch(documents.open(name)) == content
        documents.close()
    portal.unread(1)  # the message: what was opened is no news any more
    story.hr.unread(0)
    story.hr.stayed()
    story.at_the_firm(story.hr)
    story.hr.told("No documents yet")
    _the_firm_answers(story)


def _the_firm_answers(story: Story) -> None:
    portal = story.payroll
    story.me.page.goto("/documents")
    story.me.stays()
    story.at_the_firm(portal)
    portal.link("Upload").first.click()
    upload = Upload(portal)
    upload.choose(dict([ANSWER]))
    upload.confirm()
    upload.becomes(ANSWER[0], "Published")
    expect(Documents(story.me).row(ANSWER[0])).to_contain_text(people.FIRM_NAME)
    story.me.stayed()
