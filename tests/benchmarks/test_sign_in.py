"""What signing in costs beside Argon2id alone, a second factor beside its arithmetic, and what a request pays for knowing who asks."""

import itertools
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from kontor.access.v1.access_pb2 import PERMISSION_DOCUMENT_READ
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import text

from chassis import caller, clock
from chassis.caller import Signer, Verifier
from chassis.testing import person
from services.identity.passwords import Passwords
from tests.benchmarks.measure import report, side_by_side, told
from tests.identity.world import PASSWORD, Somebody, World

BERIT = "berit@kontoret.example.no"
RAW_SESSION = "select user_id from sessions where token = decode(md5(:any), 'hex')"


@pytest.fixture
def world(new_database: object, tmp_path: Path) -> Iterator[World]:
    """Identity alone, on its database."""
    made = World(new_database("identity"), tmp_path)  # type: ignore[operator]
    yield made
    made.service.close()


@pytest.fixture
def somebody(world: World) -> Somebody:
    """With an app, and signed in."""
    world.firm()
    return world.activated(BERIT)


def test_what_a_sign_in_costs(world: World, somebody: Somebody) -> None:
    """P27: a whole sign-in, password and code, against the hash that it cannot do without; for one client and for two a core."""
    passwords, cores = Passwords(), os.cpu_count() or 1
    stored, steps = passwords.hash(PASSWORD), itertools.count(2)

    def argon2() -> None:
        with passwords.turn():
            assert passwords.matches(stored, PASSWORD)

    def password_and_code() -> None:
        with clock.moved(timedelta(seconds=30 * next(steps))):
            attempt = world.started(somebody).attempt
            assert world.finished(attempt, pyotp.TOTP(somebody.secret).at(clock.now())).session

    def password_alone() -> None:
        assert world.started(somebody).attempt

    one = side_by_side(40, argon2id_alone=argon2, password_alone=password_alone, password_and_code=password_and_code)
    many = side_by_side(20, clients=2 * cores, argon2id_alone=argon2, password_alone=password_alone)
    report("A sign-in, 1 client", one)
    report(f"A sign-in, {2 * cores} clients", many)
    told(f"a core: {many[0].usual / cores:.1f} Argon2id a second, {many[1].usual / cores:.1f} sign-ins to the second factor")
    assert one[2].p50 < 6 * one[0].p50


def test_what_a_second_factor_costs(world: World, somebody: Somebody) -> None:
    """RFC 6238: a code checked and counted, beside what it takes to compute it."""
    sessions, steps = world.sessions_of(world.caller(somebody)), itertools.count(2)
    app = pyotp.TOTP(somebody.secret)

    def computed() -> None:
        assert app.verify(app.now(), valid_window=1)

    def stepped_up() -> None:
        with clock.moved(timedelta(seconds=30 * next(steps))):
            sessions.StepUp(pb.StepUpRequest(method=pb.METHOD_TOTP, code=app.at(clock.now())))

    def committed() -> None:
        world.sql("update factors set failures = 0")

    timings = side_by_side(150, arithmetic_alone=computed, commit_alone=committed, code=stepped_up)
    assert report("A second factor", timings)
    assert timings[2].p99 < 5


def test_what_a_request_pays_for_knowing_who_asks(world: World, somebody: Somebody) -> None:
    """T1: the session's look-up with its assertions; their check in each service; and the permission. Beside one indexed query."""
    database = world.service.service.database
    assert database is not None
    private, public = caller.new_keys("identity")
    signer, verifier = Signer(private, issuer="identity"), Verifier(public, audience="documents")
    who = person(PERMISSION_DOCUMENT_READ)
    assertion = signer.sign(who, audience=["documents"])
    others = itertools.count()

    def indexed_query() -> None:
        database.read(text(RAW_SESSION), {"any": "x"})

    def first_check() -> None:
        # One that was not seen before: what a caller pays once in 15 seconds.
        fresh = signer.sign(person(PERMISSION_DOCUMENT_READ, session_id=str(next(others))), audience=["documents"])
        began = time.perf_counter()
        assert verifier.verify(fresh)
        first.append(time.perf_counter() - began)

    first: list[float] = []
    timings = side_by_side(
        300, indexed_query=indexed_query, session_resolved=lambda: world.resolved(somebody),
        assertion_checked_again=lambda: verifier.verify(assertion), permission=lambda: PERMISSION_DOCUMENT_READ in who.permissions,
        assertion_signed_and_checked_first=first_check,
    )  # fmt: skip
    assert report("Who asks", timings)
    first.sort()
    told(f"assertion checked the first time: p50 {first[len(first) // 2] * 1e6:.0f} µs, p99 {first[int(len(first) * 0.99)] * 1e6:.0f} µs")
    assert timings[2].p50 < timings[1].p50
