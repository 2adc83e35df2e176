"""Activity: who did what when in the organisation, the firm's accesses included, checked and taken along as a file (BEY-09)."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, g, render_template, request
from kontor.access.v1 import access_pb2
from kontor.audit.v1 import audit_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc

from chassis import clock
from chassis.service import Peers
from services.gateway import texts
from services.gateway.pages.administration import acts
from services.gateway.reader import may
from services.gateway.trails import Found, Trails

PEOPLE = 200
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def add_to(pages: Blueprint, peers: Peers) -> None:
    """The routes; each service refuses its chain to whoever may not read it."""
    activity = Activity(peers)
    pages.add_url_rule("/activity", "activity", activity.activity, methods=["GET"])
    pages.add_url_rule("/activity/check", "check_activity", activity.check, methods=["POST"])
    pages.add_url_rule("/activity/file", "activity_file", activity.file, methods=["GET"])


class Activity:
    """The pages."""

    def __init__(self, peers: Peers) -> None:
        self._trails = Trails(peers)
        self._organisations = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._documents = documents_pb2_grpc.DocumentsStub(peers.channel("documents"))

    def activity(self) -> str:
        """Newest first, filtered, a page at a time."""
        filters = _filters()
        found = self._trails.newest(_wanted(filters), request.args.get("page", "")[:200])
        part = request.headers.get("HX-Target") == "work"
        people = [] if part else self._people()
        names = self._names(found, filters["person"], filters["about"])
        return render_template(
            "administration/activity_work.html" if part else "administration/activity.html", found=found, names=names, acts=acts,
            filters=filters, place={name: value or None for name, value in filters.items()}, kinds=acts.KINDS, people=people, about=_about,
        )  # fmt: skip

    def check(self) -> str:
        """Go through every entry from the first; then it can be taken along."""
        total, broken = self._trails.broken(str(g.held.current.organisation_id))
        return render_template("administration/activity_checked.html", total=total, broken=broken, at=clock.now())

    def file(self) -> Response:
        """All of it, as `kontor audit verify` reads it."""
        lines = self._trails.file(str(g.held.current.organisation_id))
        name = f"kontor-audit-{clock.now():%Y-%m-%d}.jsonl"
        return Response(lines, mimetype="application/jsonl", headers={"Content-Disposition": f'attachment; filename="{name}"'})

    def _people(self) -> list[identity_pb2.Member]:
        return list(self._organisations.ListMembers(identity_pb2.ListMembersRequest(page_size=PEOPLE)).members)

    def _names(self, found: Found, *chosen: str) -> dict[str, identity_pb2.ResolvedName]:
        """The names for the ids on the page, of documents as far as the reader sees them."""
        ids = {each for _, entry in found.entries for each in _ids(entry)} | set(chosen)
        asked = sorted(each for each in ids if _ID.fullmatch(each))[:500]
        answer = self._organisations.ResolveNames(identity_pb2.ResolveNamesRequest(ids=asked))
        return {each.id: each for each in answer.names} | self._document_names(found)

    def _document_names(self, found: Found) -> dict[str, identity_pb2.ResolvedName]:
        ids = {_document(entry) for _, entry in found.entries if entry.action.startswith("document.")}
        asked = sorted(each for each in ids if _ID.fullmatch(each))
        if not asked or not may(access_pb2.PERMISSION_DOCUMENT_READ):
            return {}
        seen = self._documents.BatchGetDocuments(documents_pb2.BatchGetDocumentsRequest(document_ids=asked)).documents
        return {each.document_id: identity_pb2.ResolvedName(id=each.document_id, name=each.name) for each in seen}


def _filters() -> dict[str, str]:
    """What is asked for; whatever is no such thing is left out."""
    given = request.args
    kind, person, about = given.get("kind", ""), given.get("person", ""), given.get("about", "")
    return {
        "kind": kind if kind in acts.KINDS else "", "person": person if _ID.fullmatch(person) else "",
        "about": about if _ID.fullmatch(about) else "", "since": _day(given.get("since", "")), "until": _day(given.get("until", "")),
    }  # fmt: skip


def _wanted(filters: dict[str, str]) -> dict[str, Any]:
    """The same, as the services are asked: whole days in the organisation's time zone."""
    wanted: dict[str, Any] = {"person": filters["person"], "subject": filters["about"]}
    if filters["kind"]:
        wanted["actions"] = list(acts.KINDS[filters["kind"]][1])
    if filters["since"]:
        wanted["since"] = _midnight(date.fromisoformat(filters["since"]))
    if filters["until"]:
        wanted["until"] = _midnight(date.fromisoformat(filters["until"]) + timedelta(days=1))
    return wanted


def _day(written: str) -> str:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return ""
    return day.isoformat() if 2000 <= day.year < 2099 else ""


def _midnight(day: date) -> str:
    return f"{datetime.combine(day, time(), texts.zone()).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _ids(entry: audit_pb2.Entry) -> tuple[str, ...]:
    return (entry.caller.removeprefix("user:"), entry.subject, entry.facts.get("user", ""), entry.facts.get("api_key", ""))


def _document(entry: audit_pb2.Entry) -> str:
    return str(entry.facts.get("document") or entry.subject)


def _about(entry: audit_pb2.Entry, names: dict[str, identity_pb2.ResolvedName]) -> str:
    """What it was done to, by name, where there is one; nothing where it was done to oneself."""
    whose = names.get(entry.facts.get("user", ""))
    subject = names.get(_document(entry)) or whose
    known = entry.facts.get("name") or entry.facts.get("label") or (subject.name if subject else "")
    doer = whose if entry.caller == "anyone" else names.get(entry.caller.removeprefix("user:"))
    return "" if doer and known == doer.name else str(known)
