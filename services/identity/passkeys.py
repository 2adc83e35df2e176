"""Passkeys by the rules of W3C Web Authentication: what browsers are asked, and whether what they answer is right. Knows no database."""

import hashlib
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from services.identity import rules

# What strangers send may be malformed in more ways than the package names.
MALFORMED = (WebAuthnException, ValueError, LookupError, TypeError, AttributeError)
_MILLISECONDS = int(rules.CHALLENGE_LIFE.total_seconds() * 1000)
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Registered:
    """A new passkey, as its device tells of it."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backup_eligible: bool
    backed_up: bool


@dataclass(frozen=True)
class Used:
    """An answer that is right. `verified`: the device has recognised its owner, by PIN, finger or face."""

    sign_count: int
    backed_up: bool
    verified: bool


@dataclass(frozen=True)
class RelyingParty:
    """The portal, as passkeys know it: their answers are for this host and this origin alone, so that no other site can ask for them."""

    host: str
    origin: str

    @classmethod
    def at(cls, public_url: str) -> "RelyingParty":
        """As browsers write the origin: without the port that goes without saying."""
        parts = urlsplit(public_url)
        host = parts.hostname or ""
        port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
        return cls(host, f"{parts.scheme}://{host}{port}")

    @property
    def offered(self) -> bool:
        """Browsers make passkeys for names, not for numbers."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return bool(self.host)
        return False

    def creation(self, asked: bytes, *, user_id: str, email: str, name: str, held: Sequence[bytes]) -> str:
        """What a browser is asked to make a new one; a device that already `held` one of the person's makes no second."""
        options = webauthn.generate_registration_options(
            rp_id=self.host, rp_name="Kontor", user_id=user_id.encode(), user_name=email, user_display_name=name, challenge=asked,
            timeout=_MILLISECONDS, exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in held],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
            ),
        )  # fmt: skip
        return options_to_json(options)

    def request(self, asked: bytes, *, held: Sequence[bytes]) -> str:
        """What a browser is asked at sign-in: one of those `held`, or alone, where the device must recognise its owner."""
        needed = UserVerificationRequirement.PREFERRED if held else UserVerificationRequirement.REQUIRED
        options = webauthn.generate_authentication_options(
            rp_id=self.host, challenge=asked, timeout=_MILLISECONDS, user_verification=needed,
            allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in held],
        )  # fmt: skip
        return options_to_json(options)

    def registered(self, credential: str, asked: bytes) -> Registered | None:
        """The new passkey, None where the answer is not right."""
        try:
            made = webauthn.verify_registration_response(
                credential=credential, expected_challenge=asked, expected_rp_id=self.host, expected_origin=self.origin
            )
        except MALFORMED:
            return None
        eligible = made.credential_device_type == CredentialDeviceType.MULTI_DEVICE
        return Registered(made.credential_id, made.credential_public_key, made.sign_count, eligible, made.credential_backed_up)

    def used(self, credential: str, asked: bytes, *, public_key: bytes, sign_count: int) -> Used | None:
        """What was shown, None where the answer is not right; a counter that did not move forward is that of a copy."""
        try:
            shown = webauthn.verify_authentication_response(
                credential=credential, expected_challenge=asked, expected_rp_id=self.host, expected_origin=self.origin,
                credential_public_key=public_key, credential_current_sign_count=sign_count,
            )  # fmt: skip
        except MALFORMED:
            return None
        return Used(shown.new_sign_count, shown.credential_backed_up, shown.user_verified)


def challenge(credential: str) -> bytes:
    """Which question an answer says it is for; empty where it cannot be read."""
    try:
        return parse_client_data_json(base64url_to_bytes(json.loads(credential)["response"]["clientDataJSON"])).challenge
    except MALFORMED:
        return b""


def credential_id(credential: str) -> bytes:
    """Which passkey an answer says it is of; empty where it cannot be read."""
    try:
        return base64url_to_bytes(json.loads(credential)["rawId"])
    except MALFORMED:
        return b""


def digest(asked: bytes) -> bytes:
    """What is kept of a question."""
    return hashlib.sha256(asked).digest()
