"""Messages: write to the firm by type of enquiry, and the conversations that come of it (ACC-60 to ACC-65)."""

from flask import Blueprint
from kontor.messaging.v1 import messaging_pb2

from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages.messages.conversation import Conversation
from services.gateway.pages.messages.conversations import Conversations
from services.gateway.pages.messages.guard import Guard
from services.gateway.pages.messages.new import New


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("messages", __name__, url_prefix="/messages")
    guard, conversations = Guard(peers), Conversations(peers)
    new, one = New(peers, guard), Conversation(peers, conversations, guard)
    pages.add_url_rule("", "messages", conversations.show, methods=["GET"])
    pages.add_url_rule("/unread", "unread", conversations.unread, methods=["GET"])
    pages.add_url_rule("/new", "new", new.form, methods=["GET"])
    pages.add_url_rule("/new", "send", new.send, methods=["POST"])
    pages.add_url_rule("/check", "check", guard.check, methods=["POST"])
    pages.add_url_rule("/<uuid:thread>", "thread", one.show, methods=["GET"])
    pages.add_url_rule("/<uuid:thread>", "answer", one.answer, methods=["POST"])
    pages.add_url_rule("/<uuid:thread>/latest", "latest", one.latest, methods=["GET"])
    pages.add_url_rule("/<uuid:thread>/read", "read", one.read, methods=["POST"])
    pages.add_url_rule("/<uuid:thread>/take", "take", one.take, methods=["POST"])
    pages.add_url_rule("/<uuid:thread>/release", "release", one.release, methods=["POST"])
    pages.add_url_rule("/<uuid:thread>/close", "close", one.close, methods=["POST"])
    pages.add_url_rule("/<uuid:thread>/reopen", "reopen", one.reopen, methods=["POST"])
    pages.app_context_processor(lambda: {"messaging": messaging_pb2})
    return pages
