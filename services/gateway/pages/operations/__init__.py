"""Operations: what the platform's operator does for organisations that are not the operator's own (NET-17, NET-26, ACC-06)."""

from flask import Blueprint

from chassis.errors import Denied
from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages.operations.invitees import Invitees
from services.gateway.pages.operations.new_firm import NewFirm
from services.gateway.reader import operates


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes; also for an operator who belongs to no organisation."""
    pages = Blueprint("operations", __name__, url_prefix="/operations")
    pages.before_request(_operators_only)
    invitees = Invitees(peers)
    pages.add_url_rule("", "start", invitees.find, methods=["GET", "POST"])
    pages.add_url_rule("/invitees/<uuid:membership>/send", "send", invitees.send, methods=["POST"])
    pages.add_url_rule("/firms/new", "new_firm", NewFirm(peers).new, methods=["GET", "POST"])
    return pages


def _operators_only() -> None:
    if not operates():
        raise Denied("not_permitted", "Operations is for the platform's operator.")
