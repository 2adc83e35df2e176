"""A telephone as a person carries it: its key, the PIN its owner has chosen, and what it signs."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from kontor.identity.v1 import devices_pb2 as dv
from kontor.identity.v1.devices_pb2_grpc import DevicesStub, WebSignInsStub

from chassis.errors import Unauthenticated
from tests.identity.world import Somebody, World

PIN, AGENT = "2486", "Mozilla/5.0 (Linux; Android 16) Chrome/146.0 Mobile"


@dataclass
class Phone:
    """P-256 as browsers make it, or Ed25519 as an app may."""

    ed25519: bool = False
    id: str = ""
    key: Any = field(default=None)
    refresh_token: str = ""
    activated: bool = False

    def __post_init__(self) -> None:
        self.key = self.key or (Ed25519PrivateKey.generate() if self.ed25519 else ec.generate_private_key(ec.SECP256R1()))

    @property
    def public_key(self) -> str:
        """Its public half as JWK."""
        public = self.key.public_key()
        if self.ed25519:
            raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
            return json.dumps({"kty": "OKP", "crv": "Ed25519", "x": _encoded(raw)})
        numbers = public.public_numbers()
        return json.dumps({"kty": "EC", "crv": "P-256", "x": _encoded(numbers.x.to_bytes(32)), "y": _encoded(numbers.y.to_bytes(32))})

    def signs(self, purpose: str, challenge: str) -> str:
        """The signature over a question, for a purpose."""
        text = f"kontor {purpose} {challenge}".encode()
        if self.ed25519:
            return _encoded(self.key.sign(text))
        r, s = decode_dss_signature(self.key.sign(text, ec.ECDSA(hashes.SHA256())))
        return _encoded(r.to_bytes(32) + s.to_bytes(32))


def devices(world: World, who: Somebody | None = None) -> DevicesStub:
    return DevicesStub(world.channel(world.caller(who)) if who else world.channel())


def computers(world: World, who: Somebody | None = None) -> WebSignInsStub:
    return WebSignInsStub(world.channel(world.caller(who)) if who else world.channel())


def enrolled(world: World, somebody: Somebody, phone: Phone, *, pin: str = PIN, again: str | None = None, **fields: Any) -> Phone:
    """Enrol it in the session at hand."""
    own = devices(world, somebody)
    challenge = own.StartEnrolment(dv.StartEnrolmentRequest()).challenge
    given = dv.FinishEnrolmentRequest(
        challenge=challenge, signature=phone.signs("enrol", challenge), public_key=phone.public_key, pin=pin,
        pin_again=pin if again is None else again, name="Min telefon", user_agent=AGENT, **fields,
    )  # fmt: skip
    answer = own.FinishEnrolment(given)
    phone.id, phone.refresh_token, phone.activated = answer.device_id, answer.refresh_token, answer.activated
    return phone


def asked(world: World, phone: Phone) -> str:
    return devices(world).AskDevice(dv.AskDeviceRequest(device_id=phone.id)).challenge


def opening(world: World, phone: Phone, pin: str = PIN, **fields: Any) -> dv.SignInWithDeviceRequest:
    """What a telephone sends to open a session."""
    challenge = fields.pop("challenge", "") or asked(world, phone)
    signature = fields.pop("signature", "") or phone.signs("sign-in", challenge)
    return dv.SignInWithDeviceRequest(device_id=phone.id, challenge=challenge, signature=signature, pin=pin, user_agent=AGENT, **fields)


def opened(world: World, somebody: Somebody, phone: Phone, pin: str = PIN, **fields: Any) -> Somebody:
    """The same person, in a session on the telephone."""
    answer = devices(world).SignInWithDevice(opening(world, phone, pin, **fields))
    phone.refresh_token = answer.refresh_token
    return Somebody(somebody.email, somebody.password, somebody.secret, answer.session)


def alive(world: World, somebody: Somebody) -> bool:
    """Whether the session still is one."""
    try:
        return bool(world.resolved(somebody).profile.email)
    except Unauthenticated as why:
        return why.reason != "session_ended"


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
