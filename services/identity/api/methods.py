"""Second proofs as messages."""

from kontor.identity.v1 import identity_pb2 as pb

from services.identity import proofs, totp
from services.identity.actions.sign_in import Begun
from services.identity.telephone import Telephone

METHODS: "dict[str, pb.Method.ValueType]" = {
    proofs.TOTP: pb.METHOD_TOTP, proofs.SMS: pb.METHOD_SMS,
    proofs.RECOVERY: pb.METHOD_RECOVERY_CODE, proofs.VOUCHED: pb.METHOD_VOUCHED_CODE,
    proofs.PASSKEY: pb.METHOD_PASSKEY,
}  # fmt: skip
_NAMES = {number: name for name, number in METHODS.items()}


def method(number: "pb.Method.ValueType") -> str:
    """Its name here; empty for the preferred one."""
    return _NAMES.get(number, "")


def offered(telephone: Telephone) -> "list[pb.Method.ValueType]":
    """What can be enrolled."""
    return [pb.METHOD_TOTP, pb.METHOD_SMS] if telephone.offered() else [pb.METHOD_TOTP]


def to_enrolment(secret: str, email: str) -> pb.Enrolment:
    """What an authenticator app needs."""
    return pb.Enrolment(uri=totp.uri(secret, email), key=secret)


def to_begun(begun: Begun, telephone: Telephone) -> pb.StartSignInResponse:
    """An attempt that waits for its second proof."""
    answer = pb.StartSignInResponse(
        attempt=begun.token, preferred=METHODS[begun.methods.preferred], masked_phone=begun.methods.masked_phone,
        methods=[METHODS[method] for method in begun.methods.usable] or offered(telephone),
    )  # fmt: skip
    if begun.secret:
        answer.enrolment.CopyFrom(to_enrolment(begun.secret, begun.email))
    return answer
