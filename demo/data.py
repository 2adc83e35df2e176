"""Load the demonstration: a firm, three clients with files in all states and conversations, and many small clients without."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc, retention_pb2, retention_pb2_grpc
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from kontor.linking.v1 import linking_pb2, linking_pb2_grpc
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc

from chassis import caller, clock
from chassis.caller import Caller, Signer
from chassis.errors import Denied, NotFound
from demo import files, news, people, portfolio, talk
from demo.people import Client, Person
from demo.session import World, until

AREA = {
    "accounting": access_pb2.SERVICE_AREA_ACCOUNTING,
    "payroll": access_pb2.SERVICE_AREA_PAYROLL,
    "hr": access_pb2.SERVICE_AREA_HR,
    "support": access_pb2.SERVICE_AREA_PORTAL_SUPPORT,
}
PIECE = 256 * 1024


def make_firm(world: World, operator: Signer) -> None:
    """Make the firm; its administrator gets a welcome mail."""
    with caller.acting(Caller(user_id="operator"), {"*": operator.sign(operator_caller(), audience=["identity"])}):
        request = identity_pb2.CreateFirmRequest(
            name=people.FIRM_NAME,
            organisation_number=people.FIRM_NUMBER,
            country="NO",
            administrator=_first(people.FIRM_ADMINISTRATOR),
        )
        organisations(world).CreateFirm(request)


def load(world: World, operator: Signer, say: Callable[[str], None]) -> None:
    """Make everything, as the people concerned would. Raises TookTooLongError or a Failure when something does not work."""
    say("making the firm and its consultants")
    make_firm(world, operator)
    world.activate(people.FIRM_ADMINISTRATOR)
    with world.acting(people.FIRM_ADMINISTRATOR):
        consultants = [add_member(world, each.person, identity_pb2.ROLE_CONSULTANT) for each in people.CONSULTANTS]
        say("making three client companies")
        clients = [make_client(world, each) for each in people.CLIENTS]
        for client in clients:
            for member, consultant in zip(consultants, people.CONSULTANTS, strict=True):
                assign(world, client, member, consultant.areas)
        assign(world, clients[0], _own_membership(world), (*people.AREAS, "support"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(world.activate, [each.administrator for each in people.CLIENTS] + [each.person for each in people.CONSULTANTS]))
    say("giving the colleagues their folders")
    for about in people.CLIENTS:
        _staff(world, about)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(world.activate, [each.colleague for each in people.CLIENTS]))
    say("uploading files")
    for client, about in zip(clients, people.CLIENTS, strict=True):
        _share(world, client, about)
    _delete_one(world, clients[0])
    say("writing messages and news")
    talk.hold(world, {about.administrator.email: client for client, about in zip(clients, people.CLIENTS, strict=True)})
    write(world, clients[0], people.CLIENTS[0].administrator)
    with world.acting(people.FIRM_ADMINISTRATOR):
        for article in news.ARTICLES:
            news.publish(world, article)
    say("making more clients for one of the consultants")
    portfolio.load(world, consultants[0])


def operator_caller() -> Caller:
    """The platform's operator, who may make firms."""
    return Caller(user_id="operator", permissions=(access_pb2.PERMISSION_FIRM_CREATE,), authenticated_at=int(clock.now().timestamp()))


def organisations(world: World) -> identity_pb2_grpc.OrganisationsStub:
    """Organisations and members, as whoever is acting."""
    return identity_pb2_grpc.OrganisationsStub(world.channel("identity"))


def _first(person: Person) -> identity_pb2.FirstAdministrator:
    return identity_pb2.FirstAdministrator(
        email=person.email, first_name=person.first_name, last_name=person.last_name, language=person.language
    )


def add_member(world: World, person: Person, role: identity_pb2.Role.ValueType, *programmes: access_pb2.Programme.ValueType) -> str:
    """Add a member to the acting administrator's organisation; answers the membership."""
    member = organisations(world).AddMember(
        identity_pb2.AddMemberRequest(
            email=person.email, first_name=person.first_name, last_name=person.last_name, language=person.language, role=role,
            programmes=programmes,
        )
    )  # fmt: skip
    return member.membership_id


def _own_membership(world: World) -> str:
    profile = identity_pb2_grpc.AccountStub(world.channel("identity")).GetProfile(identity_pb2.GetProfileRequest())
    return profile.memberships[0].membership_id


def make_client(world: World, client: Client) -> str:
    """Make a client company of the acting firm administrator's firm, linked and with three folders; answers its id."""
    made = organisations(world).CreateClient(
        identity_pb2.CreateClientRequest(
            name=client.name, organisation_number=client.number, country=client.country, administrator=_first(client.administrator)
        )
    )
    linking_pb2_grpc.LinksStub(world.channel("linking")).CreateLink(linking_pb2.CreateLinkRequest(organisation_id=made.organisation_id))
    stub = documents_pb2_grpc.FoldersStub(world.channel("documents"))
    for name, area in zip(people.FOLDERS[client.country], people.AREAS, strict=True):
        request = documents_pb2.CreateFolderRequest(organisation_id=made.organisation_id, name=name, service_area=AREA[area])

        def create(request: documents_pb2.CreateFolderRequest = request) -> documents_pb2.Folder | None:
            # The link travels as an event; until it has arrived the folder is refused.
            try:
                return stub.CreateFolder(request)
            except (Denied, NotFound):
                return None

        until(create, f"the folder {name}")
    return made.organisation_id


def assign(world: World, client: str, membership: str, areas: tuple[str, ...]) -> None:
    """Let a consultant work for a client in these areas."""
    linking_pb2_grpc.LinksStub(world.channel("linking")).AssignConsultant(
        linking_pb2.AssignConsultantRequest(organisation_id=client, membership_id=membership, service_areas=[AREA[area] for area in areas])
    )


def _staff(world: World, about: Client) -> None:
    with world.acting(about.administrator) as held:
        colleague = add_member(world, about.colleague, identity_pb2.ROLE_WRITE)
        grant(world, held.current.membership_id, people.AREAS)
        grant(world, colleague, about.colleague_areas)


def grant(world: World, membership: str, areas: tuple[str, ...]) -> dict[int, str]:
    """Tick the folders of these areas for a member of the acting administrator's organisation; answers area to folder, for all."""
    stub = documents_pb2_grpc.FoldersStub(world.channel("documents"))
    ticks = stub.GetFolderAccess(documents_pb2.GetFolderAccessRequest(membership_id=membership)).ticks
    folders: dict[int, str] = {tick.folder.service_area: tick.folder.folder_id for tick in ticks}
    wanted = [folders[AREA[area]] for area in areas]
    stub.SetFolderAccess(documents_pb2.SetFolderAccessRequest(membership_id=membership, folder_ids=wanted))
    return folders


def _share(world: World, client: str, about: Client) -> None:
    documents = documents_pb2_grpc.DocumentsStub(world.channel("documents"))
    with world.acting(about.administrator):
        made = [upload(world, client, file) for file in files.client_files(about.name, about.number)]
        upload(world, client, files.File(made[0].name, files.payroll("januar", seed=99), "payroll", 1), replace=True)
    for consultant in people.CONSULTANTS:
        with world.acting(consultant.person):
            made += [upload(world, client, file) for file in files.firm_files(about.name) if file.area in consultant.areas]
    with world.acting(about.administrator):
        for document in made:
            until(lambda held=document: _scanned(documents, held.document_id), f"the scan of {document.name}")  # type: ignore[misc]


def _delete_one(world: World, client: str) -> None:
    """The firm takes back what it has uploaded by mistake; its certificate is under deleted documents."""
    with world.acting(people.CONSULTANTS[0].person):
        wrong = upload(world, client, files.File("Lønnsslipper til en annen.pdf", files.pdf("Lønnsslipper", ["Feil kunde"]), "payroll"))
        documents = documents_pb2_grpc.DocumentsStub(world.channel("documents"))
        until(lambda: _scanned(documents, wrong.document_id), f"the scan of {wrong.name}")
        request = retention_pb2.DeleteDocumentRequest(document_id=wrong.document_id, reason="Lastet opp hos feil kunde")
        retention_pb2_grpc.RetentionStub(world.channel("documents")).DeleteDocument(request)


def _scanned(documents: documents_pb2_grpc.DocumentsStub, document_id: str) -> bool | None:
    document = documents.GetDocument(documents_pb2.GetDocumentRequest(document_id=document_id))
    return None if document.status == documents_pb2.STATUS_SCANNING else True


def upload(world: World, client: str, file: files.File, *, replace: bool = False) -> documents_pb2.Document:
    """Upload a file to the client's folder of its service area, this month."""
    stub = documents_pb2_grpc.FoldersStub(world.channel("documents"))

    def folder() -> str | None:
        found = stub.ListFolders(documents_pb2.ListFoldersRequest(organisation_id=client)).folders
        return next((each.folder_id for each in found if each.service_area == AREA[file.area]), None)

    today = clock.now()
    start = documents_pb2.UploadStart(
        folder_id=until(folder, f"the folder for {file.name}"),
        name=file.name,
        period=file.month or today.month,
        year=today.year,
        replace=replace,
        batch_id=str(uuid.uuid4()),
        size=len(file.content),
    )

    def parts() -> Iterator[documents_pb2.UploadRequest]:
        yield documents_pb2.UploadRequest(start=start)
        for at in range(0, len(file.content), PIECE):
            yield documents_pb2.UploadRequest(chunk=file.content[at : at + PIECE])

    documents = documents_pb2_grpc.DocumentsStub(world.channel("documents"))
    if not replace:
        return documents.Upload(parts())
    first = documents.CheckNames(
        documents_pb2.CheckNamesRequest(folder_id=start.folder_id, period=start.period, year=start.year, names=[file.name])
    )
    until(lambda: _scanned(documents, first.existing[0].document_id), f"the first version of {file.name}")
    return documents.Upload(parts())


def write(world: World, client: str, person: Person) -> None:
    """Have this person write to those who do the client's payroll."""
    with world.acting(person):
        messaging_pb2_grpc.MessagesStub(world.channel("messaging")).SendMessage(
            messaging_pb2.SendMessageRequest(
                organisation_id=client,
                service_area=access_pb2.SERVICE_AREA_PAYROLL,
                subject="Feriepenger 2026",
                body="Hei, når utbetales feriepengene i år?",
            )
        )
