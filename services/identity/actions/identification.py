"""Add somebody who is known by an identifier and its country, and comes in by code (NET-06 to NET-11)."""

from kontor.identity.v1 import identity_pb2 as pb

from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Invalid, TooMany
from services.identity import addresses, budgets, identifiers, letters, phones, rules
from services.identity.actions import members, validity
from services.identity.models import Membership, User
from services.identity.sealing import Keyring


def add_identified(database: Database, keyring: Keyring, caller: Caller, request: pb.AddMemberRequest) -> str:
    """Make the person a member; answers the membership's id. One who is found gets rights here, with the account there is (NET-09).

    Raises TooMany, Conflict `already_member`, Invalid `system_id_unknown`, `email_invalid`, `phone_number_invalid` and as `add_member`.
    """
    with database.transaction() as tx:
        # Kept whatever comes of it: nobody tries out who is known here.
        wait = budgets.count(tx, f"identification:{caller.user_id}", rules.IDENTIFICATIONS, rules.IDENTIFICATIONS_PERIOD)
    if wait:
        raise TooMany("too_many_attempts", "Too many people looked up; wait a little.", facts={"retry_after": str(wait)})
    asked = request.identification
    phone = phones.normalised(asked.phone_number, country=asked.phone_country, allowed=None) if asked.phone_number.strip() else ""
    with database.transaction() as tx:
        return _add(tx, keyring, caller, request, phone)


def _add(tx: Transaction, keyring: Keyring, caller: Caller, request: pb.AddMemberRequest, phone: str) -> str:
    organisation, asked = members.organisation_for(tx, caller, request.organisation_id), request.identification
    name = f"{request.last_name} {request.first_name}"
    invited = members.Invited(addresses.normalised(request.email), request.first_name, request.last_name, request.language)
    found = _found(tx, keyring, asked, name)
    user, new = (found, False) if found else members.account(tx, invited)
    # Whoever has used the account is told; others are invited by code, and need no second mail.
    letter = letters.ADDED if user.verified_at else ""
    held = members.to_hold(organisation, request.role, request.programmes)
    entered = None if new else members.as_entered(invited)
    membership_id = members.admit(tx, caller, organisation, user, held=held, letter=letter, entered=entered)
    membership = tx.get_one(Membership, membership_id)
    membership.identifier_id = identifiers.claim(
        tx, keyring, user_id=user.id, country=asked.country, identifier=asked.identifier, name=name
    )
    membership.identifier = keyring.seal(asked.identifier.strip(), bound_to=membership_id)
    membership.phone = keyring.seal(phone, bound_to=membership_id) if phone else None
    if request.HasField("validity"):
        validity.limit(tx, membership, organisation, request.validity)
    return membership_id


def _found(tx: Transaction, keyring: Keyring, asked: pb.Identification, name: str) -> User | None:
    """The person there is already: by the identifier in this system, else by a proven one of the same country."""
    if asked.registered == pb.REGISTERED_YES and asked.system_id.strip():
        person = identifiers.of_system(tx, asked.system_id)
        if person is None:
            fault = "system_id_unknown"
            raise Invalid(fault, "Nobody has this identifier.", fields={"identification.system_id": fault})
        return person
    return identifiers.proven(tx, keyring, country=asked.country, identifier=asked.identifier, name=name)
