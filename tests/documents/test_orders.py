"""The list in other orders, narrowed by side and service area, and how many each choice of a filter would find."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_HR, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb

from chassis.caller import Caller
from chassis.errors import Invalid
from tests.documents import corpus
from tests.documents.portal import Company, Portal, new_id, new_pdf

Document = pb.Document


def stamp(document: Document) -> tuple[int, int]:
    return document.uploaded_at.seconds, document.uploaded_at.nanos


KEYS: dict[pb.Sort.ValueType, tuple[Callable[[Document], Any], bool]] = {
    pb.SORT_UNSPECIFIED: (lambda each: (stamp(each), each.document_id), True),
    pb.SORT_NEWEST: (lambda each: (stamp(each), each.document_id), True),
    pb.SORT_OLDEST: (lambda each: (stamp(each), each.document_id), False),
    pb.SORT_NAME: (lambda each: (each.name.lower(), each.document_id), False),
    pb.SORT_NAME_REVERSED: (lambda each: (each.name.lower(), each.document_id), True),
    pb.SORT_LARGEST: (lambda each: (each.size, each.document_id), True),
    pb.SORT_SMALLEST: (lambda each: (each.size, each.document_id), False),
    pb.SORT_PERIOD: (lambda each: (each.year, each.period, each.document_id), True),
}


def filled(portal: Portal) -> tuple[Company, Caller, list[Document]]:
    """A client with three folders and documents that differ and agree in everything they can be sorted by."""
    company = portal.company()
    folders = [portal.folder(company, name) for name in ("beta", "Alpha", "gamma")]
    member = portal.member(company, *folders)
    for number in range(14):
        name, content = f"{'bacB'[number % 4]}{number % 5}.pdf", new_pdf() + bytes(100 * (number % 3))
        portal.upload(member, folders[number % 3], name, content, period=1 + number % 4, year=2025 + number % 2)
    return company, member, portal.listed(member, company)


def paged(portal: Portal, who: Caller, company: Company, sort: pb.Sort.ValueType, **filters: Any) -> list[str]:
    """All pages of a list, four rows each."""
    request = pb.ListDocumentsRequest(organisation_id=company.organisation_id, sort=sort, page_size=4, **filters)
    found: list[str] = []
    while True:
        page = portal.documents(who).ListDocuments(request)
        found += [each.document_id for each in page.documents]
        if not page.next_page_token:
            return found
        assert len(page.documents) == 4
        request.page_token = page.next_page_token


def test_every_order_comes_in_pages_that_hold_each_document_once(portal: Portal) -> None:
    """ACC-48, ACC-49."""
    company, member, documents = filled(portal)
    assert len(documents) == 14
    for sort, (key, down) in KEYS.items():
        expected = [each.document_id for each in sorted(documents, key=key, reverse=down)]
        assert paged(portal, member, company, sort) == expected, pb.Sort.Name(sort)
        odd = [each.document_id for each in sorted(documents, key=key, reverse=down) if each.period in (1, 3)]
        assert paged(portal, member, company, sort, periods=[1, 3]) == odd, pb.Sort.Name(sort)


def test_folders_come_by_name_and_in_each_the_newest_first(portal: Portal) -> None:
    """ACC-48, ACC-49."""
    company, member, documents = filled(portal)
    newest = sorted(documents, key=lambda each: (stamp(each), each.document_id), reverse=True)
    expected = [each.document_id for each in sorted(newest, key=lambda each: each.folder_name.lower())]
    assert paged(portal, member, company, pb.SORT_FOLDER) == expected
    odd = [each.document_id for each in sorted(newest, key=lambda each: each.folder_name.lower()) if each.year == 2025]
    assert paged(portal, member, company, pb.SORT_FOLDER, years=[2025]) == odd


def test_a_page_token_is_good_for_its_order_only(portal: Portal) -> None:
    """P10."""
    company, member, _ = filled(portal)
    tokens = set()
    for sort in KEYS:
        request = pb.ListDocumentsRequest(organisation_id=company.organisation_id, sort=sort, page_size=1)
        request.page_token = portal.documents(member).ListDocuments(request).next_page_token
        tokens.add(request.page_token)
        request.sort = pb.SORT_FOLDER
        with pytest.raises(Invalid) as refused:
            portal.documents(member).ListDocuments(request)
        assert refused.value.reason == "bad_page_token"
    assert len(tokens) == len(KEYS) - 1


def test_the_list_is_narrowed_to_a_side_or_to_service_areas(portal: Portal) -> None:
    """ACC-48, ACC-55."""
    company = portal.company()
    bank, payroll = portal.folder(company, "Bank", SERVICE_AREA_ACCOUNTING), portal.folder(company, "Payroll", SERVICE_AREA_PAYROLL)
    member = portal.member(company, bank, payroll)
    consultant = portal.consultant(company, SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL)
    ours, theirs = portal.publish(member, bank, "1.pdf"), portal.publish(consultant, bank, "2.pdf")
    third = portal.publish(member, payroll, "3.pdf")
    for who in (member, consultant):
        for filters, expected in (
            ({"uploaded_by": pb.SIDE_FIRM}, [theirs]),
            ({"uploaded_by": pb.SIDE_CLIENT}, [third, ours]),
            ({"service_areas": [SERVICE_AREA_ACCOUNTING]}, [theirs, ours]),
            ({"service_areas": [SERVICE_AREA_PAYROLL, SERVICE_AREA_HR]}, [third]),
            ({"service_areas": [SERVICE_AREA_ACCOUNTING], "uploaded_by": pb.SIDE_CLIENT}, [ours]),
        ):
            request = pb.ListDocumentsRequest(organisation_id=company.organisation_id, **filters)
            page = portal.documents(who).ListDocuments(request)
            assert [each.document_id for each in page.documents] == [each.document_id for each in expected]
            assert page.total == len(expected)


def counted(counts: pb.FilterCounts) -> dict[str, dict[Any, int]]:
    return {
        "statuses": {each.status: each.documents for each in counts.statuses},
        "years": {each.number: each.documents for each in counts.years},
        "periods": {each.number: each.documents for each in counts.periods},
        "folder_ids": {each.folder_id: each.documents for each in counts.folders},
    }


FIELDS: dict[str, Callable[[Document], Any]] = {
    "statuses": lambda each: each.status, "years": lambda each: each.year, "periods": lambda each: each.period,
    "folder_ids": lambda each: each.folder_id,
}  # fmt: skip


def test_each_choice_of_a_filter_says_how_many_it_would_find_with_the_others_as_they_are(portal: Portal) -> None:
    """ACC-48."""
    company, member, documents = filled(portal)
    portal.publish(member, documents[0].folder_id, "notes.txt", corpus.MARKER)
    documents = portal.listed(member, company)
    for filters in (
        {}, {"years": [2025]}, {"years": [2025, 2026], "periods": [1, 3]}, {"folder_ids": [documents[0].folder_id], "periods": [2]},
        {"statuses": [pb.STATUS_QUARANTINE]},
    ):  # fmt: skip
        request = pb.ListDocumentsRequest(organisation_id=company.organisation_id, with_counts=True, **filters)
        page = portal.documents(member).ListDocuments(request)
        for name, field in FIELDS.items():
            others = {other: values for other, values in filters.items() if other != name}
            matching = [each for each in documents if all(FIELDS[other](each) in values for other, values in others.items())]  # type: ignore[operator]
            assert counted(page.counts)[name] == dict(Counter(map(field, matching))), (filters, name)
        assert not page.counts.at_least


def test_counts_know_only_what_the_caller_sees(portal: Portal) -> None:
    """ACC-03, ACC-58."""
    company = portal.company()
    bank, payroll = portal.folder(company, "Bank", SERVICE_AREA_ACCOUNTING), portal.folder(company, "Payroll", SERVICE_AREA_PAYROLL)
    both, one = portal.member(company, bank, payroll), portal.member(company, payroll)
    consultant = portal.consultant(company, SERVICE_AREA_PAYROLL)
    portal.publish(both, bank, year=2024)
    portal.publish(both, payroll, year=2025)
    portal.publish(both, payroll, "notes.txt", corpus.MARKER)
    request = pb.ListDocumentsRequest(organisation_id=company.organisation_id, with_counts=True)
    seen = {who.membership_id: counted(portal.documents(who).ListDocuments(request).counts) for who in (both, one, consultant)}
    assert seen[both.membership_id]["years"] == {2024: 1, 2025: 1, 2026: 1}
    assert seen[one.membership_id]["folder_ids"] == {payroll: 2}
    assert seen[consultant.membership_id]["years"] == {2025: 1}
    assert counted(portal.documents(portal.manager()).ListDocuments(request).counts) == {name: {} for name in FIELDS}


def test_counts_stand_on_the_first_page_and_only_if_asked_for(portal: Portal) -> None:
    """ACC-48."""
    company, member, _ = filled(portal)
    request = pb.ListDocumentsRequest(organisation_id=company.organisation_id, page_size=5)
    assert not portal.documents(member).ListDocuments(request).HasField("counts")
    request.with_counts = True
    page = portal.documents(member).ListDocuments(request)
    assert page.HasField("counts")
    request.page_token = page.next_page_token
    assert not portal.documents(member).ListDocuments(request).HasField("counts")


def test_a_name_narrows_the_counts_too(portal: Portal) -> None:
    """ACC-48."""
    company, member, documents = filled(portal)
    request = pb.ListDocumentsRequest(organisation_id=company.organisation_id, with_counts=True, name="B1")
    counts = portal.documents(member).ListDocuments(request).counts
    assert sum(each.documents for each in counts.folders) == len([each for each in documents if "b1" in each.name.lower()]) > 0
    request.name = new_id()
    assert portal.documents(member).ListDocuments(request).counts == pb.FilterCounts()
