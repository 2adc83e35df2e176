"""The way back to one client, which may read slowly, stop reading, or leave."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from chassis.errors import Failure, to_problem
from services.gateway.front.bodies import Gone
from services.gateway.front.refusals import HEADERS, JSON

# How long a reader may take to make room for the next piece.
SEND_SECONDS = 60.0

Headers = list[tuple[str, str]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Reply:
    """The way back to one client. A reader that makes no room in time is cut off."""

    def __init__(self, send: Send, request_id: str, *, abort: Callable[[], None]) -> None:
        self._send, self._request_id, self._abort = send, request_id, abort
        self.started = False

    async def start(self, status: int, headers: Headers, *, last: bool) -> None:
        """Status and headers. `last`: no further request comes over this connection."""
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers if name != "X-Request-ID"]
        pairs += [(b"x-request-id", self._request_id.encode())]
        if last:
            pairs.append((b"connection", b"close"))
        self.started = True
        await self._within({"type": "http.response.start", "status": status, "headers": pairs})

    async def send(self, data: bytes, *, more: bool) -> None:
        """The next piece."""
        await self._within({"type": "http.response.body", "body": data, "more_body": more})

    async def refuse(self, why: Failure, *, page: bytes | None = None) -> None:
        """Answer in place of the application, with `page` or as RFC 9457 problem.

        Half an answer is broken off instead: nobody must take it for whole.
        """
        if self.started:
            await self._cut()
            return
        data = page or json.dumps(to_problem(why, request_id=self._request_id)).encode()
        headers = [*(HEADERS if page else [("Content-Type", JSON)]), ("Content-Length", str(len(data))), ("Cache-Control", "no-store")]
        if "retry_after" in why.facts:
            headers.append(("Retry-After", why.facts["retry_after"]))
        await self.start(why.http_status, headers, last=True)
        await self.send(data, more=False)

    async def _within(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._send(message)
        except TimeoutError as why:
            await self._cut()
            raise Gone from why

    async def _cut(self) -> None:
        self._abort()
        await asyncio.sleep(0)  # until uvicorn has noticed
