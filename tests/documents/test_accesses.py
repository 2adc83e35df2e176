"""Who fetched or looked at a document stands in the client's audit trail."""

from kontor.access.v1.access_pb2 import SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import previews_pb2, previews_pb2_grpc
from sqlalchemy import text

from chassis.caller import Caller
from tests.documents.portal import Company, Portal

LOOKS = text(
    "select caller, action, subject, facts from audit where organisation_id = :client"
    " and action in ('document.download', 'document.preview') order by number"
)


def looks(portal: Portal, company: Company) -> list[tuple[str, str, str]]:
    database = portal.under.service.database
    assert database
    return [(row.caller, row.action, row.subject) for row in database.read(LOOKS, {"client": company.organisation_id})]


def part(portal: Portal, who: Caller, document_id: str, offset: int) -> None:
    list(portal.documents(who).Download(pb.DownloadRequest(document_id=document_id, offset=offset, length=2)))


def test_the_client_sees_what_the_firm_fetched(portal: Portal) -> None:
    """BEY-09: a row for each download, also of several as a zip, with who and from which side."""
    company = portal.company()
    folder = portal.folder(company)
    first, second = (portal.publish(portal.member(company, folder), folder, name).document_id for name in ("a.pdf", "b.pdf"))
    consultant = portal.consultant(company, SERVICE_AREA_PAYROLL)
    portal.download(consultant, first)
    portal.download(consultant, first)
    list(portal.documents(consultant).DownloadZip(pb.DownloadZipRequest(document_ids=[first, second])))
    assert looks(portal, company) == [(consultant.label, "document.download", first)] * 3
    database = portal.under.service.database
    assert database
    *_, last = database.read(LOOKS, {"client": company.organisation_id})
    assert last.facts == {"documents": f"{first} {second}", "count": "2", "by": consultant.organisation_id}


def test_a_file_that_is_fetched_in_parts_is_one_row(portal: Portal) -> None:
    """BEY-09: nobody gets a part without a row either."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder).document_id
    consultant = portal.consultant(company, SERVICE_AREA_PAYROLL)
    for offset in (4, 2, 6):
        part(portal, consultant, document, offset)
    assert looks(portal, company) == [(consultant.label, "document.download", document)]
    part(portal, member, document, 2)
    assert looks(portal, company)[1:] == [(member.label, "document.download", document)]


def test_a_preview_is_one_row_however_many_of_its_pages_are_looked_at(portal: Portal) -> None:
    """BEY-09: also where a page is asked for without the preview."""
    company = portal.company()
    folder = portal.folder(company)
    document = portal.publish(portal.member(company, folder), folder, "a.txt", b"Payslips for May\n").document_id
    consultant, other = portal.consultant(company, SERVICE_AREA_PAYROLL), portal.consultant(company, SERVICE_AREA_PAYROLL)
    asked = previews_pb2.GetPreviewPageRequest(document_id=document, page=1)
    stub = previews_pb2_grpc.PreviewsStub(portal.under.channel(consultant))
    stub.GetPreview(previews_pb2.GetPreviewRequest(document_id=document))
    stub.GetPreviewPage(asked)
    previews_pb2_grpc.PreviewsStub(portal.under.channel(other)).GetPreviewPage(asked)
    assert looks(portal, company) == [(who.label, "document.preview", document) for who in (consultant, other)]
