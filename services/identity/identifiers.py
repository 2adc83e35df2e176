"""Who somebody is beside an address: a personal number or another code with its country, and the identifier in this system."""

import json
import unicodedata
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import stdnum.dk.cpr
import stdnum.ee.ik
import stdnum.fi.hetu
import stdnum.is_.kennitala
import stdnum.lt.asmens
import stdnum.no.fodselsnummer
import stdnum.pl.pesel
import stdnum.se.personnummer
import uuid_utils.compat as uuid
from sqlalchemy import ColumnElement, exists, or_, select, update
from stdnum import luhn
from stdnum.exceptions import ValidationError

from chassis import clock
from chassis.db import Transaction
from services.identity import tokens
from services.identity.invitation_rows import Identifier
from services.identity.models import Factor, Membership, Session, User
from services.identity.passkey_rows import Passkey
from services.identity.provider_rows import ProviderBinding
from services.identity.sealing import Keyring

# Numbers that a country gives to one person only, told by their form and check digit. Any other code counts together with the name.
NUMBERS: dict[str, ModuleType] = {
    "DK": stdnum.dk.cpr, "EE": stdnum.ee.ik, "FI": stdnum.fi.hetu, "IS": stdnum.is_.kennitala, "LT": stdnum.lt.asmens,
    "NO": stdnum.no.fodselsnummer, "PL": stdnum.pl.pesel, "SE": stdnum.se.personnummer,
}  # fmt: skip
_NUMBER = "number:"


@dataclass(frozen=True)
class Opened:
    """Whom a number lets in; and where it is not proven, the claim whose organisations alone it opens."""

    user: User
    identifier_id: str | None


def spelling(country: str, identifier: str, *, name: str) -> str:
    """The one spelling under which an identifier is compared. A date of birth is many people's: the name belongs to it."""
    text = unicodedata.normalize("NFKC", identifier).strip()
    for attempt in (text, _bare(text).upper()) if country in NUMBERS else ():
        try:
            return f"{_NUMBER}{_full(country, str(NUMBERS[country].validate(attempt)))}"
        except ValidationError:
            continue
    return f"code:{_bare(text)}:{_bare(name)}"


def written(system_id: str) -> str:
    """The identifier in this system as people write it, its check character last: ABC-DEF-GHJ."""
    whole = system_id + luhn.calc_check_digit(system_id, tokens.ALPHABET)
    return "-".join(whole[at : at + 3] for at in range(0, len(whole), 3))


def read(typed: str) -> str | None:
    """The identifier in this system as it is stored; None for what is mistyped."""
    whole = tokens.read_code(typed)
    if len(whole) != 9 or not set(whole) <= set(tokens.ALPHABET) or not luhn.is_valid(whole, tokens.ALPHABET):
        return None
    return whole[:-1]


def of_system(tx: Transaction, typed: str) -> User | None:
    """The person whose identifier in this system this is."""
    system_id = read(typed)
    return tx.scalars(select(User).where(User.system_id == system_id)).one_or_none() if system_id else None


def proven(tx: Transaction, keyring: Keyring, *, country: str, identifier: str, name: str) -> User | None:
    """The person who has been proven to have this identifier (NET-09)."""
    digests = keyring.digests(spelling(country, identifier, name=name), bound_to=_bound(country))
    found = select(User).join(Identifier, Identifier.user_id == User.id)
    return tx.scalars(found.where(Identifier.digest.in_(digests), Identifier.proven_at.is_not(None)).limit(1)).one_or_none()


def opened(tx: Transaction, keyring: Keyring, *, country: str, identifier: str) -> Opened | None:
    """The person whom a national number lets in, as proved by an eID: whose it is proven to be, else whose alone it is said to be.

    Said, it opens only an account that nobody else can have: unused, and had by those alone who entered this very number, or opened by it
    in that state before. It proves nothing for other organisations: whoever said it may have given the account an address of their own, or
    somebody else's.
    """
    spelt = spelling(country, identifier, name="")
    if not spelt.startswith(_NUMBER):
        return None
    same = (Identifier.digest.in_(keyring.digests(spelt, bound_to=_bound(country))), Identifier.country == country)
    said = tx.scalars(select(Identifier).where(*same).order_by(Identifier.opened_at, Identifier.id)).all()
    sure = [each for each in said if each.proven_at] or said
    if len({each.user_id for each in sure}) != 1:
        return None
    first, person = sure[0], tx.get_one(User, sure[0].user_id)
    if first.proven_at:
        return Opened(person, None)
    return Opened(person, first.id) if first.opened_at or _unused(tx, first) else None


def _unused(tx: Transaction, said: Identifier) -> bool:
    """Whether the account has nothing of its own yet, and every organisation that has it, at least one, entered this very number."""
    here = (Membership.user_id == User.id, Membership.removed_at.is_(None))
    own = [exists().where(table.user_id == User.id) for table in (Factor, Passkey, ProviderBinding)]
    other = exists().where(*here, Membership.identifier_id.is_distinct_from(said.id))
    used = or_(User.password_hash.is_not(None), User.opened_at.is_not(None), *own, other)
    return bool(tx.scalar(select(exists().where(*here) & ~used).where(User.id == said.user_id)))


def reached(identifier_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The memberships that a session reaches which this number opened; any, where there is none."""
    return or_(identifier_id.is_(None), Membership.identifier_id == identifier_id)


def of_session(session_id: str | None) -> ColumnElement[Any]:
    """The number not proven that opened the session, if one did."""
    return select(Session.identifier_id).where(Session.id == session_id).scalar_subquery()


def claim(tx: Transaction, keyring: Keyring, *, user_id: str, country: str, identifier: str, name: str) -> str:
    """Write down that this is said to be the person's identifier; answers the row's id. It proves nothing yet."""
    spelt = spelling(country, identifier, name=name)
    digests = keyring.digests(spelt, bound_to=_bound(country))
    same = select(Identifier.id).where(Identifier.user_id == user_id, Identifier.digest.in_(digests))
    known = tx.scalar(same.order_by(Identifier.id).limit(1))
    if known:
        return known
    identifier_id = str(uuid.uuid7())
    sealed = keyring.seal(json.dumps([identifier.strip(), spelt]), bound_to=identifier_id)
    tx.add(Identifier(id=identifier_id, user_id=user_id, country=country, sealed=sealed, digest=digests[0], claimed_at=clock.now()))
    return identifier_id


def prove(tx: Transaction, identifier_id: str) -> bool:
    """The claim holds: an administrator made sure, and the person came through both codes. False where it is somebody else's already."""
    other = Identifier.__table__.alias()
    mine = (Identifier.id == identifier_id, Identifier.proven_at.is_(None))
    taken = exists().where(other.c.digest == Identifier.digest, other.c.proven_at.is_not(None))
    proved = update(Identifier).where(*mine, ~taken).values(proven_at=clock.now()).returning(Identifier.id)
    return tx.execute(proved).scalar() is not None


def renewed(keyring: Keyring, country: str, opened: str) -> bytes:
    """By the current key, the digest of what was sealed."""
    return keyring.digests(json.loads(opened)[1], bound_to=_bound(country))[0]


def shown(tx: Transaction, keyring: Keyring, membership: Membership) -> tuple[str, str]:
    """Country and identifier as they were entered here, and not as another organisation wrote the same; empty where there is none."""
    row = tx.get(Identifier, membership.identifier_id) if membership.identifier_id else None
    if row is None:
        return "", ""
    if membership.identifier:
        return row.country, keyring.unseal(membership.identifier, bound_to=membership.id)
    return row.country, str(json.loads(keyring.unseal(row.sealed, bound_to=row.id))[0])


def _bound(country: str) -> str:
    return f"identifier:{country}"


def _full(country: str, number: str) -> str:
    """A Swedish number is written with ten digits or twelve, and is the same."""
    compact = _bare(number)
    if country == "SE" and len(compact) == 10:
        return stdnum.se.personnummer.get_birth_date(number).strftime("%Y%m%d") + compact[6:]
    return compact


def _bare(text: str) -> str:
    return "".join(character for character in unicodedata.normalize("NFKC", text).casefold() if character.isalnum())
