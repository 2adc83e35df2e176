"""What the documents point at is there."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.docs.reading import anchors, documents, inline, links, shown

FOLDERS = "chassis|services|proto|demo|tests|docs|deploy"
NAMED = re.compile(rf"(?:{FOLDERS})(?:/[\w.-]+)*/?")


@pytest.mark.parametrize("document", documents(), ids=shown)
def test_every_link_leads_somewhere(document: Path) -> None:
    lost = []
    for link in links(document):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        file = (document.parent / target) if target else document
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("document", documents(), ids=shown)
def test_every_file_named_is_there(document: Path) -> None:
    """A name in backticks that begins with a folder of ours; one with a placeholder in it is not looked for."""
    lost = [name for name in inline(document) if NAMED.fullmatch(name) and not (ROOT / name).exists()]
    assert lost == []
