"""Who may do what about devices, and about computers that telephones let in: one's own."""

from typing import Any

from kontor.identity.v1 import devices_pb2 as v
from kontor.identity.v1 import identity_pb2 as i

from tests.access.who import EVERYBODY, NOBODY, NOWHERE, SIGNED_IN, TOKEN, Table

SIGNED: dict[str, Any] = {"challenge": "x", "signature": "x"}

DEVICES: Table = {
    "kontor.identity.v1.Account.AcceptTerms": (SIGNED_IN, lambda _: i.AcceptTermsRequest(version="x")),
    "kontor.identity.v1.Devices.StartEnrolment": (SIGNED_IN, lambda _: v.StartEnrolmentRequest()),
    "kontor.identity.v1.Devices.FinishEnrolment": (SIGNED_IN, lambda _: v.FinishEnrolmentRequest(**SIGNED, public_key="{}", name="x")),
    "kontor.identity.v1.Devices.ListDevices": (SIGNED_IN, lambda _: v.ListDevicesRequest()),
    # A device of nobody's: that one's own is found, and no other, tests/identity/test_devices.py proves.
    "kontor.identity.v1.Devices.RemoveDevice": (NOBODY, lambda _: v.RemoveDeviceRequest(device_id=NOWHERE)),
    "kontor.identity.v1.Devices.AskDevice": (EVERYBODY, lambda _: v.AskDeviceRequest(device_id=NOWHERE)),
    "kontor.identity.v1.Devices.SignInWithDevice": (EVERYBODY, lambda _: v.SignInWithDeviceRequest(device_id=NOWHERE, **SIGNED)),
    "kontor.identity.v1.Devices.RefreshSession": (
        EVERYBODY,
        lambda _: v.RefreshSessionRequest(device_id=NOWHERE, **SIGNED, refresh_token=TOKEN),
    ),
    # The session is on no device, which is found out past the guard.
    "kontor.identity.v1.Devices.LockDevice": (SIGNED_IN, lambda _: v.LockDeviceRequest()),
    "kontor.identity.v1.Devices.SignOutEverywhere": (SIGNED_IN, lambda _: v.SignOutEverywhereRequest()),
    "kontor.identity.v1.WebSignIns.StartWebSignIn": (EVERYBODY, lambda _: v.StartWebSignInRequest()),
    "kontor.identity.v1.WebSignIns.ClaimWebSignIn": (EVERYBODY, lambda _: v.ClaimWebSignInRequest(browser=TOKEN)),
    # Whoever has the QR code; one that nobody was shown is refused to all.
    "kontor.identity.v1.WebSignIns.ShowWebSignIn": (NOBODY, lambda _: v.ShowWebSignInRequest(token=TOKEN)),
    "kontor.identity.v1.WebSignIns.FindWebSignIn": (NOBODY, lambda _: v.FindWebSignInRequest(code="0000-0000")),
    "kontor.identity.v1.WebSignIns.ConfirmWebSignIn": (NOBODY, lambda _: v.ConfirmWebSignInRequest(token=TOKEN)),
    "kontor.identity.v1.WebSignIns.DenyWebSignIn": (NOBODY, lambda _: v.DenyWebSignInRequest(token=TOKEN)),
}
