"""What a Markdown file of ours says: its links, headings, code and tables."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import ROOT, files

FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (?P<title>.+)$", re.MULTILINE)
INLINE = re.compile(r"`(?P<code>[^`\n]+)`")
SHELL = {"sh", "shell", "bash", "console"}


def documents() -> list[Path]:
    """Every Markdown file of the repository."""
    return [path for path in files() if path.suffix == ".md"]


def prose(path: Path) -> str:
    """A document without its blocks of code."""
    return FENCE.sub("", path.read_text())


def links(path: Path) -> list[str]:
    """Where the links and pictures of a document lead."""
    return [found["target"] for found in LINK.finditer(prose(path))]


def anchors(path: Path) -> set[str]:
    """What a link may name after `#` in this document, spelled as code hosts do."""
    titles = [found["title"] for found in HEADING.finditer(prose(path))]
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def blocks(path: Path, languages: set[str]) -> list[str]:
    """The blocks of code in one of these languages."""
    return [found["code"] for found in FENCE.finditer(path.read_text()) if found["language"] in languages]


def commands(path: Path) -> Iterator[str]:
    """Each line of the document's shell blocks, without prompt, comment and continuation."""
    for block in blocks(path, SHELL):
        for line in block.replace("\\\n", " ").splitlines():
            said = re.split(r"(?:^|\s)#\s", line.removeprefix("$ "))[0].strip()
            if said:
                yield said


def inline(path: Path) -> list[str]:
    """What stands in backticks in the running text."""
    return [found["code"] for found in INLINE.finditer(prose(path))]


def first_cells(text: str) -> list[str]:
    """What stands in backticks at the beginning of each row of the tables."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def shown(path: Path) -> str:
    """A path as people write it."""
    return path.relative_to(ROOT).as_posix()
