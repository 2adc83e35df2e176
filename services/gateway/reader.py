"""Who reads the page: what their role includes, and which client the page is about."""

from flask import g, request
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2


def may(permission: int) -> bool:
    """Whether the signed-in person's role includes this."""
    return g.held is not None and permission in g.held.permissions


def is_firm() -> bool:
    """Whether the person works at the firm, in the chosen organisation."""
    return bool(g.held.current.kind == identity_pb2.ORGANISATION_KIND_FIRM)


def administers() -> bool:
    """Whether there is something for the person to administer here: all of it, or the clients, for a programme of the firm (FNK-06)."""
    return may(access_pb2.PERMISSION_MEMBER_MANAGE) or administers_clients()


def administers_clients() -> bool:
    """Whether the person has to do with all clients of the firm: their folders, or who works for them."""
    about_clients = (access_pb2.PERMISSION_LINK_MANAGE, access_pb2.PERMISSION_CONSULTANT_ASSIGN, access_pb2.PERMISSION_FOLDER_MANAGE)
    return is_firm() and any(map(may, about_clients))


def operates() -> bool:
    """Whether the person runs the platform; that is beside any organisation."""
    return may(access_pb2.PERMISSION_INVITATION_SUPPORT) or may(access_pb2.PERMISSION_FIRM_CREATE)


def frame() -> str:
    """The template around a page: with the menus for whoever is signed in and works somewhere, alone for others."""
    inside = g.get("held") is not None and g.held.current.membership_id
    return "layout.html" if inside else "alone.html"


def client() -> str:
    """The client company the page is about: at the firm the chosen one (`?client=`), at a client one's own. Empty when none is chosen."""
    return request.values.get("client", "") if is_firm() else str(g.held.current.organisation_id)
