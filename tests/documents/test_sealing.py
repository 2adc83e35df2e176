"""Sealed files: unreadable without the key, and any change to them is noticed."""

import secrets
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.errors import Internal
from services.documents.sealing import FRAME, Keyring, Tampered, seal, unseal
from tests.documents import corpus

OLD = Keyring("2026a", {"2026a": bytes(range(32))})
KEYRING = Keyring("2026b", {"2026b": bytes(range(1, 33)), **OLD.keys})
NAME = "documents/01"


def sealed(content: bytes, *, keyring: Keyring = KEYRING, name: str = NAME) -> bytes:
    return b"".join(seal([content], keyring=keyring, bound_to=name))


def unsealed(stored: bytes, *, keyring: Keyring = KEYRING, name: str = NAME) -> bytes:
    return b"".join(unseal([stored], keyring=keyring, bound_to=name))


SIZES = st.one_of(st.integers(0, 300), st.integers(FRAME - 40, FRAME + 40), st.integers(2 * FRAME - 20, 3 * FRAME + 20))
PIECES = st.lists(st.integers(1, 2 * FRAME), min_size=1, max_size=5)


@settings(max_examples=200, deadline=None)
@given(size=SIZES, into=PIECES, out_of=PIECES)
def test_a_file_of_any_size_in_any_pieces_comes_back_as_it_was(size: int, into: list[int], out_of: list[int]) -> None:
    """P19."""
    content = secrets.token_bytes(size)
    stored = b"".join(seal(corpus.chopped(content, into), keyring=KEYRING, bound_to=NAME))
    assert b"".join(unseal(corpus.chopped(stored, out_of), keyring=KEYRING, bound_to=NAME)) == content


def test_a_file_in_single_bytes_comes_back_as_it_was() -> None:
    """P19."""
    stored = sealed(b"payroll" * 99)
    assert b"".join(unseal(corpus.chopped(stored, [1]), keyring=KEYRING, bound_to=NAME)) == b"payroll" * 99


def test_nothing_of_a_file_is_readable_in_what_is_stored() -> None:
    """P19."""
    assert corpus.MARKER not in sealed(corpus.MARKER)
    assert sealed(corpus.MARKER) != sealed(corpus.MARKER)


@settings(max_examples=300, deadline=None)
@given(size=SIZES, place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_one_changed_byte_anywhere_is_noticed(size: int, place: float, change: int) -> None:
    """P19."""
    stored = bytearray(sealed(bytes(size)))
    stored[int(place * len(stored))] ^= change
    with pytest.raises(Internal):
        unsealed(bytes(stored))


def test_every_changed_byte_of_the_start_is_noticed() -> None:
    """P19."""
    stored = sealed(b"x")
    for place in range(len(stored)):
        changed = stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :]
        with pytest.raises(Internal):
            unsealed(changed)


@settings(max_examples=300, deadline=None)
@given(size=SIZES, keep=st.floats(0, 1, exclude_max=True))
def test_a_file_that_was_cut_off_anywhere_is_noticed(size: int, keep: float) -> None:
    """P19."""
    stored = sealed(bytes(size))
    with pytest.raises(Tampered):
        unsealed(stored[: int(keep * len(stored))])


def test_frames_that_were_cut_off_swapped_repeated_or_added_are_noticed() -> None:
    """P19."""
    stored = sealed(bytes(3 * FRAME))
    start, size = len(sealed(b"")) - 16, FRAME + 16
    one, two, three = (stored[start + number * size : start + (number + 1) * size] for number in range(3))
    for frames in (one + two, two + one + three, one + one + three, one + two + three + three, one + two + three + b"\0"):
        with pytest.raises(Tampered):
            unsealed(stored[:start] + frames)


def test_a_file_stored_under_another_name_does_not_open() -> None:
    """P19."""
    with pytest.raises(Tampered):
        unsealed(sealed(b"payroll"), name="documents/02")


def test_a_frame_of_another_file_does_not_open() -> None:
    """P19."""
    mine, other = sealed(b"payroll"), sealed(b"payroll")
    with pytest.raises(Tampered):
        unsealed(mine[:-23] + other[-23:])


def test_files_sealed_with_an_older_key_open_as_long_as_the_key_is_kept() -> None:
    """P19."""
    stored = sealed(b"payroll", keyring=OLD)
    assert unsealed(stored) == b"payroll"
    with pytest.raises(Internal, match="not in the keyring: '2026a'"):
        unsealed(stored, keyring=Keyring("2026b", {"2026b": KEYRING.keys["2026b"]}))


def test_a_keyring_is_read_from_a_setting_with_the_current_key_first() -> None:
    """P19."""
    setting = " , ".join(f"{key_id}:{b64encode(key).decode()}" for key_id, key in KEYRING.keys.items())
    assert Keyring.from_setting(setting) == KEYRING


@pytest.mark.parametrize(
    "setting", ["", "a", "a:", "a:====", "a:c2hvcnQ=", "a b:" + b64encode(bytes(32)).decode(), "å:" + b64encode(bytes(32)).decode()]
)
def test_a_wrong_keyring_is_refused_without_showing_a_key(setting: str) -> None:
    """ASVS 13.3.1."""
    with pytest.raises(ValueError) as refused:
        Keyring.from_setting(setting)
    assert "c2hvcnQ" not in str(refused.value)


def test_a_keyring_does_not_show_its_keys() -> None:
    """ASVS 13.3.1."""
    assert "\\x01" not in repr(KEYRING)
