"""The in-process channel: unmodified stubs call unmodified servicers, messages still serialised, no socket."""

import math
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextvars import Context
from functools import partialmethod
from typing import Any, NamedTuple, NoReturn

import grpc

Metadata = Sequence[tuple[str, str | bytes]]
Handlers = dict[str, "grpc.RpcMethodHandler[Any, Any]"]
_END = object()


class LocalServer:
    """Holds the guarded handlers of all services in this process, by path; channels look them up at call time."""

    def __init__(self) -> None:
        self._handlers: Handlers = {}

    def add(self, handlers: Handlers) -> None:
        """Register handlers by full path, `/package.Service/Method`."""
        self._handlers |= handlers

    def channel(self) -> "LocalChannel":
        """A channel to whatever is registered."""
        return LocalChannel(self._find)

    def _find(self, path: str) -> "grpc.RpcMethodHandler[Any, Any]":
        try:
            return self._handlers[path]
        except KeyError:
            raise LocalCallError(grpc.StatusCode.UNIMPLEMENTED, f"{path} is not served here") from None


class LocalChannel:
    """As much of grpc.Channel as PeerChannel asks of one; its calls are function calls on the caller's thread.

    It cannot interrupt a callee at its deadline: an answer that comes too late is thrown away.
    """

    def __init__(self, find: Callable[[str], "grpc.RpcMethodHandler[Any, Any]"]) -> None:
        self._find, self._open = find, True

    def close(self) -> None:
        """Make no further call."""
        self._open = False

    def _calling(self, kind: str, path: str, request_serializer: Any, response_deserializer: Any, **_: Any) -> Callable[..., Any]:
        def call(request: Any, timeout: float | None = None, metadata: Metadata = (), **_: Any) -> Any:
            if not self._open:
                raise LocalCallError(grpc.StatusCode.CANCELLED, "the channel is closed")
            handler, context, apart = self._find(path), LocalContext(metadata, timeout), Context()
            answer: Any = getattr(handler, kind)
            decode: Any = handler.request_deserializer
            encode: Any = handler.response_serializer
            # Serialised both ways, so that caller and callee never share an object; nor do they share context variables.
            many = kind.startswith("stream")
            received = (decode(request_serializer(each)) for each in request) if many else decode(request_serializer(request))
            reply = apart.run(answer, received, context)
            if kind.endswith("stream"):
                return (response_deserializer(encode(each)) for each in in_context(apart, reply))
            if not context.is_active():
                raise LocalCallError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
            return response_deserializer(encode(reply))

        return call

    unary_unary = partialmethod(_calling, "unary_unary")
    unary_stream = partialmethod(_calling, "unary_stream")
    stream_unary = partialmethod(_calling, "stream_unary")


def in_context(context: Context, items: Iterable[Any]) -> Generator[Any, None, None]:
    """The items of an iterator that runs in a context of its own, whichever thread asks for the next."""
    iterator = iter(items)
    try:
        while (item := context.run(next, iterator, _END)) is not _END:
            yield item
    finally:
        if isinstance(iterator, Generator):
            context.run(iterator.close)


class LocalCallError(grpc.RpcError):
    """What the caller sees of a call that failed; the same shape as over the network."""

    def __init__(self, code: grpc.StatusCode, details: str, trailing: Metadata = ()) -> None:
        super().__init__(details)
        self._code, self._details, self._trailing = code, details, trailing

    def code(self) -> grpc.StatusCode:
        """The status code."""
        return self._code

    def details(self) -> str:
        """The status message."""
        return self._details

    def trailing_metadata(self) -> Any:
        """Holds the rich error details."""
        return tuple(Entry(*pair) for pair in self._trailing)


class Entry(NamedTuple):
    """A metadata entry as grpc hands it out."""

    key: str
    value: str | bytes


class LocalContext:
    """What a servicer sees when its caller lives in the same process: as much of grpc.ServicerContext as the guard asks of it."""

    def __init__(self, metadata: Metadata, timeout: float | None) -> None:
        self._metadata = metadata
        self._deadline = math.inf if timeout is None else time.monotonic() + timeout

    def invocation_metadata(self) -> tuple[Entry, ...]:
        """What the caller sent along."""
        return tuple(Entry(*pair) for pair in self._metadata)

    def auth_context(self) -> dict[str, list[bytes]]:
        """What the channel has proved: nothing, inside a process."""
        return {}

    def peer(self) -> str:
        """Where the caller is: here."""
        return "local"

    def time_remaining(self) -> float:
        """Seconds until the deadline."""
        return max(0.0, self._deadline - time.monotonic())

    def is_active(self) -> bool:
        """Whether the caller still waits."""
        return self.time_remaining() > 0

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        """End the call."""
        raise LocalCallError(code, details)

    def abort_with_status(self, status: Any) -> NoReturn:
        """End the call with rich details."""
        raise LocalCallError(status.code, status.details, status.trailing_metadata or ())
