"""Who knocks at every door: nobody, a stranger, a colleague without the folder, a reader, administrators of all kinds, consultants."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc

from chassis import caller
from chassis.caller import Caller
from chassis.db import Database
from demo import data, files, news, people
from demo.people import Person
from demo.session import World, until
from services.identity.actions import operators
from tests import scenario
from tests.fleet import Product
from tests.scenario import CLIENT, FIRM, HR, PAYROLL

READER = Person("rita@testdal.example", "Rita", "Leser", "nb", "reader with the payroll folder")
COLLEAGUE = Person("hans@testdal.example", "Hans", "Kollega", "nb", "colleague with the HR folder only")
MANAGER = Person("mona@testkontor.example", "Mona", "Programleder", "nb", "administers the client manager of the firm")
OPERATOR = Person("odd@plattformen.example", "Odd", "Drift", "nb", "runs the platform, and belongs to no organisation any more")
STRANGER = people.CLIENTS[1].administrator
CALLERS: dict[str, Person | None] = {
    "anonymous": None,
    "stranger": STRANGER,
    "other_folder": COLLEAGUE,
    "reader": READER,
    "administrator": CLIENT.administrator,
    "payroll": PAYROLL,
    "hr": HR,
    "programme_administrator": MANAGER,
    "firm": FIRM,
    "operator": OPERATOR,
    "key": None,
    "other_key": None,
}
KEYS = frozenset({"key", "other_key"})
PEOPLE = frozenset(CALLERS) - KEYS - {"anonymous"}
# Made by an administrator who does the payroll of both clients: the key for this client, and the one for the stranger's.
KEEPER = Person("siri@eksempelvik.example", "Siri", "Systemer", "nb", "administrator of the firm who works for both clients")
MAY = (
    access_pb2.PERMISSION_DOCUMENT_READ, access_pb2.PERMISSION_DOCUMENT_WRITE, access_pb2.PERMISSION_MESSAGE_READ,
    access_pb2.PERMISSION_MESSAGE_WRITE, access_pb2.PERMISSION_NEWS_READ, access_pb2.PERMISSION_LINK_READ,
    access_pb2.PERMISSION_FOLDER_MANAGE, access_pb2.PERMISSION_CHANGE_READ,
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """What the requests are about: things of one client that most callers have no business with."""

    world: World
    url: str  # of portal and REST API
    client: str
    folder: str  # the client's payroll folder
    document: str  # a published document in it
    member: str  # the reader's membership
    consultant: str  # the membership of the HR consultant
    thread: str  # what the client's administrator asked about payroll
    article: str  # of the firm's news, published to all its clients
    keys: Mapping[str, str]  # the API keys among CALLERS

    @contextmanager
    def acting(self, who: str) -> Iterator[None]:
        """Be one of CALLERS."""
        person = CALLERS[who]
        with self.world.acting(person) if person else self._with_key(who):
            yield

    @contextmanager
    def _with_key(self, who: str) -> Iterator[None]:
        if who not in self.keys:
            yield
            return
        sessions = identity_pb2_grpc.SessionsStub(self.world.channel("identity"))
        held = sessions.ExchangeApiKey(identity_pb2.ExchangeApiKeyRequest(api_key=self.keys[who]))
        with caller.acting(Caller(), dict(held.assertions)):
            yield


def set_up(product: Product, world: World, identity: Database) -> Stage:
    """Make everybody and everything; the operator as the command `kontor operator` does, in the database of identity."""
    story = scenario.begin(product, world)
    with world.acting(FIRM):
        other = data.make_client(world, replace(people.CLIENTS[1], administrator=STRANGER))
        keeper = data.add_member(world, KEEPER, identity_pb2.ROLE_ADMINISTRATOR)
        for client in (story.client, other):
            data.assign(world, client, keeper, ("payroll",))
        data.add_member(world, MANAGER, identity_pb2.ROLE_PROGRAMME_ADMINISTRATOR, access_pb2.PROGRAMME_CLIENT_MANAGER)
    with world.acting(CLIENT.administrator):
        reader = data.add_member(world, READER, identity_pb2.ROLE_READ)
        colleague = data.add_member(world, COLLEAGUE, identity_pb2.ROLE_WRITE)
        folders = data.grant(world, reader, ("payroll",))
        data.grant(world, colleague, ("hr",))
        document = data.upload(world, story.client, files.File("Timer.csv", files.csv(), "payroll")).document_id
        data.write(world, story.client, CLIENT.administrator)
        conversations = messaging_pb2_grpc.ThreadsStub(world.channel("messaging"))
        thread = conversations.ListThreads(messaging_pb2.ListThreadsRequest()).threads[0].thread_id
        stub = documents_pb2_grpc.DocumentsStub(world.channel("documents"))
        until(lambda: _published(stub, document), "the scan")
    for person in (STRANGER, READER, COLLEAGUE, KEEPER, MANAGER):
        world.activate(person)
    _make_operator(world, identity)
    for person in (COLLEAGUE, PAYROLL):
        data.write(world, story.client, person)
    with world.acting(FIRM):
        article = news.publish(world, news.ARTICLES[0])
    with world.acting(KEEPER):
        keys = {"key": _key(world, story.client), "other_key": _key(world, other)}
    return Stage(
        world, product.url, story.client, folders[data.AREA["payroll"]], document, reader, story.memberships[HR.email], thread, article,
        keys,
    )  # fmt: skip


def _make_operator(world: World, identity: Database) -> None:
    with world.acting(STRANGER):
        member = data.add_member(world, OPERATOR, identity_pb2.ROLE_READ)
    world.activate(OPERATOR)
    with world.acting(STRANGER):
        data.organisations(world).RemoveMember(identity_pb2.RemoveMemberRequest(membership_id=member))
    with identity.transaction() as tx:
        operators.appoint(tx, OPERATOR.email)


def _key(world: World, client: str) -> str:
    asked = identity_pb2.CreateApiKeyRequest(label="matrix", valid_days=1, permissions=MAY, organisation_ids=[client])
    return data.organisations(world).CreateApiKey(asked).secret


def _published(stub: documents_pb2_grpc.DocumentsStub, document: str) -> bool | None:
    held = stub.GetDocument(documents_pb2.GetDocumentRequest(document_id=document))
    return True if held.status == documents_pb2.STATUS_PUBLISHED else None
