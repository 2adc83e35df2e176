"""Home: what is new, what waits for the reader, and the way to what one came for; different at a client and at the firm (ACC-75)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Blueprint, g, redirect, render_template, request, url_for
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from kontor.linking.v1 import linking_pb2, linking_pb2_grpc
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc
from kontor.notify.v1 import notify_pb2
from werkzeug.wrappers import Response

from chassis.service import Peers
from services.gateway import texts
from services.gateway.config import Config
from services.gateway.pages import clients
from services.gateway.pages.administration.folder_access import FolderAccess
from services.gateway.pages.news import News
from services.gateway.pages.notices import Notices
from services.gateway.reader import is_firm, may

DOCUMENTS, NOTICES, THREADS, CLIENTS, TODAY, PEOPLE = 6, 4, 5, 8, 100, 200


@dataclass
class ToArrange:
    """What waits for an administrator: people who have not come yet or can do nothing, clients for whom nobody works in an area."""

    invited: Sequence[identity_pb2.Member] = ()
    total_invited: int = 0
    without_folders: list[identity_pb2.Member] = field(default_factory=list)
    unserved: Sequence[linking_pb2.Client] = ()
    total_unserved: int = 0

    def any(self) -> bool:
        """Whether there is anything at all."""
        return bool(self.invited or self.without_folders or self.unserved)


@dataclass
class Arrived:
    """What came in today from one client."""

    organisation_id: str
    documents: int = 0
    messages: int = 0


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("home", __name__)
    at_client, at_firm = _AtClient(peers), _AtFirm(peers)

    @pages.get("/")
    def home() -> str | Response:
        if not may(access_pb2.PERMISSION_DOCUMENT_READ):
            return redirect(url_for("account.account", by=request.args.get("by")))
        return at_firm.home() if is_firm() else at_client.home()

    return pages


class _AtClient:
    """Home of a client's people."""

    def __init__(self, peers: Peers) -> None:
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._folders, self._notices, self._threads, self._news = FolderAccess(peers), Notices(peers), _Threads(peers), News(peers)

    def home(self) -> str:
        """The newest documents, notices, answers, and for an administrator who cannot work yet."""
        company = g.held.current.organisation_id
        newest = self._documents.ListDocuments(documents_pb2.ListDocumentsRequest(organisation_id=company, page_size=DOCUMENTS))
        counts = self._documents.CountDocuments(documents_pb2.CountDocumentsRequest(organisation_ids=[company])).counts
        return render_template(
            "home/home.html", newest=newest, total=sum(each.documents for each in counts), recent=sum(each.recent for each in counts),
            at_least=any(each.at_least for each in counts), listed=self._notices.newest(NOTICES),
            threads=self._threads.unread(), arrange=self._arrange(), headlines=self._news.headlines(),
        )  # fmt: skip

    def _arrange(self) -> ToArrange:
        if not may(access_pb2.PERMISSION_MEMBER_MANAGE):
            return ToArrange()
        found = self._members.ListMembers(identity_pb2.ListMembersRequest(page_size=PEOPLE))
        folders = self._folders.counted([each.membership_id for each in found.members])
        without = [each for each in found.members if folders.get(each.membership_id) == 0]
        return ToArrange([each for each in found.members if not each.activated], found.total_invited, without)


class _AtFirm:
    """Home of the firm's people."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._links = linking_pb2_grpc.LinksStub(peers.channel("linking"))
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._notices, self._threads, self._clients, self._news = Notices(peers), _Threads(peers), clients.Clients(peers), News(peers)

    def home(self) -> str:
        """What came in today by client, what waits for an answer, the clients, and for an administrator what is to be arranged."""
        mine = self._links.ListClients(linking_pb2.ListClientsRequest(mine=True, page_size=clients.MOST))
        ids = [each.organisation_id for each in mine.clients]
        arrived, waiting, listed = self._arrived(), self._threads.waiting(), self._notices.newest(NOTICES)
        about = [*(each.organisation_id for each in arrived), *(each.organisation_id for each in waiting), *clients.remembered()]
        return render_template(
            "home/firm.html", mine=mine.clients, more=bool(mine.next_page_token), counts=self._clients.documents(ids), arrived=arrived,
            waiting=waiting, listed=listed, names=clients.names(self._peers, *about) if about else {}, arrange=self._arrange(),
            last=clients.remembered(), shown=CLIENTS, headlines=self._news.headlines(),
        )  # fmt: skip

    def _arrived(self) -> list[Arrived]:
        """Today's notices by client, most first."""
        by_client: dict[str, Arrived] = {}
        for each in self._notices.newest(TODAY).notices:
            if texts.is_today(each.at):
                arrived = by_client.setdefault(each.organisation_id, Arrived(each.organisation_id))
                arrived.messages += each.category == notify_pb2.NOTICE_CATEGORY_MESSAGES or each.kind == notify_pb2.NOTICE_KIND_MESSAGE
                arrived.documents += each.kind == notify_pb2.NOTICE_KIND_DOCUMENT_PUBLISHED
        found = [each for each in by_client.values() if each.documents or each.messages]
        return sorted(found, key=lambda each: each.documents + each.messages, reverse=True)

    def _arrange(self) -> ToArrange:
        if not may(access_pb2.PERMISSION_MEMBER_MANAGE):
            return ToArrange()
        people = self._members.ListMembers(identity_pb2.ListMembersRequest(invited=True, page_size=CLIENTS))
        unserved = self._links.ListClients(linking_pb2.ListClientsRequest(unserved=True, page_size=CLIENTS))
        return ToArrange(people.members, people.total_invited, [], unserved.clients, unserved.unserved_clients)


class _Threads:
    """Conversations in which it is the reader's turn."""

    def __init__(self, peers: Peers) -> None:
        self._threads = messaging_pb2_grpc.ThreadsStub(peers.channel("messaging"))

    def unread(self) -> Sequence[messaging_pb2.Thread]:
        """With something the reader has not read."""
        return self._threads.ListThreads(messaging_pb2.ListThreadsRequest(unread=True, page_size=THREADS)).threads

    def waiting(self) -> Sequence[messaging_pb2.Thread]:
        """That wait for the firm, of all clients served."""
        wanted = messaging_pb2.ListThreadsRequest(state=messaging_pb2.THREAD_STATE_OPEN, page_size=THREADS)
        return self._threads.ListThreads(wanted).threads
