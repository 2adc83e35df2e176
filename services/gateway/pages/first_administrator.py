"""A company and its first administrator, as the forms for making a client and for making a firm ask them (ACC-06)."""

from flask import request
from kontor.identity.v1 import identity_pb2

from chassis.errors import Failure
from services.gateway import reasons, texts

# What identity calls the field, and where it stands on the form.
ON_FORM = {"administrator.email": "email", "administrator.first_name": "first_name", "administrator.last_name": "last_name"}


def company() -> dict[str, str]:
    """The company, by the contract's names."""
    return {name: request.form.get(name, "").strip() for name in ("name", "organisation_number", "country")}


def written() -> identity_pb2.FirstAdministrator:
    """The person."""
    given = {name: request.form.get(name, "").strip() for name in ON_FORM.values()}
    language = request.form.get("language", "")
    return identity_pb2.FirstAdministrator(language=language if language in texts.NAMES else "", **given)


def problems(failure: Failure) -> dict[str, str]:
    """What is wrong, by the fields of the form."""
    return {ON_FORM.get(name, name): told for name, told in reasons.problems(failure, "organisation_number").items()}
