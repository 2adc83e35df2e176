"""The first to see a request: keeps slow senders, slow readers and open pages away from the threads that do the work."""

import asyncio
import contextlib
import re
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from wsgiref.types import WSGIApplication

from chassis import telemetry
from chassis.errors import Failure, Internal, Unauthenticated, Unavailable
from services.gateway.config import Config
from services.gateway.front.bodies import KEPT, SKIPPED, Bodies, Body, Gone, Receive, Scope, header, left, length_of, let_finish
from services.gateway.front.refusals import Refusals
from services.gateway.front.reply import Reply, Send
from services.gateway.front.steps import Part, Steps, environ_of
from services.gateway.live import Hub, Live
from services.gateway.session import Sessions, cookie_name, token_in

MIB = 1024 * 1024
# Everything that is not an upload: pages, forms, JSON.
SMALL = MIB
# Around the bytes of a file in a multipart form.
WRAPPING = 64 * 1024
# Steps that may wait for each thread before newcomers are told to come back.
WAITING_PER_THREAD = 50
# Threads that look after sessions of open pages and of uploads, and that write bodies to disk.
SIDE_THREADS = 4

T = TypeVar("T")


class Edge:
    """The ASGI application: spools bodies, runs the WSGI `application` in `config.threads` threads, serves /live itself."""

    def __init__(self, application: WSGIApplication, *, sessions: Sessions, hub: Hub, config: Config) -> None:
        self._application, self._sessions, self._hub, self._config = application, sessions, hub, config
        self._threads = ThreadPoolExecutor(config.threads, thread_name_prefix="web")
        self._side = ThreadPoolExecutor(SIDE_THREADS, thread_name_prefix="web-side")
        self._bodies = Bodies(self._side, most=config.spool_limit_mb * MIB)
        self._cookie = cookie_name(config.public_url)
        self._live = Live(hub, sessions, cookie=self._cookie, threads=self._side)
        self._refusals = Refusals()
        self._scheme = "https" if config.secure else "http"
        self._log = telemetry.log(__name__)
        self.started = threading.Event()
        self.busy = 0  # steps that run or wait for a thread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as uvicorn brings it."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._answer(scope, receive, send)

    def close(self) -> None:
        """End the threads, once what runs in them has ended."""
        self._threads.shutdown()
        self._side.shutdown()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = request_id_of(scope)
        reply = Reply(send, request_id, abort=scope.get("extensions", {}).get("kontor.abort", {}).get("call", lambda: None))
        try:
            if (scope["method"], scope["path"]) == ("GET", "/live"):
                await self._live.answer(scope, receive, reply)
                return
            body = await self._body(scope, receive)
            with contextlib.closing(body):
                environ = environ_of(scope, body, scheme=self._scheme, request_id=request_id)
                await self._run(Steps(self._application, environ, request_id=request_id), body, receive, reply)
        except Gone:
            return
        except Failure as why:
            await reply.refuse(why, page=self._refusals.page(scope, why, request_id=request_id))
        except Exception as why:  # noqa: BLE001 - whatever it was, the client gets an answer
            self._log.error("request failed", request_id=request_id, exc_info=why)
            failed = Internal("internal", "Something went wrong on our side.")
            await reply.refuse(failed, page=self._refusals.page(scope, failed, request_id=request_id))

    async def _body(self, scope: Scope, receive: Receive) -> Body:
        if self.busy > self._config.threads * WAITING_PER_THREAD:
            raise Unavailable("overloaded", "Too many requests are waiting.", facts={"retry_after": "5"})
        if not is_upload(scope["method"], scope["path"]):
            return await self._bodies.take(scope, receive, limit=SMALL)
        length = length_of(scope)
        if (length is None or length > SMALL) and not await self._known(scope):
            return Body(state=SKIPPED)  # nobody's files are not taken in; the application says "sign in" as to any nobody
        return await self._bodies.take(scope, receive, limit=self._config.upload_limit_mb * MIB + WRAPPING)

    async def _known(self, scope: Scope) -> bool:
        token = token_in(header(scope, b"authorization"), header(scope, b"cookie"), cookie=self._cookie)
        if not token:
            return False
        try:
            await asyncio.get_running_loop().run_in_executor(self._side, self._sessions.resolve, token)
        except Unauthenticated:
            return False
        except Failure:
            return True  # identity does not answer: the application will put it into words
        return True

    async def _run(self, steps: Steps, body: Body, receive: Receive, reply: Reply) -> None:
        gone: asyncio.Task[Any] | None = None
        try:
            part = await self._in_thread(steps.begin)
            if part.more and body.state == KEPT:
                gone = asyncio.create_task(left(receive))  # nobody else would notice that a download was broken off
            await reply.start(steps.status, steps.headers, last=body.state != KEPT)
            while part.more and not (gone and gone.done()):
                await reply.send(part.data, more=True)
                part = await self._in_thread(steps.go_on)
            await self._finish(reply, part, body, receive)
        finally:
            if gone:
                gone.cancel()
            if steps.open:  # broken off: only a thread may end it, and no cancellation may come between
                await asyncio.shield(self._in_thread(steps.close))

    async def _finish(self, reply: Reply, part: Part, body: Body, receive: Receive) -> None:
        if part.more:
            raise Gone
        if body.state == KEPT:
            await reply.send(part.data, more=False)
            return
        await reply.send(part.data, more=True)
        await let_finish(receive)
        await reply.send(b"", more=False)

    async def _in_thread(self, step: Callable[[], T]) -> T:
        self.busy += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, step)
        finally:
            self.busy -= 1

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._hub.open(asyncio.get_running_loop())
        self.started.set()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


def is_upload(method: str, path: str) -> bool:
    """Whether this request may bring a file."""
    return (path == "/documents/upload" and method in ("POST", "PUT")) or (path.startswith("/api/v1/folders/") and method == "PUT")


def request_id_of(scope: Scope) -> str:
    """The id the client or a proxy gave the request, if it is harmless, or a new one."""
    given = header(scope, b"x-request-id")
    return given if re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given) else uuid.uuid4().hex
