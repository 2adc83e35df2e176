"""Send a letter of identity's now: it has a link in it, so nothing of it is kept, queued or logged."""

from datetime import UTC, datetime

from kontor.notify.v1 import notify_pb2 as pb

from chassis import clock
from chassis.errors import Invalid
from services.notify import rules
from services.notify.letters import Writer
from services.notify.mail import Mail

TEMPLATES = {
    pb.LETTER_KIND_WELCOME: "welcome",
    pb.LETTER_KIND_PASSWORD: "password",
    pb.LETTER_KIND_ADDED_TO_ORGANISATION: "added_to_organisation",
    pb.LETTER_KIND_PASSWORD_CHANGED: "password_changed",
    pb.LETTER_KIND_NO_ACCOUNT: "no_account",
}
WITH_EXPIRY = (pb.LETTER_KIND_WELCOME, pb.LETTER_KIND_PASSWORD)


def send_now(mail: Mail, writer: Writer, request: pb.SendNowRequest, *, seconds: float) -> None:
    """Write it and hand it over within this time; raises what Mail.send raises, and Invalid for a letter that lacks its link."""
    expires = request.link_expires_at.ToDatetime(UTC) if request.HasField("link_expires_at") else None
    if request.kind in WITH_EXPIRY and not (request.link and expires):
        raise Invalid("link_missing", "This letter needs a link and the time until which it works.", fields={"link": "missing"})
    letter = writer.write(
        TEMPLATES[request.kind], to=request.email, language=request.language, key=request.letter_id,
        first_name=rules.called(request.first_name), organisation=rules.called(request.organisation_name),
        inviter=rules.called(request.inviter_name), link=request.link, **_lasting(expires),
    )  # fmt: skip
    mail.send(letter, seconds=seconds)


def _lasting(expires: datetime | None) -> dict[str, object]:
    if expires is None:
        return {}
    number, unit = rules.life(expires, clock.now())
    return {"number": number, "unit": unit}
