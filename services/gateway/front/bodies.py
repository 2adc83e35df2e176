"""Request bodies on disk: whole before a thread works on them, never larger than allowed, thrown away with the request."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO, Any

from chassis.errors import Failure, Unavailable

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
# How long a sender may pause inside a body.
IDLE_SECONDS = 30.0
# How long what is still being sent is read and thrown away after an early answer: a closed socket would take the answer with it.
LINGER_SECONDS = 15.0
# Larger bodies go to disk, in writes of this size: fewer of them are faster, larger ones hold more memory for every sender.
IN_MEMORY, WRITE = 128 * 1024, 256 * 1024

KEPT, TOO_LARGE, SKIPPED = "kept", "too_large", "skipped"


class Gone(Exception):
    """The client has left."""


class Stalled(Failure):
    """The client stopped in the middle of its request."""

    http_status = 408


@dataclass
class Body:
    """What was received. `state` says whether it was kept, or left unread because it is too large or nobody's (skipped)."""

    file: IO[bytes] = field(default_factory=BytesIO)
    size: int = 0
    state: str = KEPT
    release: Callable[[int], None] = lambda _: None

    def close(self) -> None:
        """Throw it away."""
        self.file.close()
        self.release(self.size)


class Bodies:
    """Receives bodies. `writers` write to disk, `most` bytes at the most for all requests together."""

    def __init__(self, writers: Executor, *, most: int) -> None:
        self._writers, self._most, self._held = writers, most, 0

    async def take(self, scope: Scope, receive: Receive, *, limit: int) -> Body:
        """The body of this request. Raises Gone, Stalled, and Unavailable when the disk space for bodies is used up."""
        declared = length_of(scope)
        if declared == 0:
            return Body()
        if declared is not None and declared > limit:
            return Body(state=TOO_LARGE)
        body = Body(tempfile.SpooledTemporaryFile(IN_MEMORY), release=self._release)  # noqa: SIM115 - Body.close() closes it
        try:
            return await self._fill(body, receive, limit)
        except BaseException:
            body.close()
            raise

    async def _fill(self, body: Body, receive: Receive, limit: int) -> Body:
        more, pending = True, bytearray()
        while more:
            piece, more = await _next(receive)
            if body.size + len(piece) > limit:
                body.close()
                return Body(state=TOO_LARGE)
            self._reserve(body, len(piece))
            pending += piece
            if len(pending) >= WRITE or not more:
                await self._write(body, pending)
                pending.clear()
        body.file.seek(0)
        return body

    def _reserve(self, body: Body, size: int) -> None:
        if self._held + size > self._most:
            raise Unavailable("too_many_uploads", "Too many uploads are under way.", facts={"retry_after": "10"})
        self._held += size
        body.size += size

    async def _write(self, body: Body, data: bytearray) -> None:
        if body.size < IN_MEMORY:
            body.file.write(data)
        else:
            # A slow disk must not stop everybody else.
            await asyncio.get_running_loop().run_in_executor(self._writers, body.file.write, data)

    def _release(self, size: int) -> None:
        self._held -= size


async def let_finish(receive: Receive) -> None:
    """Read and throw away what the client still sends, for a while, so that it can read the answer it already has."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            more = True
            while more:
                _, more = await _next(receive)
    except (TimeoutError, Stalled, Gone):
        return


async def left(receive: Receive) -> None:
    """Returns when the client has left. Its body has been received before."""
    while (await receive())["type"] != "http.disconnect":
        pass


def header(scope: Scope, name: bytes) -> str:
    """The value of a header, empty where it is not sent."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def length_of(scope: Scope) -> int | None:
    """The announced size of the body; None when it comes in chunks of unknown number."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return None
    # The HTTP parser has refused anything that is not a number.
    return int(headers.get(b"content-length", b"0"))


async def _next(receive: Receive) -> tuple[bytes, bool]:
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            message = await receive()
    except TimeoutError as why:
        raise Stalled("request_stalled", f"Nothing was received for {IDLE_SECONDS:g} seconds.") from why
    if message["type"] == "http.disconnect":
        raise Gone
    return message.get("body", b""), message.get("more_body", False)
