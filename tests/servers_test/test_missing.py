"""What could not be tested is said, and never taken for tested where it counts."""

import pytest

from tests.servers.missing import could_not_test


def test_a_missing_server_leaves_a_test_out_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Could not test: mail"):
        could_not_test("mail")


def test_in_continuous_integration_a_missing_server_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="Could not test: mail"):
        could_not_test("mail")
