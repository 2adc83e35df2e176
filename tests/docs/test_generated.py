"""What can be made from the code is made from it. `python -m tests.docs` writes it anew."""

from tests.docs import generated


def test_the_table_of_settings_is_the_one_the_program_prints() -> None:
    text = generated.OPERATIONS.read_text()
    assert text == generated.with_settings(text), "stale: python -m tests.docs"


def test_the_map_of_events_is_the_one_the_program_prints() -> None:
    assert generated.FLOWS.read_text() == generated.flows_now(), "stale: python -m tests.docs"
