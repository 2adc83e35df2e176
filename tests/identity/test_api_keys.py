"""Back-office systems act with a key, within narrow limits, as the member who made it."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import uuid_utils.compat as uuid
from buf.validate import validate_pb2
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from kontor.access.v1 import access_pb2 as access
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import passkeys_pb2
from kontor.identity.v1.passkeys_pb2_grpc import PasskeysStub
from kontor.notify.v1 import notify_pb2

from chassis.caller import Caller
from chassis.errors import Conflict, Denied, Invalid, NotFound, Unauthenticated
from chassis.testing import at_once, person
from services.identity.rules import TERMS_VERSION
from tests.access.test_matrix import every_rpc
from tests.identity.authenticator import Authenticator
from tests.identity.phone import Phone, enrolled
from tests.identity.world import NUMBERS, Somebody, World, later

READ, WRITE = access.PERMISSION_DOCUMENT_READ, access.PERMISSION_DOCUMENT_WRITE
MOST = (READ, WRITE, access.PERMISSION_CHANGE_READ, access.PERMISSION_CLIENT_CREATE, access.PERMISSION_LINK_READ)


def made(world: World, who: Caller, days: int = 30, **given: Any) -> pb.CreateApiKeyResponse:
    limits: dict[str, Any] = {"permissions": MOST, "all_clients": "organisation_ids" not in given, **given}
    return world.organisations(who).CreateApiKey(pb.CreateApiKeyRequest(label="Lønnssystem", valid_days=days, **limits))


def exchanged(world: World, key: str, *, service: str = "documents", address: str = "") -> Caller:
    answer = world.sessions.ExchangeApiKey(pb.ExchangeApiKeyRequest(api_key=key, address=address))
    return world.asserted(answer.assertions[service], service)


def refused(world: World, key: str) -> bool:
    try:
        exchanged(world, key)
    except Unauthenticated as why:
        return why.reason == "api_key_unknown"
    return False


def listed(world: World, who: Caller) -> pb.ApiKey:
    (key,) = world.organisations(who).ListApiKeys(pb.ListApiKeysRequest()).api_keys
    return key


def trail(world: World, prefix: str = "api_key") -> list[tuple[object, ...]]:
    return world.sql("select action, caller, facts from audit where action like :prefix order by number", prefix=f"{prefix}.%")


def test_a_key_acts_as_its_member_and_may_less(world: World, administrator: Caller) -> None:
    """A leaked key adds no members, shares no folders, makes no keys and is never fresh, whatever was chosen for it."""
    who = exchanged(world, made(world, administrator).secret)
    assert (who.membership_id, who.organisation_id) == (administrator.membership_id, administrator.organisation_id)
    assert set(who.permissions) == {*MOST, access.PERMISSION_SESSION_USE}
    assert (who.stepped_up(), who.session_id, who.clients) == (False, "", ())


def test_a_key_may_what_was_chosen_and_nothing_more(world: World, administrator: Caller) -> None:
    """P10: the permissions of a key are a subset of what machines may do."""
    assert exchanged(world, made(world, administrator, permissions=[READ]).secret).permissions == (access.PERMISSION_SESSION_USE, READ)
    for too_much in (access.PERMISSION_MEMBER_MANAGE, access.PERMISSION_API_KEY_MANAGE, access.PERMISSION_AUDIT_READ):
        with pytest.raises(Invalid) as why:
            made(world, administrator, permissions=[READ, too_much])
        assert why.value.reason == "key_permissions_invalid"
    with pytest.raises(Invalid):
        made(world, administrator, permissions=[])


def test_a_key_is_for_the_clients_chosen(world: World, administrator: Caller) -> None:
    """P10: the limit travels in every assertion; neither another firm's client nor nothing can be chosen, and it makes no clients."""
    client = world.client(administrator)
    key = made(world, administrator, permissions=[READ], organisation_ids=[client.organisation_id.upper()])
    assert [(each.organisation_id, each.name) for each in key.api_key.clients] == [(client.organisation_id, client.name)]
    for service in ("identity", "documents", "messaging", "linking", "notify"):
        assert exchanged(world, key.secret, service=service).clients == (client.organisation_id,)
    stranger = person(access.PERMISSION_CLIENT_CREATE, organisation_kind="firm").organisation_id
    own = administrator.organisation_id
    wrong: dict[str, Any]
    for wrong in ({"organisation_ids": [stranger]}, {"organisation_ids": [own]}, {"organisation_ids": []}):
        with pytest.raises(Invalid) as why:
            made(world, administrator, permissions=[READ], **wrong)
        assert why.value.reason == "key_clients_invalid"
    with pytest.raises(Invalid):
        made(world, administrator, permissions=[READ], organisation_ids=[client.organisation_id], all_clients=True)
    with pytest.raises(Invalid) as why:
        made(world, administrator, organisation_ids=[client.organisation_id])
    assert why.value.reason == "key_permissions_invalid"


def test_a_limited_key_finds_its_own_clients_only(world: World, administrator: Caller) -> None:
    """P10: of any other client it is answered as of one that does not exist; what is about more than its clients is refused."""
    one, other = world.client(administrator), world.client(administrator, "ola@mekk.example.no", number=NUMBERS["NO"][2])
    key = made(world, administrator, permissions=[READ], organisation_ids=[one.organisation_id])
    who = exchanged(world, key.secret, service="identity")
    found = world.organisations(who).GetOrganisation
    assert found(pb.GetOrganisationRequest(organisation_id=one.organisation_id)).name == one.name
    assert found(pb.GetOrganisationRequest(organisation_id=administrator.organisation_id)).organisation_id == administrator.organisation_id
    with pytest.raises(NotFound) as why:
        found(pb.GetOrganisationRequest(organisation_id=other.organisation_id))
    assert why.value.reason == "organisation_not_found"
    with pytest.raises(Denied) as refusal:
        world.sessions_of(who).ListSessions(pb.ListSessionsRequest())
    assert refusal.value.reason == "not_for_this_key"


def test_fifty_clients_fit_into_an_assertion(world: World, administrator: Caller) -> None:
    """gRPC takes 8 KiB of metadata by default: the largest assertion is half of that."""
    client = world.client(administrator).organisation_id
    key = made(world, administrator, permissions=[READ], organisation_ids=[client])
    many = "update api_keys set clients = (select array_agg(gen_random_uuid()) from generate_series(1, 50))"
    world.sql(many)
    answer = world.sessions.ExchangeApiKey(pb.ExchangeApiKeyRequest(api_key=key.secret))
    assert max(len(each) for each in answer.assertions.values()) < 4096
    with pytest.raises(Invalid):
        made(world, administrator, permissions=[READ], organisation_ids=[f"{number:032x}" for number in range(51)])


def test_a_key_is_shown_once_and_kept_as_a_digest(world: World, administrator: Caller) -> None:
    """The list shows its first characters, what it may, who made it, and when and from where it was used last."""
    key = made(world, administrator)
    before = listed(world, administrator)
    assert key.secret.startswith(before.prefix)
    assert key.secret not in str(world.sql("select cast(k as text) from api_keys k"))
    assert not before.HasField("last_used_at")
    assert (before.created_by, before.all_clients, set(before.permissions)) == (
        "Berit Revisordal", True, {*MOST, access.PERMISSION_SESSION_USE}
    )  # fmt: skip
    exchanged(world, key.secret, address="192.0.2.7")
    after = listed(world, administrator)
    assert after.HasField("last_used_at")
    assert after.last_used_from == "192.0.2.7"


def test_the_maker_is_told_by_mail(world: World, administrator: Caller) -> None:
    """Whoever sits down at an open computer makes no key unnoticed."""
    made(world, administrator)
    assert world.mail("berit@kontoret.example.no").change == notify_pb2.SECURITY_CHANGE_API_KEY_MADE


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
    person_held = replace(held, session_id=held.user_id, api_key_id="")
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


def test_a_firm_has_at_most_a_hundred_keys(world: World, administrator: Caller) -> None:
    """Also when the last two are made at once."""
    first = made(world, administrator)
    copies = (
        "insert into api_keys (id, digest, prefix, label, organisation_id, membership_id, permissions, created_at, expires_at)"
        " select gen_random_uuid(), decode(md5(n::text), 'hex'), prefix, label, organisation_id, membership_id, permissions, created_at,"
        " expires_at from api_keys, generate_series(1, 98) n"
    )
    world.sql(copies)
    outcomes = at_once([lambda: made(world, administrator)] * 2)
    assert [type(each).__name__ for each in outcomes].count("CreateApiKeyResponse") == 1
    (refusal,) = (each for each in outcomes if isinstance(each, Conflict))
    assert refusal.reason == "too_many_api_keys"
    world.organisations(administrator).RevokeApiKey(pb.RevokeApiKeyRequest(api_key_id=first.api_key.api_key_id))
    assert made(world, administrator).secret


def test_the_trail_tells_of_a_key_from_its_making_to_its_refusal(world: World, administrator: Caller) -> None:
    """P29, BEY-09: made, used, revoked, tried again; a use once an hour, a refusal once a minute."""
    key = made(world, administrator, permissions=[READ])
    for _ in range(3):
        exchanged(world, key.secret, address="192.0.2.7")
    with later(minutes=2):
        exchanged(world, key.secret, address="192.0.2.8")
    world.organisations(administrator).RevokeApiKey(pb.RevokeApiKeyRequest(api_key_id=key.api_key.api_key_id))
    assert refused(world, key.secret)
    assert refused(world, key.secret)
    rows = trail(world)
    assert [action for action, _, _ in rows] == ["api_key.create", "api_key.use", "api_key.use", "api_key.revoke", "api_key.refuse"]
    facts: Any = {action: held for action, _, held in rows}
    assert (facts["api_key.create"]["label"], facts["api_key.create"]["permissions"]) == ("Lønnssystem", f"1,{READ}")
    assert facts["api_key.refuse"]["why"] == "revoked"
    assert key.secret not in str(rows)


def test_what_a_key_does_is_told_apart_from_what_its_member_does(world: World, administrator: Caller) -> None:
    """BEY-09: who, and by which key."""
    key = made(world, administrator)
    who = exchanged(world, key.secret, service="identity")
    world.client(replace(who, authenticated_at=administrator.authenticated_at))
    made_by = world.sql("select caller, facts->>'api_key' from audit where action = 'organisation.create' order by at desc limit 1")
    assert made_by == [(f"user:{administrator.user_id}", key.api_key.api_key_id)]


def test_a_use_from_another_address_is_seen_at_once(world: World, administrator: Caller) -> None:
    """P29, BEY-09: also a minute's thief, while the system itself works; what is seen already is not written again."""
    key = made(world, administrator)
    for address in ("192.0.2.7", "198.51.100.9", "198.51.100.9", "192.0.2.7"):
        exchanged(world, key.secret, address=address)
    uses = "select facts->>'address' from audit where action = 'api_key.use' order by number"
    assert world.sql(uses) == [("192.0.2.7",), ("198.51.100.9",), ("192.0.2.7",)]
    assert listed(world, administrator).last_used_from == "192.0.2.7"
    with later(minutes=2):
        at_once([partial(exchanged, world, key.secret, address=f"192.0.2.{7 + each % 2}") for each in range(20)])
    assert ("192.0.2.8",) in world.sql(uses)


def persons_own() -> list[str]:
    """RPCs for whoever is signed in, but those that are about no person's account."""
    methods = {rpc: method_of(rpc) for rpc in every_rpc()}
    declared = {rpc: method.GetOptions().Extensions[access.access] for rpc, method in methods.items()}
    return [rpc for rpc, each in declared.items() if each.permission == access.PERMISSION_SESSION_USE and not each.limited_keys]


def method_of(rpc: str) -> MethodDescriptor:
    service, _, name = rpc.rpartition(".")
    return descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]


def filled(kind: Descriptor, known: dict[str, str]) -> Message:
    """A request that the contract's rules let through."""
    given = dict(known)
    for field in kind.fields:
        rule = field.GetOptions().Extensions[validate_pb2.field].string
        given.setdefault(field.name, str(uuid.uuid7()) if rule.uuid else "x" * rule.min_len)
    texts = {field.name for field in kind.fields if field.type == FieldDescriptor.TYPE_STRING}
    return GetMessageClass(kind)(**{name: value for name, value in given.items() if name in texts})


def test_a_key_changes_nothing_of_its_makers_account(world: World, berit: Somebody) -> None:
    """P10, BEY-15: each of these needs the person, who has passkeys, devices and sessions; nothing is done before that is said."""
    own = PasskeysStub(world.channel(world.caller(berit)))
    made_here = Authenticator().made(own.StartPasskey(passkeys_pb2.StartPasskeyRequest()).options)
    own.AddPasskey(passkeys_pb2.AddPasskeyRequest(credential=made_here, label="Telefon"))
    enrolled(world, berit, Phone())
    (held,) = world.sql("select p.id, d.id, f.id, m.id, s.id from passkeys p, devices d, factors f, memberships m, sessions s")
    known = dict(zip(("passkey_id", "device_id", "factor_id", "membership_id", "session_id"), map(str, held), strict=True))
    known |= {"first_name": "Mallory", "label": "Mallory", "version": TERMS_VERSION}
    thief = exchanged(world, made(world, world.caller(berit)).secret, service="identity")
    before = world.sql("select count(*) from audit")
    for rpc in persons_own():
        method = method_of(rpc)
        ask = world.channel(thief).unary_unary(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=GetMessageClass(method.input_type).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )  # fmt: skip
        with pytest.raises(Denied) as why:
            ask(filled(method.input_type, known))
        assert (rpc, why.value.reason) in {(rpc, "session_needed"), (rpc, "step_up_needed")}
        assert (rpc, world.sql("select count(*) from audit")) == (rpc, before)
    assert world.sql("select label from passkeys") == [("Telefon",)]
