"""A firm, its clients and the documents service between them: what a test needs to say who does what."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import uuid_utils.compat as uuid
from grpc import ServicerContext
from kontor.access.v1.access_pb2 import (
    PERMISSION_CHANGE_READ,
    PERMISSION_DOCUMENT_READ,
    PERMISSION_DOCUMENT_WRITE,
    PERMISSION_FOLDER_GRANT,
    PERMISSION_FOLDER_MANAGE,
    SERVICE_AREA_PAYROLL,
    ServiceArea,
)
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import documents_pb2_grpc as rpcs
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from kontor.identity.v1.events_pb2 import OrganisationCreated
from kontor.linking.v1.events_pb2 import ConsultantAssigned, LinkCreated

from chassis.caller import Caller
from chassis.errors import Conflict, NotFound
from chassis.testing import ServiceUnderTest, person

READ = (PERMISSION_DOCUMENT_READ, PERMISSION_CHANGE_READ)
WRITE = PERMISSION_DOCUMENT_WRITE
PIECE = 256 * 1024


def new_id() -> str:
    return str(uuid.uuid7())


class Organisations(identity_pb2_grpc.OrganisationsServicer):
    """Identity, as far as documents asks it: who is a member of what."""

    def __init__(self) -> None:
        self.members: dict[str, str] = {}

    def GetMember(self, request: identity_pb2.GetMemberRequest, _: ServicerContext) -> identity_pb2.Member:
        if request.membership_id not in self.members:
            raise NotFound("member_not_found", "There is no such member.")
        return identity_pb2.Member(membership_id=request.membership_id, organisation_id=self.members[request.membership_id])


@dataclass(frozen=True)
class Company:
    """A client of a firm, and its administrator."""

    organisation_id: str
    firm_id: str
    administrator: Caller


@dataclass
class Portal:
    """The service under test, asked through its stubs."""

    under: ServiceUnderTest
    identity: Organisations
    firm_id: str = field(default_factory=new_id)

    def folders(self, who: Caller) -> rpcs.FoldersStub:
        return rpcs.FoldersStub(self.under.channel(who))

    def documents(self, who: Caller) -> rpcs.DocumentsStub:
        return rpcs.DocumentsStub(self.under.channel(who))

    def changes(self, who: Caller) -> rpcs.ChangesStub:
        return rpcs.ChangesStub(self.under.channel(who))

    def company(self) -> Company:
        """A new client of the firm."""
        organisation_id = new_id()
        made = OrganisationCreated(
            organisation_id=organisation_id, kind=identity_pb2.ORGANISATION_KIND_CLIENT, name="Testdal Bakeri AS", time_zone="Europe/Oslo"
        )
        assert self.under.happened(made)
        assert self.under.happened(LinkCreated(link_id=new_id(), firm_id=self.firm_id, organisation_id=organisation_id))
        administrator = person(*READ, WRITE, PERMISSION_FOLDER_GRANT, organisation_id=organisation_id, name="Astrid Eksempeldal")
        self.identity.members[administrator.membership_id] = organisation_id
        return Company(organisation_id, self.firm_id, administrator)

    def manager(self) -> Caller:
        """An administrator of the firm."""
        return person(
            *READ, PERMISSION_FOLDER_MANAGE, organisation_id=self.firm_id, organisation_kind="firm", organisation_name="Kontor Testregnskap"
        )

    def manager_who_writes(self) -> Caller:
        """An administrator of the firm who is nobody's consultant."""
        return replace(self.manager(), permissions=(*READ, WRITE))

    def consultant(self, company: Company, *areas: ServiceArea.ValueType) -> Caller:
        """Somebody of the firm who works for the company in these areas."""
        who = person(
            *READ,
            WRITE,
            organisation_id=self.firm_id,
            organisation_kind="firm",
            organisation_name="Kontor Testregnskap",
            name="Karl Konsulent",
        )
        self.assign(company, who, *areas)
        return who

    def assign(self, company: Company, who: Caller, *areas: ServiceArea.ValueType, version: int = 1) -> None:
        event = ConsultantAssigned(
            firm_id=self.firm_id, organisation_id=company.organisation_id, membership_id=who.membership_id, service_areas=areas
        )
        assert self.under.happened(event, version=version)

    def member(self, company: Company, *folder_ids: str, may_write: bool = True) -> Caller:
        """Somebody of the company who may use these folders."""
        who = person(*READ, *([WRITE] if may_write else []), organisation_id=company.organisation_id, name="Ingrid Eksempeldal")
        self.identity.members[who.membership_id] = company.organisation_id
        if folder_ids:
            self.allow(company, who, *folder_ids)
        return who

    def allow(self, company: Company, who: Caller, *folder_ids: str) -> pb.FolderAccess:
        """Save the ticks of a member, as the company's administrator."""
        request = pb.SetFolderAccessRequest(membership_id=who.membership_id, folder_ids=folder_ids)
        return self.folders(company.administrator).SetFolderAccess(request)

    def folder(self, company: Company, name: str = "Payslips", area: ServiceArea.ValueType = SERVICE_AREA_PAYROLL) -> str:
        """A new folder of the company, made by the firm."""
        request = pb.CreateFolderRequest(organisation_id=company.organisation_id, name=name, service_area=area)
        return str(self.folders(self.manager()).CreateFolder(request).folder_id)

    def upload(
        self,
        who: Caller,
        folder_id: str,
        name: str = "may.pdf",
        content: bytes = b"",
        *,
        period: int = 5,
        year: int = 2026,
        overwrite: bool = False,
    ) -> pb.Document:
        """Upload a file; without content a small PDF that nobody else has."""
        start = pb.UploadStart(folder_id=folder_id, name=name, period=period, year=year, replace=overwrite)
        return self.send(who, start, [content or new_pdf()])

    def send(self, who: Caller, start: pb.UploadStart, chunks: Iterable[bytes]) -> pb.Document:
        """Upload in these pieces."""

        def requests() -> Iterator[pb.UploadRequest]:
            yield pb.UploadRequest(start=start)
            for chunk in chunks:
                for place in range(0, len(chunk), PIECE):
                    yield pb.UploadRequest(chunk=chunk[place : place + PIECE])

        return self.documents(who).Upload(requests())

    def publish(
        self, who: Caller, folder_id: str, name: str = "may.pdf", content: bytes = b"", *, period: int = 5, year: int = 2026
    ) -> pb.Document:
        """Upload a file and have it scanned; the document as it is then."""
        uploaded = self.upload(who, folder_id, name, content, period=period, year=year)
        self.scan()
        return self.get(who, uploaded.document_id)

    def scan(self) -> None:
        """What happens by itself after an upload."""
        self.under.relay()
        self.under.run_job("scan_waiting")

    def get(self, who: Caller, document_id: str) -> pb.Document:
        return self.documents(who).GetDocument(pb.GetDocumentRequest(document_id=document_id))

    def listed(self, who: Caller, company: Company) -> list[pb.Document]:
        """The first page of what somebody sees of a company."""
        return list(self.documents(who).ListDocuments(pb.ListDocumentsRequest(organisation_id=company.organisation_id)).documents)

    def download(self, who: Caller, document_id: str) -> bytes:
        parts = self.documents(who).Download(pb.DownloadRequest(document_id=document_id))
        return b"".join(part.chunk for part in parts)

    def refusal(self, who: Caller, document_id: str) -> str:
        """Why somebody may not read a document, alone or in a zip."""
        with pytest.raises((Conflict, NotFound)) as refused:
            self.download(who, document_id)
        with pytest.raises((Conflict, NotFound)):
            list(self.documents(who).DownloadZip(pb.DownloadZipRequest(document_ids=[document_id])))
        return refused.value.reason


def new_pdf() -> bytes:
    return b"%PDF-1.7\n%" + new_id().encode() + b"\n%%EOF\n"


def stored_files(path: Path) -> list[Path]:
    """What lies in the store of a test, also what is only being received."""
    return [each for each in (path / "files").rglob("*") if each.is_file()]
