"""Codes of authenticator apps (RFC 6238): 6 digits, 30 seconds, SHA-1, 160-bit keys, as every app understands them."""

from datetime import datetime

import pyotp
from pyotp.exceptions import OTPVerificationError

ISSUER = "Kontor"
DIGITS = 6
# One step to either side: clocks of telephones differ (RFC 6238 § 5.2).
WINDOW = 1


def new_secret() -> str:
    """A fresh key of 160 bits, in base32."""
    return pyotp.random_base32(32)


def uri(secret: str, email: str) -> str:
    """What the QR code shows."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(secret: str, code: str, *, at: datetime) -> int | None:
    """The time step that `code` belongs to, None if to none near `at`. Whether that step was used is the caller's question."""
    digits = "".join(code.split())
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(digits, for_time=at, valid_window=WINDOW)
    except OTPVerificationError:
        return None
