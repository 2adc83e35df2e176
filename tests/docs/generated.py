"""The parts of docs/ that are made from the code, and what they should say now."""

import re

from services import flows
from services.__main__ import FOLDER, settings_table
from tests.architecture.tree import ROOT

OPERATIONS = ROOT / "docs" / "operations.md"
FLOWS = ROOT / "docs" / "flows.md"
BEGIN, END = "<!-- made by `kontor settings` -->", "<!-- end -->"


def with_settings(text: str) -> str:
    """The document with the present settings between its marks. Raises ValueError when the marks are missing."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f"docs/operations.md must hold {BEGIN} and {END} once")
    return pattern.sub(lambda _: f"{BEGIN}\n\n{settings_table().strip()}\n\n{END}", text)


def flows_now() -> str:
    """docs/flows.md as `kontor flow` prints it."""
    return flows.document(FOLDER)


def write() -> None:
    """Bring the files up to date."""
    OPERATIONS.write_text(with_settings(OPERATIONS.read_text()))
    FLOWS.write_text(flows_now())
