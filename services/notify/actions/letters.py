"""Send a letter of identity's now: it has a link in it, so nothing of it is kept, queued or logged."""

from datetime import UTC, datetime
from typing import Any

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
    pb.LETTER_KIND_SECURITY_CHANGED: "security_changed",
    pb.LETTER_KIND_INVITATION: "invitation",
}
WITH_EXPIRY = (pb.LETTER_KIND_WELCOME, pb.LETTER_KIND_PASSWORD, pb.LETTER_KIND_INVITATION)


def send_now(mail: Mail, writer: Writer, request: pb.SendNowRequest, *, seconds: float) -> None:
    """Write it and hand it over within this time; raises what Mail.send raises, and Invalid for a letter that lacks its link."""
    expires = request.link_expires_at.ToDatetime(UTC) if request.HasField("link_expires_at") else None
    if request.kind in WITH_EXPIRY and not (request.link and expires):
        raise Invalid("link_missing", "This letter needs a link and the time until which it works.", fields={"link": "missing"})
    invitation = request.kind == pb.LETTER_KIND_INVITATION
    if invitation and not request.activation_code:
        raise Invalid("link_missing", "This letter needs a code.", fields={"activation_code": "missing"})
    letter = writer.write(
        # Who is invited by code is a foreigner: in English, whatever the language (NET-21).
        TEMPLATES[request.kind], to=request.email, language="en" if invitation else request.language, key=request.letter_id,
        first_name=rules.called(request.first_name), organisation=rules.called(request.organisation_name),
        inviter=rules.called(request.inviter_name), link=request.link, code=rules.in_fours(request.activation_code),
        change=rules.change(request.change), **_lasting(expires),
    )  # fmt: skip
    mail.send(letter, seconds=seconds)


def _lasting(expires: datetime | None) -> dict[str, Any]:
    if expires is None:
        return {}
    number, unit = rules.life(expires, clock.now())
    return {"number": number, "unit": unit}
