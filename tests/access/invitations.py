"""Who may do what about invitations by code: administrators, the platform's operator, and the invited."""

from kontor.identity.v1 import invitations_pb2 as t

from tests.access.who import EVERYBODY, OPERATOR, TOKEN, Table

# The client's administrator, and the firm's on the client's behalf (NET-03).
INVITERS = frozenset({"administrator", "firm"})

INVITATIONS: Table = {
    "kontor.identity.v1.Invitations.ShowInvitee": (INVITERS, lambda stage: t.ShowInviteeRequest(membership_id=stage.member)),
    "kontor.identity.v1.Invitations.ChangeInvitee": (
        INVITERS,
        lambda stage: t.ChangeInviteeRequest(membership_id=stage.member, phone_number="+4799999999"),
    ),
    "kontor.identity.v1.Invitations.Invite": (
        INVITERS,
        lambda stage: t.InviteRequest(membership_id=stage.member, identity_checked=True),
    ),
    "kontor.identity.v1.Invitations.CancelInvitation": (INVITERS, lambda stage: t.CancelInvitationRequest(membership_id=stage.member)),
    "kontor.identity.v1.Invitations.MakeCode": (INVITERS, lambda stage: t.MakeCodeRequest(membership_id=stage.member)),
    # NET-17, NET-26: whatever organisation the person was invited to, and nobody else.
    "kontor.identity.v1.Invitations.FindInvitees": (OPERATOR, lambda _: t.FindInviteesRequest(email="nobody@matrix.example")),
    "kontor.identity.v1.Invitations.InviteAgain": (
        OPERATOR,
        lambda stage: t.InviteRequest(membership_id=stage.member, identity_checked=True),
    ),
    "kontor.identity.v1.Invitations.EnterCode": (EVERYBODY, lambda _: t.EnterCodeRequest(code="0000000000000000")),
    "kontor.identity.v1.Invitations.ShowEntry": (EVERYBODY, lambda _: t.ShowEntryRequest(entry=TOKEN)),
    "kontor.identity.v1.Invitations.SendCode": (EVERYBODY, lambda _: t.SendCodeRequest(entry=TOKEN)),
    "kontor.identity.v1.Invitations.ConfirmCode": (EVERYBODY, lambda _: t.ConfirmCodeRequest(entry=TOKEN, code="000000")),
}
