"""Finding documents: the list with its filters, pages, counts and details."""

from datetime import timedelta

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb

from chassis import clock
from chassis.caller import Caller
from chassis.errors import Invalid, NotFound
from chassis.testing import person
from services.documents import rules
from tests.documents import corpus
from tests.documents.endings import multiply
from tests.documents.portal import READ, Company, Portal, new_id


def found(portal: Portal, who: Caller, company: Company, **filters: object) -> list[str]:
    request = pb.ListDocumentsRequest(organisation_id=company.organisation_id, **filters)  # type: ignore[arg-type]
    return [document.name for document in portal.documents(who).ListDocuments(request).documents]


def test_the_list_shows_only_what_the_caller_may_see_newest_first(portal: Portal) -> None:
    """ACC-03, ACC-09, ACC-48, P10."""
    company, other = portal.company(), portal.company()
    bank, payroll = portal.folder(company, "Bank", SERVICE_AREA_ACCOUNTING), portal.folder(company, "Payroll")
    both, one = portal.member(company, bank, payroll), portal.member(company, payroll)
    consultant = portal.consultant(company, SERVICE_AREA_ACCOUNTING)
    elsewhere = portal.member(other, portal.folder(other))
    portal.publish(both, bank, "1.pdf")
    portal.publish(both, payroll, "2.pdf")
    portal.publish(both, bank, "3.pdf")
    assert found(portal, both, company) == ["3.pdf", "2.pdf", "1.pdf"]
    assert found(portal, one, company) == ["2.pdf"]
    assert found(portal, consultant, company) == ["3.pdf", "1.pdf"]
    for who in (portal.member(company), elsewhere, portal.manager(), company.administrator, person(*READ)):
        assert found(portal, who, company) == []


def test_removed_access_empties_the_list_at_once(portal: Portal) -> None:
    """ACC-80, P7."""
    company = portal.company()
    folder = portal.folder(company)
    member, consultant = portal.member(company, folder), portal.consultant(company, SERVICE_AREA_PAYROLL)
    document = portal.publish(member, folder)
    portal.allow(company, member)
    portal.assign(company, consultant, version=2)
    for who in (member, consultant):
        assert found(portal, who, company) == []
        with pytest.raises(NotFound):
            portal.get(who, document.document_id)
        with pytest.raises(NotFound):
            portal.download(who, document.document_id)


def test_filters_on_name_status_year_period_and_folder_combine(portal: Portal) -> None:
    """ACC-48."""
    company = portal.company()
    bank, payroll = portal.folder(company, "Bank"), portal.folder(company, "Payroll")
    member = portal.member(company, bank, payroll)
    portal.publish(member, bank, "Faktura 1.pdf", period=1, year=2025)
    portal.publish(member, bank, "Faktura 2.pdf", period=2, year=2026)
    portal.publish(member, payroll, "LØNN 2.pdf", period=2, year=2026)
    portal.publish(member, payroll, "lønn.txt", corpus.MARKER, period=3, year=2026)
    assert found(portal, member, company, name="lønn") == ["lønn.txt", "LØNN 2.pdf"]
    assert found(portal, member, company, name="AKTURA") == ["Faktura 2.pdf", "Faktura 1.pdf"]
    assert found(portal, member, company, statuses=[pb.STATUS_PUBLISHED], name="lønn") == ["LØNN 2.pdf"]
    assert found(portal, member, company, statuses=[pb.STATUS_QUARANTINE, pb.STATUS_SCANNING]) == ["lønn.txt"]
    assert found(portal, member, company, years=[2025]) == ["Faktura 1.pdf"]
    assert found(portal, member, company, years=[2026], periods=[2]) == ["LØNN 2.pdf", "Faktura 2.pdf"]
    assert found(portal, member, company, years=[2026], periods=[2, 3], folder_ids=[payroll], name="2") == ["LØNN 2.pdf"]
    assert found(portal, member, company, folder_ids=[bank], years=[2024]) == []
    assert found(portal, member, company, folder_ids=[new_id()]) == []


@pytest.mark.parametrize(
    ("part", "names"), [("%", ["100%.pdf"]), ("_", ["a_b.pdf"]), ("a_b", ["a_b.pdf"]), ("'", []), ("\\", []), ("%%", [])]
)
def test_signs_in_a_name_filter_mean_themselves(portal: Portal, part: str, names: list[str]) -> None:
    """ACC-48."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    for name in ("100%.pdf", "a_b.pdf", "axb.pdf"):
        portal.upload(member, folder, name)
    assert found(portal, member, company, name=part) == names


def test_pages_hold_every_document_once_also_when_one_arrives_in_between(portal: Portal) -> None:
    """ACC-48: a page starts after the last row of the one before."""
    company = portal.company()
    folder, other = portal.folder(company, "Bank"), portal.folder(company, "Payroll")
    member = portal.member(company, folder, other)
    for number in range(11):
        portal.upload(member, folder if number % 3 else other, f"{number}.pdf")
    seen: list[str] = []
    request = pb.ListDocumentsRequest(organisation_id=company.organisation_id, page_size=4)
    for _ in range(3):
        page = portal.documents(member).ListDocuments(request)
        seen += [document.name for document in page.documents]
        portal.upload(member, folder, f"later {len(seen)}.pdf")
        assert page.total == (0 if request.page_token else 11)
        request.page_token = page.next_page_token
    assert request.page_token == ""
    assert seen == [f"{number}.pdf" for number in reversed(range(11))]


@pytest.mark.parametrize(
    "token", ["x", "\u2026", "bm8=", "MjAyNi0wMS0wMSB4", "MjAyNi0wMS0wMSAwMTk5OTk5OS0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDA="]
)
def test_a_page_token_that_is_not_ours_is_refused(portal: Portal, token: str) -> None:
    """P10."""
    with pytest.raises(Invalid) as refused:
        portal.documents(person(*READ)).ListDocuments(pb.ListDocumentsRequest(organisation_id=new_id(), page_token=token))
    assert refused.value.reason == "bad_page_token"


def test_the_first_page_says_how_many_there_are_and_in_which_years(portal: Portal) -> None:
    """ACC-48, ACC-03: counts, too, know only what the caller sees."""
    company = portal.company()
    bank, payroll = portal.folder(company, "Bank"), portal.folder(company, "Payroll")
    both, one = portal.member(company, bank, payroll), portal.member(company, payroll)
    for year in (2024, 2026, 2026):
        portal.upload(both, bank, f"{new_id()}.pdf", year=year)
    portal.publish(both, payroll, year=2025)
    request = pb.ListDocumentsRequest(organisation_id=company.organisation_id)
    page = portal.documents(both).ListDocuments(request)
    assert (page.total, list(page.years)) == (4, [2026, 2025, 2024])
    page = portal.documents(one).ListDocuments(request)
    assert (page.total, list(page.years)) == (1, [2025])
    request.years.append(2026)
    page = portal.documents(both).ListDocuments(request)
    assert (page.total, list(page.years)) == (2, [2026, 2025, 2024])


def test_details_name_everything_the_guide_lists(portal: Portal) -> None:
    """ACC-50."""
    company = portal.company()
    folder = portal.folder(company, "Payslips", SERVICE_AREA_PAYROLL)
    member = portal.member(company, folder)
    seen = portal.publish(member, folder, "Lønn.docx", corpus.docx(), period=4, year=2026)
    assert seen.uploaded_by == "Ingrid Eksempeldal"
    assert seen.content_type == "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    assert (seen.folder_name, seen.service_area, seen.status, seen.version) == ("Payslips", SERVICE_AREA_PAYROLL, pb.STATUS_PUBLISHED, 1)
    assert (seen.period, seen.year, seen.name) == (4, 2026, "Lønn.docx")


def test_a_batch_leaves_out_what_the_caller_may_not_see(portal: Portal) -> None:
    """ACC-03, P10."""
    company = portal.company()
    bank, payroll = portal.folder(company, "Bank"), portal.folder(company, "Payroll")
    both, one = portal.member(company, bank, payroll), portal.member(company, payroll)
    first, second = portal.publish(both, bank), portal.publish(both, payroll)
    ids = [second.document_id, new_id(), first.document_id, second.document_id]
    shown = portal.documents(both).BatchGetDocuments(pb.BatchGetDocumentsRequest(document_ids=ids)).documents
    assert list(shown) == [second, first]
    shown = portal.documents(one).BatchGetDocuments(pb.BatchGetDocumentsRequest(document_ids=ids)).documents
    assert list(shown) == [second]


def test_clients_are_counted_for_those_who_see_them(portal: Portal) -> None:
    """ACC-03."""
    company, other = portal.company(), portal.company()
    folder, theirs = portal.folder(company), portal.folder(other)
    member, consultant = portal.member(company, folder), portal.consultant(company, SERVICE_AREA_PAYROLL)
    with clock.moved(timedelta(days=-8)):
        portal.publish(member, folder, "old.pdf")
    portal.publish(member, folder, "new.pdf")
    portal.publish(portal.member(other, theirs), theirs)
    portal.upload(member, folder, "waiting.pdf")
    request = pb.CountDocumentsRequest(organisation_ids=[company.organisation_id, other.organisation_id, new_id()])
    counts = portal.documents(consultant).CountDocuments(request).counts
    assert list(counts) == [pb.DocumentCount(organisation_id=company.organisation_id, documents=2, recent=1)]
    counts = portal.documents(member).CountDocuments(request).counts
    assert [(count.documents, count.recent) for count in counts] == [(3, 2)]


def test_counting_clients_stops_where_the_list_does(portal: Portal) -> None:
    """FNK-13: at a thousand, over all folders, and says so; nobody waits until a hundred thousand are counted."""
    company, small = portal.company(), portal.company()
    folders = [portal.folder(company, name) for name in ("Bank", "Payroll")]
    member, consultant = portal.member(company, *folders), portal.consultant(company, SERVICE_AREA_PAYROLL)
    for folder in folders:
        multiply(portal, portal.publish(member, folder).document_id, 700)
    with clock.moved(timedelta(days=-8)):
        multiply(portal, portal.publish(member, folders[0], "old.pdf").document_id, 700)
    portal.assign(small, consultant, SERVICE_AREA_PAYROLL)
    theirs = portal.folder(small)
    portal.publish(portal.member(small, theirs), theirs)
    request = pb.CountDocumentsRequest(organisation_ids=[company.organisation_id, small.organisation_id, small.organisation_id.upper()])
    counts = portal.documents(consultant).CountDocuments(request).counts
    assert {each.organisation_id: (each.documents, each.recent, each.at_least) for each in counts} == {
        company.organisation_id: (1000, 1000, True), small.organisation_id: (1, 1, False)
    }  # fmt: skip


def test_names_in_a_zip_are_unique_whatever_their_case() -> None:
    """ACC-54."""
    names = ["a.pdf", "A.pdf", "a.pdf", "a (2).pdf", "b", "b", ".x", ".x"]
    assert rules.unique_names(names) == ["a.pdf", "A (2).pdf", "a (3).pdf", "a (2) (2).pdf", "b", "b (2)", ".x", ".x (2)"]
