"""Whom an administrator may know by name: those the audit trail of the organisation may be about."""

from kontor.access.v1.access_pb2 import PERMISSION_AUDIT_READ, PERMISSION_DOCUMENT_READ
from kontor.identity.v1 import identity_pb2 as pb

from chassis.caller import Caller
from chassis.testing import person
from tests.identity.world import World


def named(world: World, who: Caller, *ids: str) -> dict[str, tuple[str, str]]:
    answer = world.organisations(who).ResolveNames(pb.ResolveNamesRequest(ids=ids))
    return {each.id: (each.name, each.organisation_name) for each in answer.names}


def test_both_sides_are_named_to_each_other_and_nobody_to_strangers(world: World, administrator: Caller) -> None:
    """BEY-09, P10: the client sees who at the firm did something, also who was removed since; others are told nothing."""
    client = world.client(administrator)
    kari = world.caller(world.activated("kari@bakeri.example.no"))
    ids = (administrator.user_id, administrator.membership_id, kari.user_id, kari.membership_id, client.organisation_id)
    assert named(world, kari, *ids) == {
        administrator.user_id: ("Berit Revisordal", "Nordlys Regnskap AS"),
        administrator.membership_id: ("Berit Revisordal", "Nordlys Regnskap AS"),
        kari.user_id: ("Kari Bakerud", ""),
        kari.membership_id: ("Kari Bakerud", ""),
    }
    assert named(world, administrator, *ids)[kari.user_id] == ("Kari Bakerud", "Bakerud Bakeri AS")
    world.sql("update memberships set removed_at = added_at where id = :id", id=administrator.membership_id)
    assert named(world, kari, administrator.user_id)[administrator.user_id][0] == "Berit Revisordal"
    assert named(world, person(PERMISSION_AUDIT_READ), *ids) == {}


def test_keys_are_named_by_what_they_are_for(world: World, administrator: Caller) -> None:
    """BEY-09: also those that were revoked; to the firm alone."""
    asked = pb.CreateApiKeyRequest(label="Lønnssystem", valid_days=1, permissions=[PERMISSION_DOCUMENT_READ], all_clients=True)
    key = world.organisations(administrator).CreateApiKey(asked).api_key.api_key_id
    world.organisations(administrator).RevokeApiKey(pb.RevokeApiKeyRequest(api_key_id=key))
    assert named(world, administrator, key) == {key: ("Lønnssystem", "")}
    world.client(administrator)
    assert named(world, world.caller(world.activated("kari@bakeri.example.no")), key) == {}
