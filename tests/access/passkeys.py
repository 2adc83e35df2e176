"""Who may do what about passkeys: one's own, and signing in with one."""

from kontor.identity.v1 import passkeys_pb2 as k

from tests.access.who import EVERYBODY, NOBODY, NOWHERE, SIGNED_IN, Table

PASSKEYS: Table = {
    "kontor.identity.v1.Passkeys.ListPasskeys": (SIGNED_IN, lambda _: k.ListPasskeysRequest()),
    "kontor.identity.v1.Passkeys.StartPasskey": (SIGNED_IN, lambda _: k.StartPasskeyRequest()),
    "kontor.identity.v1.Passkeys.AddPasskey": (SIGNED_IN, lambda _: k.AddPasskeyRequest(credential="{}", label="x")),
    # A passkey of nobody's: that one's own is found, and no other, tests/identity/test_passkeys.py proves.
    "kontor.identity.v1.Passkeys.RenamePasskey": (NOBODY, lambda _: k.RenamePasskeyRequest(passkey_id=NOWHERE, label="x")),
    "kontor.identity.v1.Passkeys.RemovePasskey": (NOBODY, lambda _: k.RemovePasskeyRequest(passkey_id=NOWHERE)),
    "kontor.identity.v1.Passkeys.AskForPasskey": (EVERYBODY, lambda _: k.AskForPasskeyRequest()),
    "kontor.identity.v1.Passkeys.SignInWithPasskey": (EVERYBODY, lambda _: k.SignInWithPasskeyRequest(credential="{}")),
}
