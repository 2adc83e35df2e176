"""Lists the members of an organisation: by name, a page at a time, also searched."""

import base64
import binascii
import json
import unicodedata
import uuid

from kontor.access.v1.access_pb2 import PERMISSION_MEMBER_MANAGE
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import Boolean, String, bindparam, func, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import Invalid
from services.identity.api import messages
from services.identity.models import Membership, User

PAGE = 50
# Letters outside ASCII that have a small form. A database's own idea of small letters depends on how it was set up; this does not.
CAPITALS = "".join(chr(code) for code in range(0xC0, 0x250) if len(chr(code).lower()) == 1 and chr(code).lower() != chr(code))


def _small(text: ColumnElement[str]) -> ColumnElement[str]:
    return func.translate(func.lower(text), CAPITALS, CAPITALS.lower())


_email, _first_name, _last_name = (each.element for each in messages.SHOWN)
_searched = _small(_first_name + " " + _last_name + " " + _email)
_by_name = (_last_name, _first_name, Membership.id)
_first_page = (
    messages.MEMBERS.where(
        func.strpos(_searched, bindparam("name", type_=String)) > 0, or_(~bindparam("invited", type_=Boolean), ~messages.ACTIVATED)
    )
    .order_by(*_by_name)
    .limit(bindparam("size"))
)
_next_page = _first_page.where(tuple_(*_by_name) > tuple_(bindparam("last"), bindparam("first"), bindparam("id", type_=Membership.id.type)))
_totals = (
    select(func.count().label("members"), func.count().filter(~messages.ACTIVATED).label("invited"))
    .select_from(Membership)
    .join(User, User.id == Membership.user_id)
    .where(Membership.organisation_id == bindparam("organisation"), Membership.removed_at.is_(None))
)


def list_members(database: Database, who: Caller, request: pb.ListMembersRequest) -> pb.ListMembersResponse:
    """A page of the members of the caller's organisation, or of a client that it has made. Raises NotFound, Invalid `bad_page_token`."""
    organisation, size = _organisation(database, who, request.organisation_id), request.page_size or PAGE
    name = unicodedata.normalize("NFC", request.name.replace("\0", "").strip()).lower()
    asked = {"organisation": organisation, "name": name, "invited": request.invited, "size": size + 1}
    place = _place(request.page_token) if request.page_token else {}
    rows = database.read(_next_page if place else _first_page, asked | place)
    (totals,) = database.read(_totals, {"organisation": organisation})
    listed = [messages.to_member(row) for row in rows[:size]]
    return pb.ListMembersResponse(
        members=listed, next_page_token=_token(listed[-1]) if len(rows) > size else "", total=totals.members, total_invited=totals.invited
    )


def _organisation(database: Database, who: Caller, asked: str) -> str:
    """The organisation asked for, if its members are the caller's business. Raises NotFound."""
    if not asked or asked.lower() == who.organisation_id:
        return who.organisation_id
    found = messages.organisation(database, asked)
    # A programme administrator has to do with the firm's people; those of its clients are its administrators' business.
    if not who.organisation_id or found.firm_id != who.organisation_id or PERMISSION_MEMBER_MANAGE not in who.permissions:
        raise messages.organisation_not_found()
    return str(found.organisation_id)


def _token(member: pb.Member) -> str:
    place = json.dumps([member.last_name, member.first_name, member.membership_id], ensure_ascii=False)
    return base64.urlsafe_b64encode(place.encode()).decode()


def _place(token: str) -> dict[str, str]:
    """Where the page before ended. Raises Invalid."""
    try:
        last, first, member = map(str, json.loads(base64.urlsafe_b64decode(token)))
        f"{last}{first}".encode()  # JSON can spell half a character, which no query can carry: a ValueError like the others
        return {"last": last, "first": first, "id": str(uuid.UUID(member))}
    except (ValueError, TypeError, binascii.Error) as why:
        raise Invalid("bad_page_token", "This is no place in this list.", fields={"page_token": "bad_page_token"}) from why
