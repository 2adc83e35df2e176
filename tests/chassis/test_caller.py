"""An assertion is believed for a minute, by the service it is for, when identity's key signed it, and not otherwise."""

import base64
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, OKPKey

from chassis import caller, clock
from chassis.caller import ALGORITHM, Caller, Signer, Verifier, new_keys
from chassis.errors import Denied, Unauthenticated
from chassis.testing import person

PRIVATE, PUBLIC = new_keys("identity")
SIGNER = Signer(PRIVATE, issuer="identity")
INGRID = person(40, 41, name="Ingrid Ångström", session_id="s1")


def verifier(audience: str = "documents", keys: KeySet = PUBLIC) -> Verifier:
    return Verifier(keys, audience=audience)


def test_the_caller_arrives_whole() -> None:
    assert verifier().verify(SIGNER.sign(INGRID, audience=["documents", "identity"])) == INGRID


def test_an_assertion_is_for_its_audience_only() -> None:
    token = SIGNER.sign(INGRID, audience=["documents"])
    with pytest.raises(Unauthenticated):
        verifier("messaging").verify(token)


def test_an_assertion_ends_after_a_minute() -> None:
    """§ 5: at most 60 seconds."""
    token = SIGNER.sign(INGRID, audience=["documents"])
    with clock.moved(timedelta(seconds=55)):
        assert verifier().verify(token) == INGRID
    with clock.moved(timedelta(seconds=62)), pytest.raises(Unauthenticated):
        verifier().verify(token)


def test_a_changed_assertion_is_not_believed() -> None:
    header, body, signature = SIGNER.sign(INGRID, audience=["documents"]).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["permissions"] = [1, 2, 3]
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    for token in (f"{header}.{forged}.{signature}", f"{header}.{body}.", "", "x", "a.b.c"):
        with pytest.raises(Unauthenticated):
            verifier().verify(token)


@given(position=st.integers(0, 10_000), other=st.sampled_from("AQgw-_"))
def test_whatever_character_is_changed_nobody_else_is_believed(position: int, other: str) -> None:
    """P10."""
    token = SIGNER.sign(INGRID, audience=["documents"])
    place = position % len(token)
    changed = token[:place] + other + token[place + 1 :]
    try:
        assert verifier().verify(changed) == INGRID
    except Unauthenticated:
        assert changed != token


def test_no_other_algorithm_is_accepted() -> None:
    """RFC 8725 § 3.1: neither none, nor the public key used as a secret."""
    claims = {"iss": "identity", "aud": ["documents"], "exp": int(clock.now().timestamp()) + 60}
    public = json.dumps(PUBLIC.as_dict(private=False)).encode()
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","kid":"identity"}').decode().rstrip("=")
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    for token in (jwt.encode({"alg": "HS256", "kid": "identity"}, claims, OctKey.import_key(public)), f"{unsigned}.{body}."):
        with pytest.raises(Unauthenticated):
            verifier().verify(token)


def test_a_key_of_somebody_else_is_not_believed() -> None:
    stranger, _ = new_keys("identity")
    with pytest.raises(Unauthenticated):
        verifier().verify(Signer(stranger, issuer="identity").sign(INGRID, audience=["documents"]))


def test_a_service_asserts_only_itself_with_its_own_key() -> None:
    other, public = new_keys("notify")
    keys = KeySet([*PUBLIC.keys, *public.keys])
    token = Signer(other, issuer="notify").sign(Caller(service="notify"), audience=["documents"])
    assert verifier(keys=keys).verify(token).service == "notify"
    claims = {"service": "identity", "aud": ["documents"], "exp": int(clock.now().timestamp()) + 60}
    for issuer in ("notify", "identity"):
        with pytest.raises(Denied):
            verifier(keys=keys).verify(_signed({**claims, "iss": issuer}, other, "notify"))


def _signed(claims: dict[str, object], key: OKPKey, key_id: str) -> str:
    return jwt.encode({"alg": ALGORITHM, "kid": key_id}, claims, key, algorithms=[ALGORITHM])


def test_a_key_is_replaced_without_a_moment_in_which_nobody_is_believed() -> None:
    """ASVS 11.2.2: both are good while both are known, each under its own key id; afterwards only the newer one."""
    fresh = OKPKey.generate_key("Ed25519", {"kid": "identity.2", "use": "sig"})
    newer = OKPKey.import_key(fresh.as_dict(private=False))
    both, token = KeySet([*PUBLIC.keys, newer]), Signer(fresh, issuer="identity").sign(INGRID, audience=["documents"])
    assert {verifier(keys=both).verify(each) for each in (token, SIGNER.sign(INGRID, audience=["documents"]))} == {INGRID}
    with pytest.raises(Unauthenticated):
        verifier(keys=KeySet([newer])).verify(SIGNER.sign(INGRID, audience=["documents"]))


def test_a_key_id_that_only_begins_alike_speaks_for_nobody_else() -> None:
    fresh = OKPKey.generate_key("Ed25519", {"kid": "identity2", "use": "sig"})
    keys = KeySet([OKPKey.import_key(fresh.as_dict(private=False))])
    with pytest.raises(Denied):
        verifier(keys=keys).verify(Signer(fresh, issuer="identity").sign(INGRID, audience=["documents"]))


def test_step_up_lasts_a_quarter_of_an_hour() -> None:
    """ASVS 7.5.1."""
    fresh = person()
    assert fresh.stepped_up()
    with clock.moved(timedelta(minutes=16)):
        assert not fresh.stepped_up()
    assert not Caller(user_id="u", authenticated_at=0).stepped_up()


def test_the_caller_is_forgotten_after_the_call() -> None:
    seen: list[object] = []

    def act() -> None:
        seen.extend((caller.current(), caller.assertion_for("documents"), caller.assertion_for("identity")))
        raise Denied("x")

    with pytest.raises(Denied), caller.acting(INGRID, {"documents": "d", "*": "any"}):
        act()
    assert seen == [INGRID, "d", "any"]
    assert (caller.current(), caller.assertion_for("documents")) == (caller.NOBODY, "")


@pytest.mark.parametrize("who", [INGRID, Caller(service="identity"), caller.NOBODY])
def test_a_label_names_who_it_was_and_nothing_personal(who: Caller) -> None:
    named = caller.labelled(who.label)
    assert (named.user_id, named.service, named.name) == (who.user_id, who.service, "")
