"""Who may do what beyond one member of one organisation, and what is asked while a password is typed."""

from kontor.identity.v1 import administration_pb2 as d
from kontor.identity.v1 import identity_pb2 as i

from tests.access.who import ADMINISTRATORS, EVERYBODY, NOBODY, NOWHERE, Table

ADMINISTRATION: Table = {
    "kontor.identity.v1.SignIn.RatePassword": (EVERYBODY, lambda _: i.RatePasswordRequest(password="p")),
    "kontor.identity.v1.Administration.ListAdministered": (ADMINISTRATORS, lambda _: d.ListAdministeredRequest()),
    # Of the client's own member: neither the firm's administrator nor a stranger is told of one of another organisation.
    "kontor.identity.v1.Administration.ListMemberships": (
        frozenset({"administrator"}),
        lambda stage: d.ListMembershipsRequest(membership_id=stage.member),
    ),
    "kontor.identity.v1.Administration.RemoveMemberships": (
        # A membership of nobody's: who is let in is told so, and nothing is removed.
        frozenset({"administrator"}),
        lambda stage: d.RemoveMembershipsRequest(membership_id=stage.member, removed_ids=[NOWHERE]),
    ),
    "kontor.identity.v1.Administration.StartReplacement": (
        frozenset({"administrator"}),
        lambda stage: d.StartReplacementRequest(membership_id=stage.member, email="new@matrix.example"),
    ),
    "kontor.identity.v1.Administration.ListReplacements": (ADMINISTRATORS, lambda _: d.ListReplacementsRequest()),
    "kontor.identity.v1.Administration.CancelReplacement": (NOBODY, lambda _: d.CancelReplacementRequest(replacement_id=NOWHERE)),
}
