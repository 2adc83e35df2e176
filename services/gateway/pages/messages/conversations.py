"""The list of conversations, newest first, narrowed by for whom they wait."""

from collections.abc import Iterable
from typing import Any

from flask import render_template, request
from kontor.linking.v1 import linking_pb2, linking_pb2_grpc
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc
from kontor.messaging.v1.messaging_pb2 import Thread

from chassis.service import Peers
from services.gateway.reader import client, is_firm

PAGE = 30
MOST_SHOWN = 99
# What a view shows, by its word in the address.
VIEWS: dict[str, dict[str, Any]] = {
    "": {},
    "open": {"state": messaging_pb2.THREAD_STATE_OPEN},
    "answered": {"state": messaging_pb2.THREAD_STATE_ANSWERED},
    "closed": {"state": messaging_pb2.THREAD_STATE_CLOSED},
    "mine": {"assigned_to_me": True},
    "unread": {"unread": True},
}


class Conversations:
    """The list, alone or beside one conversation."""

    def __init__(self, peers: Peers) -> None:
        self._threads = messaging_pb2_grpc.ThreadsStub(peers.channel("messaging"))
        self._links = linking_pb2_grpc.LinksStub(peers.channel("linking"))

    def show(self) -> str:
        """The page, or the list alone where a part of it is asked for."""
        part = request.headers.get("HX-Target") == "work"
        return render_template("messages/list.html" if part else "messages/messages.html", **self.listed())

    def unread(self) -> str:
        """How many conversations hold something new, for the menu."""
        counts = self._threads.CountThreads(messaging_pb2.CountThreadsRequest()).counts
        unread = sum(each.unread for each in counts)
        return render_template("messages/unread.html", unread=min(unread, MOST_SHOWN), more=unread > MOST_SHOWN)

    def listed(self) -> dict[str, Any]:
        """A page of the list for the templates, with the view it is and what the clients are called."""
        view = request.args.get("view", "")
        view = view if view in VIEWS else ""
        asked = messaging_pb2.ListThreadsRequest(
            organisation_id=client() if is_firm() else "", page_size=PAGE, page_token=request.args.get("page", ""), **VIEWS[view]
        )
        found = self._threads.ListThreads(asked)
        return {
            "threads": found.threads, "next": found.next_page_token, "view": view, "company": client() if is_firm() else None,
            "names": self.names([*(each.organisation_id for each in found.threads), client()]) if is_firm() else {},
        }  # fmt: skip

    def names(self, organisation_ids: Iterable[str]) -> dict[str, str]:
        """What these clients are called."""
        wanted = sorted({each for each in organisation_ids if each})
        asked = linking_pb2.ListClientsRequest(organisation_ids=wanted, page_size=200)
        return {each.organisation_id: each.name for each in self._links.ListClients(asked).clients} if wanted else {}

    def one(self, thread_id: str) -> Thread:
        """One conversation. Raises NotFound."""
        thread: Thread = self._threads.GetThread(messaging_pb2.GetThreadRequest(thread_id=thread_id))
        return thread
