"""Administration: who is in the organisation and what they may use; at the firm also its clients (ACC-10 to ACC-13, ACC-76 to ACC-85).

Who administers a programme of the firm has the pages about its clients (FNK-06); what each asks for is refused by the services.
"""

from flask import Blueprint, request
from kontor.access.v1 import access_pb2

from chassis.errors import Denied
from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages.administration import activity, api_keys, clients
from services.gateway.pages.administration.access_days import AccessDays
from services.gateway.pages.administration.adding import Adding
from services.gateway.pages.administration.companies import Companies
from services.gateway.pages.administration.folder_access import FolderAccess
from services.gateway.pages.administration.folder_members import FolderMembers
from services.gateway.pages.administration.inviting import Inviting
from services.gateway.pages.administration.members import Members
from services.gateway.pages.administration.replacements import Replacements
from services.gateway.pages.administration.several import Several
from services.gateway.reader import administers_clients, may


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("administration", __name__, url_prefix="/administration")
    pages.before_request(_administrators_only)
    members, adding, folders, replacements = Members(peers), Adding(peers), FolderAccess(peers), Replacements(peers)
    pages.add_url_rule("", "start", members.organisation, methods=["GET"])
    pages.add_url_rule("/users", "members", members.users, methods=["GET"])
    pages.add_url_rule("/members/new", "add", adding.add, methods=["GET", "POST"])
    pages.add_url_rule("/members/several", "several", Several(peers).several, methods=["GET", "POST"])
    pages.add_url_rule("/members/<uuid:membership>", "member", members.show, methods=["GET"])
    pages.add_url_rule("/members/<uuid:membership>/role", "role", members.role, methods=["POST"])
    pages.add_url_rule("/members/<uuid:membership>/access", "access", AccessDays(peers).access, methods=["GET", "POST"])
    pages.add_url_rule("/members/<uuid:membership>/remove", "remove", members.remove, methods=["GET", "POST"])
    pages.add_url_rule("/members/<uuid:membership>/folders", "folders", folders.folders, methods=["GET", "POST"])
    pages.add_url_rule("/members/<uuid:membership>/companies", "companies", Companies(peers).companies, methods=["GET", "POST"])
    pages.add_url_rule("/members/<uuid:membership>/address", "address", replacements.replace, methods=["GET", "POST"])
    pages.add_url_rule("/members/<uuid:membership>/address/keep", "keep_address", replacements.give_up, methods=["POST"])
    inviting, invitation = Inviting(peers), "/members/<uuid:membership>/invitation"
    pages.add_url_rule(invitation, "invitation", inviting.view, methods=["GET"])
    pages.add_url_rule(f"{invitation}/send", "send_invitation", inviting.send, methods=["POST"])
    pages.add_url_rule(f"{invitation}/cancel", "cancel_invitation", inviting.cancel, methods=["POST"])
    pages.add_url_rule(f"{invitation}/code", "invitation_code", inviting.code, methods=["POST"])
    pages.add_url_rule("/members/<uuid:membership>/details", "invitee", inviting.details, methods=["GET", "POST"])
    by_folder = FolderMembers(peers)
    pages.add_url_rule("/folders", "own_folders", by_folder.folders, methods=["GET"])
    pages.add_url_rule("/folders/<uuid:folder>", "own_folder", by_folder.folder, methods=["GET", "POST"])
    clients.add_to(pages, peers)
    api_keys.add_to(pages, peers)
    activity.add_to(pages, peers)
    return pages


def _administrators_only() -> None:
    about_clients = request.endpoint == "administration.start" or "/clients" in request.path
    if not (may(access_pb2.PERMISSION_MEMBER_MANAGE) or (about_clients and administers_clients())):
        raise Denied("not_permitted", "Administration is for administrators (ACC-13).")
