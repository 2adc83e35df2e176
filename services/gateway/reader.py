"""Who reads the page: what their role includes, and which client the page is about."""

from flask import g, request
from kontor.identity.v1 import identity_pb2


def may(permission: int) -> bool:
    """Whether the signed-in person's role includes this."""
    return g.held is not None and permission in g.held.permissions


def is_firm() -> bool:
    """Whether the person works at the firm, in the chosen organisation."""
    return bool(g.held.current.kind == identity_pb2.ORGANISATION_KIND_FIRM)


def client() -> str:
    """The client company the page is about: at the firm the chosen one (`?client=`), at a client one's own. Empty when none is chosen."""
    return request.values.get("client", "") if is_firm() else str(g.held.current.organisation_id)
