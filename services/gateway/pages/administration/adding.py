"""Add a member: address and identification method, who that is, then on to the folders (ACC-77, ACC-78, AMI-04, NET-06 to NET-15)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import g, redirect, render_template, request, url_for
from kontor.identity.v1 import administration_pb2, administration_pb2_grpc, identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway import texts
from services.gateway.pages.administration import access_days, identifying, roles
from services.gateway.reader import is_firm
from services.gateway.reasons import problems

Answer = str | Response | tuple[str, int]
# What the last page asks: those before it carry it along, where one is sent back to them.
LAST = ("first_name", "last_name", "phone_number", "role", "programme", "first_day", "last_day", "stop_emails")


class Adding:
    """The forms."""

    def __init__(self, peers: Peers) -> None:
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._administration = administration_pb2_grpc.AdministrationStub(peers.channel("identity"))

    def add(self) -> Answer:
        """First address and method, and for whoever administers several companies which of them; for a foreign user the identifier; then
        names and role."""
        email, step = request.form.get("email", "").strip(), request.form.get("step", "")
        companies = self._companies()
        where = next((each for each in companies if each.organisation_id == request.form.get("organisation")), g.held.current)
        if step == "name":
            return self._added(email, where)
        told = None if looks_like_address(email) or not step else texts._("Write an e-mail address like name@company.com.")
        if told or step not in ("email", "identity"):
            problem = {"email": told} if told else {}
            answer = _page("email", email, where, told=problem, companies=companies)
            return (answer, 422) if told else answer
        if not identifying.wanted():
            return _page("name", email, where)
        missing = identifying.missing() if step == "identity" else {}
        if missing:
            return _page("identity", email, where, told=missing), 422
        return _page("identity" if step == "email" else "name", email, where)

    def _companies(self) -> Sequence[identity_pb2.Membership]:
        """Those to pick from (AMI-04); without a choice none."""
        if len(g.held.profile.memberships) < 2:
            return ()
        found = self._administration.ListAdministered(administration_pb2.ListAdministeredRequest()).memberships
        return found if len(found) > 1 else ()

    def _added(self, email: str, where: identity_pb2.Membership) -> Answer:
        given: dict[str, Any] = {name: request.form.get(name, "").strip() for name in ("first_name", "last_name")}
        days, identified = access_days.written(), identifying.written()
        elsewhere = where.organisation_id if where.organisation_id != g.held.current.organisation_id else ""
        wanted = identity_pb2.AddMemberRequest(
            email=email, role=roles.chosen(firm=_firm(where)), programmes=roles.programmes() if _firm(where) else (),
            # Whoever is invited by code is spoken to in English (NET-21), until the person chooses a language.
            language=texts.language() if identified is None else "en", identification=identified,
            validity=days if days.first_day or days.last_day else None, organisation_id=elsewhere, **given,
        )  # fmt: skip
        try:
            added = self._members.AddMember(wanted)
        except Failure as failure:
            told = {name.removeprefix("identification."): text for name, text in access_days.by_field(problems(failure, "email")).items()}
            page = "email" if "email" in told and not identified else "identity" if told.keys() & {*identifying.FIELDS, "email"} else "name"
            return _page(page, email, where, told=told, companies=self._companies()), failure.http_status
        if elsewhere:
            foreign = identified is not None
            return render_template("administration/added_elsewhere.html", member=added, where=where, firm=_firm(where), foreign=foreign)
        if identified is not None and is_firm():
            return redirect(url_for("administration.invitation", membership=added.membership_id, done="added"))
        if is_firm():
            return redirect(url_for("administration.members", added=1))
        how = "code" if identified is not None else 1
        return redirect(url_for("administration.folders", membership=added.membership_id, added=how))


def _page(
    name: str, email: str, where: identity_pb2.Membership, *, told: dict[str, str] | None = None,
    companies: Sequence[identity_pb2.Membership] = (),
) -> str:  # fmt: skip
    firm = _firm(where)
    return render_template(
        f"administration/add_{name}.html", email=email, where=where, firm=firm, written=request.form, days=access_days.written(),
        roles=roles.offered(firm=firm), role=roles.chosen(firm=firm), meaning=partial(roles.meaning, firm=firm),
        programmes=roles.PROGRAMMES if firm else (), ticked=roles.programmes(), scoped=roles.SCOPED, problems=told or {},
        companies=companies, foreign=identifying.wanted(), who=identifying.carried(), countries=texts.all_countries(),
        last=[(field, value) for field in LAST for value in request.form.getlist(field)],
    )  # fmt: skip


def _firm(where: identity_pb2.Membership) -> bool:
    return bool(where.kind == identity_pb2.ORGANISATION_KIND_FIRM)


def looks_like_address(text: str) -> bool:
    """Whether it can be a mail address at all; identity looks closer."""
    before, _, after = text.partition("@")
    return bool(before and after) and len(text) <= 254
