"""A file that was made to do harm harms nobody: the renderer is locked in, ends in time, and is not believed."""

import contextlib
import errno
import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kontor.documents.v1 import documents_pb2 as documents
from kontor.documents.v1 import previews_pb2 as pb

from chassis.caller import Caller
from chassis.errors import TooMany, Unavailable
from chassis.testing import at_once
from services.documents.config import Config
from services.documents.preview.process import Renderer
from tests.documents import pages
from tests.documents.portal import Portal, stored_files
from tests.documents.test_preview import page, shown, whole
from tests.waiting import eventually

MEGABYTE = 1024 * 1024
ROOT = Path(__file__).parents[2]
# Each is tried behind the walls, and must be refused.
BREAKOUTS = {
    "open a file": "open('/etc/hostname')",
    "read the parent's settings": "open(f'/proc/{parent}/environ')",
    "make a file": "os.open('/tmp/made-by-a-renderer', os.O_CREAT | os.O_WRONLY)",
    "make a socket": "socket.socket()",
    "make a local socket": "socket.socket(socket.AF_UNIX)",
    "start a program": "os.execv('/bin/true', ['true'])",
    "start a process": "os.fork()",
    "signal its parent": "os.kill(parent, 0)",
    "list a folder": "os.listdir('/')",
    "lift its limits": "resource.setrlimit(resource.RLIMIT_CPU, (1000, 1000))",
    "remove a file": "os.unlink('/tmp/nothing')",
}
# Which limit it meets first depends on the machine.
DRAWN_AGAIN = (pb.PREVIEW_REASON_DAMAGED, pb.PREVIEW_REASON_TOO_LARGE, pb.PREVIEW_REASON_TOOK_TOO_LONG)
BOMBS: dict[str, tuple[str, Callable[[], bytes], tuple["pb.PreviewReason.ValueType", ...]]] = {
    "a picture of 900 million pixels": ("a.png", lambda: _claimed_png(30_000), (pb.PREVIEW_REASON_TOO_LARGE,)),
    "pages that draw each other": ("a.pdf", pages.circular_pdf, DRAWN_AGAIN),
    "a page that draws itself ten times, twenty times over": ("a.pdf", pages.endless_pdf, DRAWN_AGAIN),
    "a page that takes minutes": ("a.pdf", pages.slow_pdf, (pb.PREVIEW_REASON_TOOK_TOO_LONG,)),
    "ten million cells": ("a.xlsx", pages.huge_workbook, (pb.PREVIEW_REASON_TOO_LARGE, pb.PREVIEW_REASON_TOOK_TOO_LONG)),
    "two cells with all others between them": ("a.xlsx", pages.vast_workbook, (pb.PREVIEW_REASON_TOO_LARGE, pb.PREVIEW_REASON_DAMAGED)),
    "no PDF at all": ("a.pdf", lambda: b"%PDF-1.7\nbroken\n%%EOF\n", (pb.PREVIEW_REASON_DAMAGED,)),
    "a PDF with a password": ("a.pdf", pages.locked_pdf, (pb.PREVIEW_REASON_ENCRYPTED,)),
    "half a picture": ("a.jpg", lambda: pages.image("JPEG")[:400], (pb.PREVIEW_REASON_DAMAGED,)),
}  # fmt: skip


@pytest.fixture
def impatient(settings: Config, start_portal: Callable[[Config], Portal]) -> Portal:
    """A service that gives a preview one second."""
    return start_portal(replace(settings, preview_seconds=1, upload_limit_mb=50))


def _claimed_png(side: int) -> bytes:
    """A small PNG that says it is this large."""
    small = bytearray(pages.image("PNG", (8, 8)))
    small[16:24] = side.to_bytes(4, "big") * 2
    small[29:33] = zlib.crc32(bytes(small[12:29])).to_bytes(4, "big")
    return bytes(small)


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_has_no_preview_within_the_limits_and_can_be_downloaded(impatient: Portal, bomb: str) -> None:
    """ACC-51: what it takes is bounded by the kernel, and nothing else fails with it."""
    name, content, reasons = BOMBS[bomb]
    made = content()
    member, document = shown(impatient, name, made)
    told = whole(impatient, member, document)
    assert not told.ready
    assert told.reason in reasons
    assert page(impatient, member, document).unavailable == told.reason, "and it stays so"
    assert impatient.download(member, document) == made


@pytest.mark.parametrize("breakout", BREAKOUTS)
def test_a_renderer_that_was_taken_over_reaches_nothing(breakout: str) -> None:
    """ACC-51."""
    attempt = (
        "import os, resource, socket\nfrom services.documents.preview.confine import lock_in\nparent = os.getppid()\n"
        f"lock_in(memory={512 * MEGABYTE}, seconds=5)\n"
        f"try:\n    {BREAKOUTS[breakout]}\nexcept (OSError, ValueError) as why:\n"
        "    os.write(1, (getattr(why, 'strerror', '') or str(why)).encode())\nelse:\n    os.write(1, b'broke out')\n"
    )
    run = subprocess.run([sys.executable, "-c", attempt], cwd=ROOT, check=False, capture_output=True, text=True, timeout=30)
    assert "broke out" not in run.stdout
    assert run.stdout in (os.strerror(errno.EPERM), "not allowed to raise maximum limit"), run.stderr


def test_a_renderer_ends_with_whoever_waits_for_it() -> None:
    """ACC-51."""
    held = "from services.documents.preview.confine import lock_in; lock_in(memory=2**29, seconds=60); print(flush=True); input()"
    starts = (
        "import subprocess as s, sys, time\n"
        f"p = s.Popen([sys.executable, '-c', {held!r}], stdin=s.PIPE, stdout=s.PIPE)\n"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", starts], cwd=ROOT, stdout=subprocess.PIPE, text=True) as waiting:
        assert waiting.stdout is not None
        renderer = int(waiting.stdout.readline())
        waiting.kill()
    eventually(lambda: not _runs(renderer))


def test_a_renderer_that_does_not_run_says_nothing_about_the_file(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """ACC-51: a library that is missing is our fault; once it is there, the file has its preview."""
    member, document = shown(portal, "a.pdf", pages.pdf(pages.written("Maj")))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(Unavailable) as refused:
        whole(portal, member, document)
    assert refused.value.reason == "previews_unavailable"
    monkeypatch.undo()
    assert whole(portal, member, document).ready


def _runs(process: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def _children() -> set[int]:
    found = set[int]()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # threads end while we look
            found |= set(map(int, (task / "children").read_text().split()))
    return found


def _in_background(portal: Portal, who: Caller, document: str, times: int = 1) -> list[threading.Thread]:
    def look() -> None:
        with contextlib.suppress(TooMany):
            whole(portal, who, document)

    threads = [threading.Thread(target=look) for _ in range(times)]
    for thread in threads:
        thread.start()
    return threads


def _environment_of_a_new_process(before: set[int]) -> bytes | None:
    """The environment of a renderer that has begun; None while there is none."""
    for process in _children() - before:
        with contextlib.suppress(OSError):
            if b"preview.render" in Path(f"/proc/{process}/cmdline").read_bytes():
                return Path(f"/proc/{process}/environ").read_bytes() + b"."
    return None


def test_a_renderer_is_told_no_secret(impatient: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """ACC-51: its environment is empty, and so is what it could inherit."""
    monkeypatch.setenv("KONTOR_DOCUMENTS_SEALING_KEYS", "a-secret-that-must-not-be-inherited")
    member, document = shown(impatient, "a.pdf", pages.slow_pdf())
    before = _children()
    (thread,) = _in_background(impatient, member, document)
    seen: list[bytes] = []

    def caught() -> bool:
        environment = _environment_of_a_new_process(before)
        seen.extend([environment] if environment else [])
        return bool(seen)

    eventually(caught)
    thread.join()
    assert b"secret" not in seen[0]
    assert b"KONTOR" not in seen[0]


def test_other_calls_are_answered_while_previews_hang(impatient: Portal) -> None:
    """ACC-51: two are rendered, two wait, the others are sent away, and a list does not notice."""
    member, document = shown(impatient, "a.pdf", pages.slow_pdf())
    company = documents.GetDocumentRequest(document_id=document)
    before = _children()
    threads = _in_background(impatient, member, document, times=6)
    eventually(lambda: len(_children() - before) >= 2)
    assert impatient.documents(member).GetDocument(company).document_id == document
    with pytest.raises(TooMany) as busy:
        whole(impatient, member, document)
    assert (busy.value.reason, busy.value.facts["retry_after"]) == ("previews_busy", "3")
    for thread in threads:
        thread.join()


def test_at_most_two_are_rendered_at_once() -> None:
    """ACC-51."""
    renderer, most, before = Renderer(places=2, memory=512 * MEGABYTE, seconds=1), list[int](), _children()
    slow = pages.slow_pdf()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            most.append(len(_children() - before))

    watcher = threading.Thread(target=watch)
    watcher.start()
    outcomes = at_once([lambda: renderer.run("pdf", 1, [slow])] * 6)
    done.set()
    watcher.join()
    assert max(most) == 2
    busy = [each for each in outcomes if isinstance(each, TooMany)]
    assert len(busy) >= 2, "two run and two wait: the others are sent away"
    assert [each.reason for each in outcomes if each not in busy] == ["took_too_long"] * (6 - len(busy))


def test_a_crash_leaves_no_process_and_no_open_file() -> None:
    """ACC-51."""
    renderer, before = Renderer(places=2, memory=512 * MEGABYTE, seconds=5), _children()
    renderer.run("pdf", 1, [pages.circular_pdf()])
    open_files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only counted
    for _ in range(3):
        assert renderer.run("pdf", 1, [pages.circular_pdf()]).reason in ("damaged", "too_large", "took_too_long")
    # What the tests before this one have left may be closed meanwhile.
    assert len(os.listdir("/proc/self/fd")) <= open_files  # noqa: PTH208
    assert _children() - before == set()


def test_kept_pages_are_unreadable_in_the_store_and_go_with_their_version(portal: Portal, tmp_path: Path) -> None:
    """ACC-51, ACC-58: sealed, and swept away once nobody may read the version any more."""
    member, document = shown(portal, "a.txt", b"words that must not be found")
    assert page(portal, member, document).text
    kept = [file for file in stored_files(tmp_path) if "previews" in file.parts]
    assert sorted(file.name for file in kept) == ["0", "1"]
    assert not any(b"words" in file.read_bytes() for file in kept)
    portal.under.run_job("sweep_orphans")
    assert all(file.exists() for file in kept)
    with portal.under.service.database.transaction() as tx:  # type: ignore[union-attr]  # it has one
        tx.connection().exec_driver_sql("update versions set status = 4")
    portal.under.run_job("sweep_orphans")
    assert not any(file.exists() for file in kept)


def test_a_kept_page_that_was_changed_is_made_anew(portal: Portal, tmp_path: Path) -> None:
    """ACC-51."""
    member, document = shown(portal, "a.txt", b"text")
    page(portal, member, document)
    for file in stored_files(tmp_path):
        if "previews" in file.parts:
            file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert page(portal, member, document).text == "text"

