"""Back-office systems act with a key, within narrow limits, as the member who made it."""

from dataclasses import replace

import pytest
from kontor.access.v1 import access_pb2 as access
from kontor.identity.v1 import identity_pb2 as pb

from chassis.caller import Caller
from chassis.errors import Denied, NotFound, Unauthenticated
from chassis.testing import person
from tests.identity.world import World, later


def made(world: World, who: Caller, days: int = 30) -> pb.CreateApiKeyResponse:
    return world.organisations(who).CreateApiKey(pb.CreateApiKeyRequest(label="Lønnssystem", valid_days=days))


def exchanged(world: World, key: str) -> Caller:
    answer = world.sessions.ExchangeApiKey(pb.ExchangeApiKeyRequest(api_key=key))
    return world.asserted(answer.assertions["documents"], "documents")


def refused(world: World, key: str) -> bool:
    try:
        exchanged(world, key)
    except Unauthenticated as why:
        return why.reason == "api_key_unknown"
    return False


def test_a_key_acts_as_its_member_and_may_less(world: World, administrator: Caller) -> None:
    """A leaked key reads and writes documents; it adds no members, shares no folders, makes no keys and is never fresh."""
    who = exchanged(world, made(world, administrator).secret)
    assert (who.membership_id, who.organisation_id) == (administrator.membership_id, administrator.organisation_id)
    assert {access.PERMISSION_DOCUMENT_READ, access.PERMISSION_DOCUMENT_WRITE, access.PERMISSION_CHANGE_READ} <= set(who.permissions)
    assert set(who.permissions) < set(administrator.permissions)
    too_much = {access.PERMISSION_MEMBER_MANAGE, access.PERMISSION_API_KEY_MANAGE, access.PERMISSION_LINK_MANAGE}
    assert not too_much & set(who.permissions)
    assert (who.stepped_up(), who.session_id) == (False, "")


def test_a_key_is_shown_once_and_kept_as_a_digest(world: World, administrator: Caller) -> None:
    """The list shows its first characters."""
    key = made(world, administrator)
    (listed,) = world.organisations(administrator).ListApiKeys(pb.ListApiKeysRequest()).api_keys
    assert key.secret.startswith(listed.prefix)
    assert key.secret not in str(world.sql("select cast(k as text) from api_keys k"))
    assert not listed.HasField("last_used_at")
    exchanged(world, key.secret)
    (listed,) = world.organisations(administrator).ListApiKeys(pb.ListApiKeysRequest()).api_keys
    assert listed.HasField("last_used_at")


def test_a_key_ends_when_revoked_when_expired_and_with_its_member(world: World, administrator: Caller) -> None:
    """P7: at once."""
    revoked, expiring, orphaned = (made(world, administrator, days=days) for days in (30, 1, 60))
    world.organisations(administrator).RevokeApiKey(pb.RevokeApiKeyRequest(api_key_id=revoked.api_key.api_key_id))
    assert refused(world, revoked.secret)
    assert not refused(world, expiring.secret)
    with later(days=1, seconds=1):
        assert refused(world, expiring.secret)
        assert not refused(world, orphaned.secret)
    world.sql("update memberships set removed_at = added_at")
    assert refused(world, orphaned.secret)
    assert refused(world, "kontor_" + "x" * 43)


def test_a_key_loses_what_its_member_loses(world: World, administrator: Caller) -> None:
    """What the member may now, not then."""
    key = made(world, administrator)
    world.sql("update memberships set role = 'consultant'")
    assert access.PERMISSION_CLIENT_CREATE not in exchanged(world, key.secret).permissions


def test_a_key_tells_nothing_of_its_members_other_organisations(world: World, administrator: Caller) -> None:
    """P10: the key is one firm's; to whom else the person belongs is not that firm's business."""
    held = replace(exchanged(world, made(world, administrator).secret), permissions=(access.PERMISSION_SESSION_USE,))
    own = world.account(held).GetProfile(pb.GetProfileRequest())
    world.client(administrator, email=own.email)
    assert [each.membership_id for each in world.account(held).GetProfile(pb.GetProfileRequest()).memberships] == [held.membership_id]
    person_held = replace(held, session_id=held.user_id)
    assert len(world.account(person_held).GetProfile(pb.GetProfileRequest()).memberships) == 2


def test_a_key_of_another_firm_cannot_be_revoked(world: World, administrator: Caller) -> None:
    """P10."""
    key = made(world, administrator)
    stranger = person(access.PERMISSION_API_KEY_MANAGE, organisation_kind="firm")
    with pytest.raises(NotFound):
        world.organisations(stranger).RevokeApiKey(pb.RevokeApiKeyRequest(api_key_id=key.api_key.api_key_id))
    assert list(world.organisations(stranger).ListApiKeys(pb.ListApiKeysRequest()).api_keys) == []


def test_making_a_key_needs_a_fresh_second_factor(world: World, administrator: Caller) -> None:
    """Design § 5: step-up."""
    with pytest.raises(Denied) as why:
        made(world, replace(administrator, authenticated_at=administrator.authenticated_at - 16 * 60))
    assert why.value.reason == "step_up_needed"
