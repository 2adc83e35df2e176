"""Tests wait for what they need and no longer."""

import pytest

from tests.waiting import eventually


def test_what_becomes_true_is_returned() -> None:
    answers = iter(["", "", "here"])
    assert eventually(lambda: next(answers)) == "here"


def test_what_never_becomes_true_ends_with_what_was_seen_last() -> None:
    with pytest.raises(AssertionError, match=r"0\.1 seconds; last seen: .*nothing yet"):
        eventually(_failing, seconds=0.1)


def test_an_error_nobody_expects_ends_the_wait_at_once() -> None:
    with pytest.raises(ZeroDivisionError):
        eventually(lambda: 1 // 0)


def _failing() -> bool:
    raise AssertionError("nothing yet")
