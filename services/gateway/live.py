"""Open pages hear at once that something changed (ACC-67): server-sent events that say what to fetch again, and nothing else."""

import asyncio
import time
from collections import defaultdict
from concurrent.futures import Executor
from functools import partial

from google.protobuf.message import Message
from kontor.documents.v1.events_pb2 import DocumentPublished, DocumentQuarantined, DocumentReceived
from kontor.events.v1.envelope_pb2 import Envelope
from kontor.identity.v1 import identity_pb2
from kontor.identity.v1.events_pb2 import MemberRemoved, SessionsEnded
from kontor.messaging.v1.events_pb2 import ArticlePublished, ThreadChanged
from kontor.notify.v1.events_pb2 import NoticesPosted

from chassis.errors import Failure, Unauthenticated, Unavailable
from chassis.outbox import content
from services.gateway.front.bodies import Receive, Scope, header, left
from services.gateway.front.reply import Reply
from services.gateway.session import Held, Sessions, token_in

HEARTBEAT_SECONDS = 25.0
CHECK_SECONDS = 15.0
# Open pages of one process; more go to another replica, or come back.
MOST = 5000
SESSION = "session"
# What a page is told, by the first part of the topic.
EVENTS = {
    "member": "notices", "organisation": "documents", "reader": "documents", "talker": "messages", "firm": "news", "user": SESSION,
}  # fmt: skip
HEADERS = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
WATCHED: tuple[type[Message], ...] = (
    NoticesPosted, DocumentPublished, DocumentQuarantined, DocumentReceived, SessionsEnded, MemberRemoved, ThreadChanged, ArticlePublished,
)  # fmt: skip


class Listener:
    """One open page: what it has not been told yet. Several changes of a kind are one."""

    def __init__(self, topics: frozenset[str]) -> None:
        self.topics = topics
        self.news = asyncio.Event()
        self._untold: set[str] = set()

    def tell(self, event: str) -> None:
        """Something happened. On the hub's loop."""
        self._untold.add(event)
        self.news.set()

    def take(self) -> set[str]:
        """What happened since the last time."""
        taken, self._untold = self._untold, set()
        self.news.clear()
        return taken


class Hub:
    """Brings news from any thread to the open pages, which all live on one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._all: set[Listener] = set()
        self._topics: defaultdict[str, set[Listener]] = defaultdict(set)

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Pages will be listening on this loop."""
        self._loop = loop

    def close(self) -> None:
        """Let all pages go; they come back elsewhere."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(self._tell_all)

    @property
    def closed(self) -> bool:
        """Whether pages are to go."""
        return self._loop is None

    @property
    def accepts(self) -> bool:
        """Whether one more page may listen."""
        return self._loop is not None and len(self._all) < MOST

    def publish(self, topic: str) -> None:
        """Tell the pages that listen to this topic. From any thread; nobody listening is fine."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._tell, topic)

    def watch(self, envelope: Envelope) -> None:
        """An event passed on the bus."""
        for topic in topics_of(content(envelope)):
            self.publish(topic)

    def add(self, listener: Listener) -> None:
        """A page opens. On the hub's loop."""
        self._all.add(listener)
        for topic in listener.topics:
            self._topics[topic].add(listener)

    def remove(self, listener: Listener) -> None:
        """A page closes. On the hub's loop."""
        self._all.discard(listener)
        for topic in listener.topics:
            self._topics[topic].discard(listener)
            if not self._topics[topic]:
                del self._topics[topic]

    def _tell(self, topic: str) -> None:
        for listener in self._topics.get(topic, ()):
            listener.tell(EVENTS[topic.partition(":")[0]])

    def _tell_all(self) -> None:
        for listener in self._all:
            listener.news.set()


def topics_of(event: Message) -> list[str]:
    """Who should know of an event: own notices, own organisation's documents, readers of a client's documents, who takes part in a thread.

    Pages of the user whose sessions ended, or who is no longer a member, look at once whether it is theirs.
    """
    match event:
        case NoticesPosted():
            return [f"member:{each}" for each in event.membership_ids]
        case DocumentPublished():
            return [f"organisation:{event.organisation_id}", *(f"reader:{each}" for each in event.reader_membership_ids)]
        case DocumentQuarantined():
            return [f"organisation:{event.organisation_id}", f"reader:{event.uploaded_by_membership_id}"]
        case DocumentReceived():
            return [f"organisation:{event.organisation_id}"]
        case ThreadChanged():
            return [f"talker:{each}" for each in event.membership_ids]
        case ArticlePublished():
            return [f"firm:{event.firm_id}"]
        case SessionsEnded() | MemberRemoved():
            return [f"user:{event.user_id}"]
    return []


def topics_for(held: Held) -> frozenset[str]:
    """What a page of the session listens to."""
    membership, organisation = held.current.membership_id, held.current.organisation_id
    at_firm = held.current.kind == identity_pb2.ORGANISATION_KIND_FIRM
    named = {
        "member": membership, "reader": membership, "talker": membership, "organisation": organisation, "user": held.profile.user_id,
        "firm": organisation if at_firm else held.organisation.firm_id,
    }  # fmt: skip
    return frozenset(f"{kind}:{identifier}" for kind, identifier in named.items() if identifier)


class Live:
    """GET /live: one stream for each open page. Sessions are looked at again every 15 seconds, in `threads`; that is no use of them."""

    def __init__(self, hub: Hub, sessions: Sessions, *, cookie: str, threads: Executor) -> None:
        self._hub, self._sessions, self._cookie, self._threads = hub, sessions, cookie, threads

    async def answer(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        """Open a stream. Raises Unauthenticated, and Unavailable when this process has enough of them or is about to end."""
        held = await self._resolve(token_in(header(scope, b"authorization"), header(scope, b"cookie"), cookie=self._cookie))
        if not self._hub.accepts:
            raise Unavailable("overloaded", "Too many pages are open.", facts={"retry_after": "5"})
        listener, leaving = Listener(topics_for(held)), asyncio.create_task(left(receive))
        leaving.add_done_callback(lambda _: listener.news.set())
        self._hub.add(listener)
        try:
            await reply.start(200, list(HEADERS), last=True)
            await self._tell(listener, held, reply, leaving)
        finally:
            self._hub.remove(listener)
            leaving.cancel()

    async def _tell(self, listener: Listener, held: Held, reply: Reply, leaving: "asyncio.Task[None]") -> None:
        check_at = time.monotonic() + CHECK_SECONDS
        await reply.send(b"retry: 2000\n\n", more=True)
        ended = False
        while not (ended or leaving.done() or self._hub.closed):
            heard = await _news(listener, min(HEARTBEAT_SECONDS, max(0.0, check_at - time.monotonic())))
            if SESSION in heard or time.monotonic() >= check_at:
                ended, check_at = not await self._lives(held), time.monotonic() + CHECK_SECONDS
            told = sorted((heard - {SESSION}) | ({SESSION} if ended else set()))
            # An empty line of data, or browsers would not tell the page; a comment keeps proxies from hanging up.
            await reply.send(b"".join(f"event: {event}\ndata:\n\n".encode() for event in told) or b":\n\n", more=True)
        await reply.send(b"", more=False)

    async def _resolve(self, token: str) -> Held:
        if not token:
            raise Unauthenticated("sign_in_needed", "Sign in first.")
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(self._sessions.resolve, token, quiet=True))

    async def _lives(self, held: Held) -> bool:
        """Whether the session still lives, in the same organisation."""
        try:
            now = await self._resolve(held.token)
        except Unauthenticated:
            return False
        except Failure:
            return True  # identity does not answer just now: nobody is signed out for that
        return now.current.membership_id == held.current.membership_id


async def _news(listener: Listener, seconds: float) -> set[str]:
    try:
        async with asyncio.timeout(seconds):
            await listener.news.wait()
    except TimeoutError:
        return set()
    return listener.take()
