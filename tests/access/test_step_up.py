"""What demands a second factor at most 15 minutes old: written down once, and held against the contract."""

from google.protobuf import descriptor_pool
from kontor.access.v1 import access_pb2

from tests.access.test_matrix import every_rpc

# docs/security.md and design: adding users, changing factors, linking, export, deletion, and what is as hard to undo.
DEMANDED = {
    "adding users, and giving them more": {
        "identity.Organisations.CreateFirm", "identity.Organisations.AddMember", "identity.Organisations.AddMembers",
        "identity.Organisations.ChangeRole", "identity.Organisations.SetMemberValidity", "identity.Administration.StartReplacement",
        "identity.Organisations.VouchForMember", "identity.Invitations.ChangeInvitee", "identity.Invitations.Invite",
        "identity.Invitations.MakeCode", "identity.Invitations.InviteAgain",
    },
    "changing second factors": {
        "identity.Factors.StartFactor", "identity.Factors.ConfirmFactor", "identity.Factors.PreferFactor", "identity.Factors.RemoveFactor",
        "identity.Factors.RegenerateRecoveryCodes", "identity.Passkeys.StartPasskey", "identity.Passkeys.AddPasskey",
        "identity.Passkeys.RemovePasskey", "identity.Devices.StartEnrolment", "identity.Devices.FinishEnrolment",
        "identity.Providers.RemoveProviderBinding",
    },
    "keys of back-office systems": {"identity.Organisations.CreateApiKey"},
    "linking: who of the firm sees what a client has": {"linking.Links.AssignConsultant"},
    "export": {
        "identity.IdentityAudit.ExportIdentityEntries", "documents.DocumentsAudit.ExportDocumentsEntries",
        "messaging.MessagingAudit.ExportMessagingEntries", "linking.LinkingAudit.ExportLinkingEntries",
        "notify.NotifyAudit.ExportNotifyEntries",
    },
    "deletion": {"documents.Retention.DeleteDocument", "documents.Holds.ReleaseHold"},
}  # fmt: skip
# It belongs to the same subjects and demands none, and why.
NOT_DEMANDED = {
    "identity.Organisations.RemoveMember": "taking access away must never wait",
    "identity.Administration.RemoveMemberships": "taking access away must never wait",
    "identity.Administration.CancelReplacement": "leaves everything as it was",
    "identity.Organisations.RevokeApiKey": "taking access away must never wait",
    "identity.Organisations.CreateClient": "back-office systems make clients, and a key has no second factor; it lets nobody in anywhere",
    "identity.Account.ChangePassword": "demands the present password",
    "identity.Passkeys.RenamePasskey": "a name",
    "linking.Links.CreateLink": "of a client that the firm made itself, without anybody's documents in it yet",
    "linking.Links.UpdateLink": "lets nobody see more",
    "documents.Holds.SetHold": "keeps what there is",
    "documents.Folders.RemoveFolder": "an empty one",
}


def short(rpc: str) -> str:
    """`identity.SignIn.StartSignIn`."""
    return rpc.removeprefix("kontor.").replace(".v1.", ".")


def declared() -> set[str]:
    """Those whose declaration demands it; what stands behind each of them, tests/chassis/test_guard.py proves."""
    found = set()
    for rpc in every_rpc():
        service, _, name = rpc.rpartition(".")
        method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
        if method.GetOptions().Extensions[access_pb2.access].step_up:
            found.add(short(rpc))
    return found


def test_what_could_do_harm_demands_a_fresh_second_factor() -> None:
    """NET-05: exactly these; one more is a decision that is taken here."""
    assert declared() == set().union(*DEMANDED.values())


def test_what_demands_none_has_its_reason() -> None:
    """NET-05: a reason about an RPC that is gone, or that demands it by now, is no reason."""
    assert set(NOT_DEMANDED) - {short(rpc) for rpc in every_rpc()} == set()
    assert set(NOT_DEMANDED) & declared() == set()
