"""What identity decides, value by value."""

import secrets
import string
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kontor.access.v1 import access_pb2 as access

from services.identity import addresses, rules, totp

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
BERIT = ["berit.revisordal@kontoret.example.no", "Berit", "Revisordal"]


@pytest.mark.parametrize(
    "password",
    [
        "passordpassordpassord", "P@ssw0rd P@ssw0rd", "qwertyuiop123456", "1qaz2wsx3edc4rfv", "aaaaaaaaaaaaaaaa", "abcabcabcabcabc",
        "123456789012345678", "Sommer2026Sommer2026", "Kontor-Kontor-2026", "beritrevisordal1", "BeritRevisordal2026!",
        "kontoret.example.no", "correct horse battery staple", "lösenordlösenord", "salasanasalasana1", "adgangskode12345",
        "velkommentilbergen", "0987654321qwerty",
        "zxcvbnmasdfghjkl", "iloveyouforever1", "thequickbrownfox", "januar2025februar", "........................", "1q2w3e4r5t6y7u8i9o",
    ],
)  # fmt: skip
def test_what_is_guessed_first_is_refused(password: str) -> None:
    """Long is not enough: ASVS 6.2.4, 6.2.11."""
    assert rules.password_fault(password, known_words=BERIT) == "password_too_common"


@pytest.mark.parametrize(
    "password",
    [
        "gran furu bjerk hassel", "helt nye ord hver dag", "fjellrev spiser blåbær", "tV9#kq!zR2$mWx8p", "my cat hates tuesday meetings",
        "kolme vihreää sammakkoa", "Berit liker brunost og ski", "äpplen växer på grenar", "hunter2 but considerably longer",
    ],
)  # fmt: skip
def test_what_people_think_up_themselves_is_accepted(password: str) -> None:
    """No composition rules: SP 800-63B § 3.1.1.2."""
    assert rules.password_fault(password, known_words=BERIT) is None


@given(st.integers(min_value=0, max_value=14), st.integers(min_value=129, max_value=400))
def test_a_password_has_15_to_128_characters(short: int, long: int) -> None:
    """Of any kind."""
    letters = string.ascii_letters + string.digits + "æøå !#"
    assert rules.password_fault("".join(secrets.choice(letters) for _ in range(short)), known_words=[]) == "password_too_short"
    assert rules.password_fault("".join(secrets.choice(letters) for _ in range(long)), known_words=[]) == "password_too_long"


@given(st.integers(min_value=16, max_value=128))
def test_what_a_password_manager_makes_is_accepted(length: int) -> None:
    """Random characters are never mistaken for words."""
    made = "".join(secrets.choice(string.ascii_letters + string.digits + string.punctuation) for _ in range(length))
    assert rules.password_fault(made, known_words=BERIT) is None


@given(st.text(min_size=15, max_size=128), st.lists(st.text(max_size=40), max_size=3))
def test_any_text_gets_an_answer(password: str, words: list[str]) -> None:
    """No input makes the check fail."""
    assert rules.password_fault(password, known_words=words) in (None, "password_too_common")


@given(st.integers(min_value=0, max_value=10_000))
def test_waiting_grows_and_is_bounded(failures: int) -> None:
    """From the 5th: 1, 2, 4… seconds, at most 15 minutes."""
    wait, before = rules.wait_after(failures), rules.wait_after(max(failures - 1, 0))
    assert before <= wait <= timedelta(minutes=15)
    assert (wait == timedelta(0)) == (failures < 5)


def test_the_first_waits_are_those_written_down() -> None:
    """Number sheet 2.1."""
    assert [rules.wait_after(failures).total_seconds() for failures in (4, 5, 6, 7, 14, 15, 99)] == [0, 1, 2, 4, 512, 900, 900]


@given(st.sampled_from([(kind, role) for kind in (rules.FIRM, rules.CLIENT) for role in rules.roles(kind)]))
def test_a_role_never_exceeds_its_kind(held: tuple[str, str]) -> None:
    """ACC-10, ACC-12: folders and clients are the firm's, folder access the client's, firms nobody's."""
    kind, role = held
    may = set(rules.permissions(kind, role))
    assert access.PERMISSION_FIRM_CREATE not in may
    assert not may & {access.PERMISSION_FOLDER_MANAGE, access.PERMISSION_CLIENT_CREATE} or kind == rules.FIRM
    assert access.PERMISSION_FOLDER_GRANT not in may or kind == rules.CLIENT
    assert (access.PERMISSION_MEMBER_MANAGE in may) == (role == rules.ADMINISTRATOR)
    assert set(rules.machine_permissions(kind, role, all_clients=True)) < may


def test_a_reader_changes_nothing() -> None:
    """ACC-13."""
    writes = {access.PERMISSION_DOCUMENT_WRITE, access.PERMISSION_MESSAGE_WRITE, access.PERMISSION_FOLDER_GRANT}
    assert not writes & set(rules.permissions(rules.CLIENT, rules.READ))
    assert access.PERMISSION_DOCUMENT_WRITE in rules.permissions(rules.CLIENT, rules.WRITE)


ROLES = st.sampled_from(rules.roles(rules.CLIENT))


@given(st.integers(min_value=0, max_value=3), st.none() | ROLES, ROLES)
def test_an_organisation_never_loses_its_last_administrator(others: int, new: str | None, role: str) -> None:
    """ACC-05."""
    left = others + (new == rules.ADMINISTRATOR)
    refused = rules.leaves_no_administrator(role, new, other_administrators=others)
    assert refused == (role == rules.ADMINISTRATOR and left == 0)


@given(st.timedeltas(timedelta(0), timedelta(hours=13)), st.timedeltas(timedelta(0), timedelta(hours=1)))
def test_a_session_is_over_when_idle_or_old(age: timedelta, idle: timedelta) -> None:
    """30 minutes, 12 hours."""
    over = rules.session_over(created=NOW - age, seen=NOW - idle, ended=None, now=NOW)
    assert over == (age >= timedelta(hours=12) or idle >= timedelta(minutes=30))
    assert rules.session_over(created=NOW - age, seen=NOW - idle, ended=NOW, now=NOW)


@given(st.integers(min_value=-4, max_value=4), st.integers(min_value=1_600_000_000, max_value=3_800_000_000))
def test_a_code_counts_one_step_to_either_side(steps: int, moment: int) -> None:
    """RFC 6238 § 5.2."""
    secret, at = totp.new_secret(), datetime.fromtimestamp(moment, UTC)
    shown = pyotp.TOTP(secret).at(at + timedelta(seconds=30 * steps))
    near = {pyotp.TOTP(secret).at(at + timedelta(seconds=30 * step)) for step in (-1, 0, 1)}
    assert (totp.step_of(secret, shown, at=at) is not None) == (shown in near)


@given(st.text(max_size=20))
def test_only_six_digits_are_a_code(text: str) -> None:
    """ACC-25: nothing else is even compared, and nothing makes it fail."""
    plain = "".join(text.split())
    if not (len(plain) == 6 and plain.isascii() and plain.isdigit()):
        assert totp.step_of("A" * 32, text, at=NOW) is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" Berit@Kontoret.NO ", "berit@kontoret.no"), ("BÅRD@blåbær.no", "bård@blåbær.no"), ("a+b@x.com", "a+b@x.com"), ("No", "no")],
)
def test_one_mailbox_has_one_spelling(typed: str, kept: str) -> None:
    """ACC-19."""
    assert addresses.typed(typed) == kept
