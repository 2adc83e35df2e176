"""Whoever has identity's database says who runs the platform, with the command `kontor operator`."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from kontor.access.v1.access_pb2 import PERMISSION_FIRM_CREATE, PERMISSION_INVITATION_SUPPORT
from kontor.identity.v1 import invitations_pb2 as inv

from chassis.errors import Denied
from tests.identity.invited import EMAIL, Inviting, stub
from tests.identity.test_first_firm import environ as environ  # the fixture
from tests.identity.world import NUMBERS, Somebody, World

ADDRESS = "berit@kontoret.example.no"
OPERATORS = {PERMISSION_FIRM_CREATE, PERMISSION_INVITATION_SUPPORT}


def kontor_operator(environ: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "services", "operator", *arguments]
    return subprocess.run(command, env={**os.environ, **environ}, check=False, capture_output=True, text=True)


def test_an_operator_is_made_and_ended_by_the_command(world: World, berit: Somebody, juri: Inviting, environ: dict[str, str]) -> None:
    """NET-17, NET-26, ACC-06: signed in before, the person may both from the next request on, and nothing of it after the end."""
    assert OPERATORS & set(world.caller(berit).permissions) == set()
    made = kontor_operator(environ, ADDRESS.upper())
    assert made.returncode == 0, made.stderr
    juri.invite()
    juri.stub.ChangeInvitee(inv.ChangeInviteeRequest(membership_id=juri.membership_id, phone_number="+46701740606"))
    operator = world.caller(berit)
    assert set(operator.permissions) >= OPERATORS
    (found,) = stub(world, operator).FindInvitees(inv.FindInviteesRequest(email=EMAIL)).invitees
    again = inv.InviteRequest(membership_id=found.membership_id, identity_checked=True)
    assert stub(world, operator).InviteAgain(again).inviter_name == "Berit Revisordal"
    with pytest.raises(Denied, match="fresh second factor"):
        stub(world, replace(operator, authenticated_at=operator.authenticated_at - 16 * 60)).InviteAgain(again)
    assert world.firm_by(operator, number=NUMBERS["SE"][0], country="SE").organisation_id
    ended = kontor_operator(environ, ADDRESS, "--remove")
    assert (ended.returncode, ended.stdout) == (0, f"{ADDRESS} is no operator any more.\n")
    assert OPERATORS & set(world.caller(berit).permissions) == set()


def test_becoming_an_operator_is_on_record(world: World, berit: Somebody, environ: dict[str, str]) -> None:
    """P29, BEY-09: in the account's chain and in the organisation's, once; a second time changes nothing and writes nothing."""
    firm = world.caller(berit).organisation_id
    assert "already" not in kontor_operator(environ, ADDRESS).stdout
    assert "already: nothing was changed" in kontor_operator(environ, ADDRESS).stdout
    kontor_operator(environ, ADDRESS, "--remove")
    assert "already: nothing was changed" in kontor_operator(environ, ADDRESS, "--remove").stdout
    rows = "select action, caller from audit where organisation_id = :id and action like 'operator.%' order by number"
    expected = [("operator.appoint", "user:operator"), ("operator.dismiss", "user:operator")]
    for chain in (firm, world.caller(berit).user_id):
        assert world.sql(rows, id=chain) == expected


def test_only_an_activated_account_runs_the_platform(world: World, environ: dict[str, str]) -> None:
    """An address that nobody has proven, or an account without a second factor, would be a way in for somebody else."""
    world.firm()
    nobody, invited = kontor_operator(environ, "nobody@kontoret.example.no"), kontor_operator(environ, ADDRESS)
    world.with_password(ADDRESS)
    without = kontor_operator(environ, ADDRESS)
    assert [each.returncode for each in (nobody, invited, without)] == [1, 1, 1]
    assert "account_not_found" in nobody.stderr
    assert "account_not_activated" in invited.stderr
    assert "account_not_activated" in without.stderr
    assert world.sql("select count(*) from users where operator") == [(0,)]
