"""The program that looks into a file and describes one page of it: `python -m services.documents.preview.render KIND PAGE MEMORY SECONDS`.

It reads the file from its input and writes to its output a line of JSON, after that the pixels if the page is a picture. It is told nothing
else, and what it says is believed by nobody: see answers.py.
"""

import codecs
import json
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from services.documents.preview.confine import lock_in
from services.documents.preview.pages import NoPreview, Rendered

# One cannot be had where it cannot be locked in; the caller tells it from a crash.
NOT_LOCKED_IN = 77
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "cp437")
MODULES = {"pdf": "pdf", "image": "image", "text": "text", "csv": "separated", "spreadsheet": "spreadsheet", "sie": "sie"}


def main(kind: str, page: int, *, memory: int, seconds: int) -> int:
    """Answer for one page; the exit status."""
    # All code is loaded before the door is shut: behind it nothing can be opened.
    for name in ENCODINGS:
        codecs.lookup(name)
    render: Callable[[bytes, int], Rendered] = import_module(f"services.documents.preview.{MODULES[kind]}").render
    try:
        lock_in(memory=memory, seconds=seconds)
    except OSError:
        return NOT_LOCKED_IN
    sys.stdout.buffer.writelines(_answer(render, page))
    sys.stdout.buffer.flush()
    return 0


def _answer(render: Callable[[bytes, int], Rendered], page: int) -> tuple[bytes, bytes]:
    """The line, and the pixels. Whatever a file does to us is an answer too: another exit status than 0 says that the fault is ours."""
    try:
        rendered = render(sys.stdin.buffer.read(), page)
        sections = [[section.name, section.first_page] for section in rendered.sections]
        told = {"pages": rendered.pages, "more": rendered.more, "sections": sections, "page": rendered.page}
        return _line(told), rendered.pixels
    except NoPreview as why:
        return _line({"unavailable": why.reason}), b""
    except MemoryError:
        return _line({"unavailable": "too_large"}), b""
    except BaseException:  # noqa: BLE001 - also the panics of the spreadsheet reader, which are no Exceptions: all mean the same
        return _line({"unavailable": "damaged"}), b""


def _line(told: Mapping[str, object]) -> bytes:
    return json.dumps(told).encode() + b"\n"


if __name__ == "__main__":
    _, kind_, page_, memory_, seconds_ = sys.argv
    sys.exit(main(kind_, int(page_), memory=int(memory_), seconds=int(seconds_)))
