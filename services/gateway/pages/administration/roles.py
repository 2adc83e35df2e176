"""The roles that can be chosen where the reader administers."""

from flask import request
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2

from services.gateway.reader import is_firm
from services.gateway.texts import _

CLIENT = (identity_pb2.ROLE_WRITE, identity_pb2.ROLE_READ, identity_pb2.ROLE_ADMINISTRATOR)
FIRM = (identity_pb2.ROLE_CONSULTANT, identity_pb2.ROLE_PROGRAMME_ADMINISTRATOR, identity_pb2.ROLE_ADMINISTRATOR)
SCOPED = identity_pb2.ROLE_PROGRAMME_ADMINISTRATOR
PROGRAMMES = (access_pb2.PROGRAMME_CLIENT_MANAGER, access_pb2.PROGRAMME_DOCUMENTS, access_pb2.PROGRAMME_NEWS)


def offered(*, firm: bool | None = None) -> "tuple[identity_pb2.Role.ValueType, ...]":
    """Those there are in this kind of organisation, by itself that of the reader, the usual one first."""
    return FIRM if (is_firm() if firm is None else firm) else CLIENT


def chosen(*, firm: bool | None = None) -> "identity_pb2.Role.ValueType":
    """The role chosen on the form; none where it offers no such."""
    written = request.form.get("role", "")
    return next((each for each in offered(firm=firm) if str(each) == written), identity_pb2.ROLE_UNSPECIFIED)


def programmes() -> "list[access_pb2.Programme.ValueType]":
    """Those ticked on the form, where it makes a programme administrator; ticks for another role are passed over."""
    ticked = request.form.getlist("programme") if request.form.get("role", "") == str(SCOPED) else []
    return [each for each in PROGRAMMES if str(each) in ticked]


def meaning(role: int, *, firm: bool | None = None) -> str:
    """What a role lets one do, in a sentence."""
    if (is_firm() if firm is None else firm) and role == identity_pb2.ROLE_ADMINISTRATOR:
        return _("Manages users, clients, folders and consultants. Sees documents only of clients and areas assigned.")
    told: dict[int, str] = {
        identity_pb2.ROLE_ADMINISTRATOR: _("Adds and removes users and says which folders each may use. Uploads and writes messages."),
        identity_pb2.ROLE_WRITE: _("Uploads documents and writes messages. Sees the folders given."),
        identity_pb2.ROLE_READ: _("Sees and downloads the documents in the folders given. Cannot upload or write."),
        identity_pb2.ROLE_CONSULTANT: _("Works for the clients assigned, in the areas assigned."),
        SCOPED: _("A consultant who also administers the programmes ticked."),
    }
    return told.get(role, "")


def may_what(member: identity_pb2.Member) -> str:
    """What a member's role lets the person do, for the list of users (NET-04)."""
    told = {
        access_pb2.PROGRAMME_CLIENT_MANAGER: _("Says who works for which client."),
        access_pb2.PROGRAMME_DOCUMENTS: _("Makes folders for clients, and sets legal holds."),
        access_pb2.PROGRAMME_NEWS: _("Writes and publishes news."),
    }
    first = meaning(identity_pb2.ROLE_CONSULTANT if member.programmes else member.role)
    return " ".join([first, *(told.get(each, "") for each in member.programmes)])
