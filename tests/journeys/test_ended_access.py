"""With every service in a process of its own, the end of access travels over the broker: within a second each service refuses by itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.identity.v1 import identity_pb2
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc

from chassis import caller
from chassis.caller import Caller
from chassis.errors import Failure
from demo import data, files
from demo.people import Person
from tests.journeys.rest import Rest
from tests.journeys.stage import APART, Company, Stage
from tests.scenario import FIRM
from tests.waiting import eventually
from tests.whole.test_revocation import Reader, until_refused

PAYROLL, TIMES = 2, 5
Asked = Callable[[], object]


@dataclass
class Directly(Reader):
    """Asks the services themselves with the assertions held from before, as a frontend of one's own could; nothing is resolved anew."""

    holder: Caller = field(default_factory=Caller)
    assertions: dict[str, str] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)

    def is_given_all(self) -> bool:
        """Whether everything is there to be read."""
        withheld = [address for address in self.addresses if not self._given(address)]
        assert withheld == []
        return True

    def _given(self, address: str) -> bool:
        with caller.acting(self.holder, self.assertions):
            try:
                return bool(self.asked[address]())
            except Failure:
                return False


@pytest.mark.parametrize("stage", [APART], indirect=True)
def test_each_service_refuses_by_itself_within_a_second(stage: Stage) -> None:
    """P7, P11, BEY-07, ACC-11, ACC-79, ACC-82: a folder tick and an assignment five times each, at last the member."""
    company = stage.company("endingapart", language="nb")
    colleague, membership, consultant = company.colleague, *_work_there(stage, company)
    boss, firm = (Rest(stage.product.url, stage.world.token(each)) for each in (company.administrator, FIRM))
    ticks, areas = f"/api/v1/members/{membership}/folder-access", f"/api/v1/clients/{company.id}/consultants/{consultant}"
    for _ in range(TIMES):
        reader = _reader(stage, colleague, company, "document", "bytes")
        until_refused(reader, lambda: boss.put(ticks, folder_ids=[]).ok())
        boss.put(ticks, folder_ids=[company.folders[PAYROLL]]).ok()
    for _ in range(TIMES):
        reader = _reader(stage, company.payroll, company, "document", "bytes", "thread")
        until_refused(reader, lambda: firm.put(areas, service_areas=[]).ok())
        firm.put(areas, service_areas=["SERVICE_AREA_PAYROLL"]).ok()
    with stage.world.acting(company.administrator):  # notices went with the ticks
        data.upload(stage.world, company.id, files.File("Juni.csv", files.csv(), "payroll"))
    reader = _reader(stage, colleague, company, "document", "bytes", "thread", "notices")
    until_refused(reader, lambda: boss.delete(f"/api/v1/members/{membership}").ok())


def _work_there(stage: Stage, company: Company) -> tuple[str, str]:
    """The colleague comes in and has a document, a conversation and a notice; answers the memberships of colleague and consultant."""
    world = stage.world
    with world.acting(company.administrator):
        colleague = data.add_member(world, company.colleague, identity_pb2.ROLE_WRITE)
    world.activate(company.colleague)
    with world.acting(company.administrator):
        data.grant(world, colleague, ("payroll",))
        data.upload(world, company.id, files.File("Mai.csv", files.csv(), "payroll"))
    data.write(world, company.id, company.colleague)
    with world.acting(company.payroll) as held:
        return colleague, str(held.current.membership_id)


def _reader(stage: Stage, person: Person, company: Company, *names: str) -> Directly:
    """Ready to read once all of it is there: what was given back travels over the broker, too."""
    with stage.world.acting(person) as held:
        holder, assertions = Caller(user_id=held.profile.user_id), dict(held.assertions)
        asked = _questions(stage, company.id)
    made = Directly(Rest(stage.product.url), names, holder=holder, assertions=assertions, asked=asked)
    eventually(made.is_given_all, seconds=60)
    return made


def _questions(stage: Stage, client: str) -> dict[str, Asked]:
    """What is asked, by its name; each answers something, or nothing, or raises."""
    documents = documents_pb2_grpc.DocumentsStub(stage.world.channel("documents"))
    threads = messaging_pb2_grpc.ThreadsStub(stage.world.channel("messaging"))
    notices = notify_pb2_grpc.NoticesStub(stage.world.channel("notify"))
    listed = documents_pb2.ListDocumentsRequest(organisation_id=client)
    document = eventually(lambda: documents.ListDocuments(listed).documents, seconds=60, retry_on=(Failure,))[0].document_id
    thread = eventually(lambda: threads.ListThreads(messaging_pb2.ListThreadsRequest()).threads, seconds=60)[0].thread_id
    return {
        "document": lambda: documents.GetDocument(documents_pb2.GetDocumentRequest(document_id=document)),
        "bytes": lambda: next(documents.Download(documents_pb2.DownloadRequest(document_id=document))),
        "thread": lambda: threads.GetThread(messaging_pb2.GetThreadRequest(thread_id=thread)).thread_id,
        "notices": lambda: notices.ListNotices(notify_pb2.ListNoticesRequest()).notices,
    }
