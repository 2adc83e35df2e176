"""Who knocks at every door: nobody, a stranger, a colleague without the folder, a reader, administrators, consultants."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace

from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.identity.v1 import identity_pb2

from demo import data, files, people
from demo.people import Person
from demo.session import World, until
from tests import scenario
from tests.fleet import Product
from tests.scenario import CLIENT, FIRM, HR, PAYROLL

READER = Person("rita@testdal.example", "Rita", "Leser", "nb", "reader with the payroll folder")
COLLEAGUE = Person("hans@testdal.example", "Hans", "Kollega", "nb", "colleague with the HR folder only")
STRANGER = people.CLIENTS[1].administrator
CALLERS: dict[str, Person | None] = {
    "anonymous": None,
    "stranger": STRANGER,
    "other_folder": COLLEAGUE,
    "reader": READER,
    "administrator": CLIENT.administrator,
    "payroll": PAYROLL,
    "hr": HR,
    "firm": FIRM,
}


@dataclass(frozen=True)
class Stage:
    """What the requests are about: things of one client that most callers have no business with."""

    world: World
    client: str
    folder: str  # the client's payroll folder
    document: str  # a published document in it
    member: str  # the reader's membership

    @contextmanager
    def acting(self, who: str) -> Iterator[None]:
        """Be one of CALLERS."""
        person = CALLERS[who]
        with self.world.acting(person) if person else nullcontext():
            yield


def set_up(product: Product, world: World) -> Stage:
    """Make everybody and everything."""
    story = scenario.begin(product, world)
    with world.acting(FIRM):
        data.make_client(world, replace(people.CLIENTS[1], administrator=STRANGER))
    with world.acting(CLIENT.administrator):
        reader = data.add_member(world, READER, identity_pb2.ROLE_READ)
        colleague = data.add_member(world, COLLEAGUE, identity_pb2.ROLE_WRITE)
        folders = data.grant(world, reader, ("payroll",))
        data.grant(world, colleague, ("hr",))
        document = data.upload(world, story.client, files.File("Timer.csv", files.csv(), "payroll")).document_id
        data.write(world, story.client, CLIENT.administrator)
        stub = documents_pb2_grpc.DocumentsStub(world.channel("documents"))
        until(lambda: _published(stub, document), "the scan")
    for person in (STRANGER, READER, COLLEAGUE):
        world.activate(person)
    for person in (COLLEAGUE, PAYROLL):
        data.write(world, story.client, person)
    return Stage(world, story.client, folders[data.AREA["payroll"]], document, reader)


def _published(stub: documents_pb2_grpc.DocumentsStub, document: str) -> bool | None:
    held = stub.GetDocument(documents_pb2.GetDocumentRequest(document_id=document))
    return True if held.status == documents_pb2.STATUS_PUBLISHED else None
