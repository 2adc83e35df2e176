"""The link in a mail to get no more of them: the page asks, its button acts, and so does a mail program's one click (RFC 8058, BEY-01)."""

from flask import Blueprint, g, render_template, request
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc

from chassis.errors import Invalid, NotFound
from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.texts import _

Answer = str | tuple[str, int]


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("unsubscribe", __name__)
    stub = notify_pb2_grpc.UnsubscribingStub(peers.channel("notify"))

    @pages.route("/unsubscribe/<token>", methods=["GET", "POST"])
    def unsubscribe(token: str) -> Answer:
        """Nobody need be signed in, nothing is asked before the act, and it is not answered by sending elsewhere (RFC 8058 § 3.1)."""
        try:
            if request.method == "POST":
                done = stub.Unsubscribe(notify_pb2.UnsubscribeRequest(token=token))
                return _page(done.category, done.language, off=True)
            shown = stub.ShowUnsubscribe(notify_pb2.ShowUnsubscribeRequest(token=token))
        except (Invalid, NotFound):  # cut short when it was copied, or older than it is kept
            return render_template("account/unsubscribe.html", category="", off=False), 404
        return _page(shown.category, shown.language, off=shown.off)

    return pages


def _page(category: int, language: str, *, off: bool) -> str:
    g.translator = g.in_language(language)
    return render_template("account/unsubscribe.html", category=_kind(category), off=off)


def _kind(category: int) -> str:
    """What the mails are about, as it stands after "Mails about"."""
    kinds: dict[int, str] = {
        notify_pb2.NOTICE_CATEGORY_DOCUMENTS: _("new documents"),
        notify_pb2.NOTICE_CATEGORY_MESSAGES: _("messages"),
        notify_pb2.NOTICE_CATEGORY_TASKS: _("tasks"),
        notify_pb2.NOTICE_CATEGORY_DELETION: _("documents that will be deleted"),
    }
    return kinds.get(category, _("news in Kontor"))
