"""From which day to which a member may work in the organisation (NET-12 to NET-14)."""

import uuid
from datetime import date, datetime, time

from flask import redirect, render_template, request, url_for
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway import texts
from services.gateway.reasons import problems
from services.gateway.texts import _

Answer = str | Response | tuple[str, int]


class AccessDays:
    """The form of one member."""

    def __init__(self, peers: Peers) -> None:
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))

    def access(self, membership: uuid.UUID) -> Answer:
        """Show the days, or save them."""
        member = self._members.GetMember(identity_pb2.GetMemberRequest(membership_id=str(membership)))
        if request.method != "POST":
            return render_template("administration/access.html", member=member, days=member.validity, problems={})
        wanted = identity_pb2.SetMemberValidityRequest(membership_id=str(membership), validity=written())
        try:
            self._members.SetMemberValidity(wanted)
        except Failure as failure:
            told = problems(failure, "last_day")
            return render_template(
                "administration/access.html", member=member, days=wanted.validity, problems=by_field(told)
            ), failure.http_status
        return redirect(url_for("administration.member", membership=membership, saved=1))


def written() -> identity_pb2.Validity:
    """What the form says; no days mean until further notice."""
    first_day, last_day = (request.form.get(name, "").strip()[:10] for name in ("first_day", "last_day"))
    return identity_pb2.Validity(first_day=first_day, last_day=last_day, stop_emails="stop_emails" in request.form)


def by_field(told: dict[str, str]) -> dict[str, str]:
    """The same sentences, at the names of the form's fields."""
    return {name.removeprefix("validity."): text for name, text in told.items()}


def said(validity: identity_pb2.Validity) -> str:
    """The days as a sentence."""
    first_day, last_day = (_day(day) for day in (validity.first_day, validity.last_day))
    if first_day and last_day:
        return _("From %(first)s to %(last)s", first=first_day, last=last_day)
    if last_day:
        return _("Until %(last)s", last=last_day)
    return _("From %(first)s until further notice", first=first_day) if first_day else _("Until further notice")


def _day(written_day: str) -> str:
    """As the reader writes it: noon is on the same day whatever the clocks do."""
    return texts.day(datetime.combine(date.fromisoformat(written_day), time(12), texts.zone())) if written_day else ""
