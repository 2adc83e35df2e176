"""What can be made from the code is made from it. `python -m tests.docs` writes it anew."""

from services.gateway import live
from tests.docs import generated


def test_the_table_of_settings_is_the_one_the_program_prints() -> None:
    text = generated.OPERATIONS.read_text()
    assert text == generated.with_settings(text), "stale: python -m tests.docs"


def test_the_map_of_events_is_the_one_the_program_prints() -> None:
    assert generated.FLOWS.read_text() == generated.flows_now(), "stale: python -m tests.docs"


def test_the_map_says_which_hints_open_pages_hear() -> None:
    """Read off the gateway's own list: an event that nobody handles and no page watches is not said to be watched."""
    said = {
        row.split(" | ")[0].strip("| "): row.split(" | ")[2].strip(" |")
        for row in generated.flows_now().splitlines()
        if row.startswith("| ")
    }
    pages = {event for event, reaction in said.items() if reaction == "open pages (watched)"}
    watched = {event.DESCRIPTOR.name for event in live.WATCHED}
    assert pages
    assert pages <= watched
    assert {event for event, reaction in said.items() if reaction == "a hint nobody watches yet"} & watched == set()
