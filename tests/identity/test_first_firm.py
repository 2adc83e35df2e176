"""An operator makes the first firm of an installation with the command `kontor firm`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chassis import caller
from tests.architecture.tree import ROOT
from tests.identity.world import NUMBERS, SEALING_KEYS, World

ADDRESS = "berit@kontoret.example.no"


@pytest.fixture
def environ(world: World, tmp_path: Path) -> dict[str, str]:
    """What identity's own process is given."""
    key = json.loads((tmp_path / "signing.json").read_text())
    public = {name: value for name, value in key.items() if name != "d"}
    (tmp_path / "public.json").write_text(json.dumps({"keys": [public]}))
    database = world.service.service.database
    assert database is not None
    return {
        "KONTOR_IDENTITY_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "KONTOR_IDENTITY_SIGNING_KEY": str(tmp_path / "signing.json"),
        "KONTOR_IDENTITY_SEALING_KEYS": SEALING_KEYS,
        "KONTOR_IDENTITY_PUBLIC_URL": "https://portal.example.no",
        "KONTOR_ASSERTION_KEYS": str(tmp_path / "public.json"),
        "KONTOR_PEERS": "notify=127.0.0.1:1",
        "PYTHONPATH": str(ROOT),
    }


def kontor_firm(environ: dict[str, str], number: str = NUMBERS["NO"][0]) -> "subprocess.CompletedProcess[str]":
    who = ["--email", ADDRESS, "--first-name", "Berit", "--last-name", "Revisordal", "--language", "nb"]
    command = [sys.executable, "-m", "services", "firm", "Nordlys Regnskap AS", "--number", number, "--country", "NO", *who]
    return subprocess.run(command, env={**os.environ, **environ}, check=False, capture_output=True, text=True)


def test_an_operator_makes_the_first_firm_and_its_administrator_comes_in(world: World, environ: dict[str, str]) -> None:
    """ACC-06, ACC-15: from an empty installation to a signed-in administrator of a firm."""
    said = kontor_firm(environ)
    assert said.returncode == 0, said.stderr
    assert "Nordlys Regnskap AS is made" in said.stdout
    assert ADDRESS in said.stdout
    administrator = world.caller(world.activated(ADDRESS))
    assert (administrator.organisation_name, administrator.organisation_kind) == ("Nordlys Regnskap AS", "firm")


def test_a_firm_that_cannot_be_made_says_why(world: World, environ: dict[str, str]) -> None:
    wrong = kontor_firm(environ, number="123456789")
    assert wrong.returncode == 1
    assert "organisation_number_invalid" in wrong.stderr
    assert world.sql("select count(*) from organisations") == [(0,)]
    assert kontor_firm(environ).returncode == 0
    assert "organisation_exists" in kontor_firm(environ).stderr


def test_only_the_holder_of_identitys_key_makes_a_firm(world: World, environ: dict[str, str], tmp_path: Path) -> None:
    _, somebody_elses = caller.new_keys("identity")
    (tmp_path / "public.json").write_text(json.dumps(somebody_elses.as_dict(private=False)))
    assert "bad_assertion" in kontor_firm(environ).stderr
    assert world.sql("select count(*) from organisations") == [(0,)]
