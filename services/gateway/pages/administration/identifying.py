"""Who somebody is that has no national electronic identity, as the form for adding a user asks it (NET-06 to NET-08)."""

from flask import request
from kontor.identity.v1 import identity_pb2

from services.gateway import texts
from services.gateway.second_factor import COUNTRIES
from services.gateway.texts import _

NO, YES = identity_pb2.REGISTERED_NO, identity_pb2.REGISTERED_YES
FIELDS = ("country", "identifier", "registered", "system_id")
SHORTEST = 3


def wanted() -> bool:
    """Whether the person is to be invited by code."""
    return request.form.get("method") == "code"


def carried() -> dict[str, str]:
    """What one page asked, for the next to send along."""
    return {name: request.form.get(name, "").strip() for name in FIELDS}


def missing() -> dict[str, str]:
    """What cannot be done without, and is not there."""
    who = carried()
    told = {
        "identifier": "" if len(who["identifier"]) >= SHORTEST else _("Write the identifier, with at least three characters."),
        "country": "" if who["country"] in texts.all_countries() else _("Choose the country that issued it."),
        "registered": "" if who["registered"] in (str(NO), str(YES)) else _("Say whether the person is a user already."),
    }
    return {name: text for name, text in told.items() if text}


def written() -> identity_pb2.Identification | None:
    """What the forms say; None for somebody who gets a link by mail."""
    if not wanted():
        return None
    who, already = carried(), request.form.get("registered") == str(YES)
    return identity_pb2.Identification(
        country=who["country"], identifier=who["identifier"], registered=YES if already else NO,
        system_id=who["system_id"] if already else "", phone_number=request.form.get("phone_number", "").strip(),
        phone_country=COUNTRIES.get(texts.language(), ""),
    )  # fmt: skip
