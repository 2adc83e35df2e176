"""The commands that the documents tell people to type exist."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from services.__main__ import cli
from tests.architecture.tree import ROOT
from tests.docs.reading import commands, documents, inline, shown

MAKE = re.compile(r"(?:^|&& |; )make(?P<words>(?: [A-Za-z_]+=\S*)*(?: [a-z]+)?)")


def targets() -> set[str]:
    """What the Makefile can make by name."""
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def wrong(words: Sequence[str], command: click.Command = cli, *, whole: bool) -> str:
    """Why `kontor` would refuse these words; nothing when it would not. Unless ``whole``, what must follow may be left out."""
    try:
        if isinstance(command, click.Group):
            if not words:
                return ""
            name, inner, rest = command.resolve_command(click.Context(command), list(words))
            return wrong(rest, inner, whole=whole) if inner else f"no command {name}"
        command.make_context(command.name, list(words))
    except click.MissingParameter as why:
        return why.format_message() if whole else ""
    except click.UsageError as why:
        return why.format_message()
    return ""


@pytest.mark.parametrize("document", documents(), ids=shown)
def test_every_make_target_is_there(document: Path) -> None:
    said = [*commands(document), *inline(document)]
    asked = {word for line in said for found in MAKE.finditer(line) for word in found["words"].split() if "=" not in word}
    assert sorted(asked - targets()) == []


@pytest.mark.parametrize("document", documents(), ids=shown)
def test_every_kontor_command_is_understood(document: Path) -> None:
    typed = [(shlex.split(line), True) for line in commands(document)]
    spoken = [(code.split(), False) for code in inline(document) if code.startswith("kontor ")]
    asked = [
        (words[at + 1 :], whole) for words, whole in typed + spoken for at, word in enumerate(words) if word.rpartition("/")[2] == "kontor"
    ]
    assert {" ".join(words): why for words, whole in asked if (why := wrong(words, whole=whole))} == {}
