"""The in-process channel: unmodified stubs call unmodified servicers, messages still serialised, no socket."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc

Metadata = Sequence[tuple[str, str | bytes]]


class LocalCallError(grpc.RpcError, grpc.Call):  # type: ignore[misc]
    """What the caller sees of a call that failed; the same shape as over the network."""

    def __init__(self, code: grpc.StatusCode, details: str, trailing: Metadata = ()) -> None:
        super().__init__(details)
        self._code, self._details, self._trailing = code, details, tuple(trailing)

    def code(self) -> grpc.StatusCode:
        """The status code."""
        return self._code

    def details(self) -> str:
        """The status message."""
        return self._details

    def trailing_metadata(self) -> Any:
        """Holds the rich error details."""
        return tuple(grpc_pair(key, value) for key, value in self._trailing)


def grpc_pair(key: str, value: str | bytes) -> Any:
    """A metadata entry as grpc hands it out: with `.key` and `.value`."""
    from grpc._cython.cygrpc import _Metadatum

    return _Metadatum(key, value)


# The names grpc asks of a call and of a context are fixed by it; these are the ones our code and grpc_status use.
LocalCallError.__abstractmethods__ = frozenset()


class LocalContext(grpc.ServicerContext):
    """What a servicer sees when its caller lives in the same process."""

    def __init__(self, metadata: Metadata, timeout: float | None) -> None:
        self._metadata = metadata
        self._deadline = None if timeout is None else time.monotonic() + timeout

    def invocation_metadata(self) -> Any:
        """What the caller sent along."""
        return tuple(grpc_pair(key, value) for key, value in self._metadata)

    def time_remaining(self) -> float | None:
        """Seconds until the deadline."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def is_active(self) -> bool:
        """The caller waits in this very thread."""
        return True

    def abort(self, code: grpc.StatusCode, details: str) -> Any:
        """End the call."""
        raise LocalCallError(code, details)

    def abort_with_status(self, status: Any) -> Any:
        """End the call with rich details."""
        raise LocalCallError(status.code, status.details, status.trailing_metadata or ())


LocalContext.__abstractmethods__ = frozenset()


class LocalServer:
    """Holds the guarded handlers of all services in this process, by path; channels look them up at call time."""

    def __init__(self) -> None:
        self._handlers: dict[str, grpc.RpcMethodHandler] = {}

    def add(self, handlers: dict[str, grpc.RpcMethodHandler]) -> None:
        """Register handlers by full path, `/package.Service/Method`."""
        self._handlers |= handlers

    def channel(self) -> "LocalChannel":
        """A channel to whatever is registered."""
        return LocalChannel(self._find)

    def _find(self, path: str) -> grpc.RpcMethodHandler:
        try:
            return self._handlers[path]
        except KeyError:
            raise LocalCallError(grpc.StatusCode.UNIMPLEMENTED, f"{path} is not served here") from None


class LocalChannel(grpc.Channel):
    """A grpc.Channel whose calls are function calls on the caller's thread. It cannot interrupt a callee at its deadline."""

    def __init__(self, find: Callable[[str], grpc.RpcMethodHandler]) -> None:
        self._find = find

    def unary_unary(self, method: str, request_serializer: Any = None, response_deserializer: Any = None, *_: Any, **__: Any) -> Any:
        """One message each way."""

        def call(request: Any, timeout: float | None = None, metadata: Metadata | None = None, **_: Any) -> Any:
            handler = self._find(method)
            context = LocalContext(metadata or (), timeout)
            # Serialised both ways, so that caller and callee never share an object.
            reply = handler.unary_unary(handler.request_deserializer(request_serializer(request)), context)
            return response_deserializer(handler.response_serializer(reply))

        return call

    def unary_stream(self, method: str, request_serializer: Any = None, response_deserializer: Any = None, *_: Any, **__: Any) -> Any:
        """One message there, many back."""

        def call(request: Any, timeout: float | None = None, metadata: Metadata | None = None, **_: Any) -> Iterator[Any]:
            handler = self._find(method)
            replies = handler.unary_stream(handler.request_deserializer(request_serializer(request)), LocalContext(metadata or (), timeout))
            for reply in replies:
                yield response_deserializer(handler.response_serializer(reply))

        return call

    def stream_unary(self, method: str, request_serializer: Any = None, response_deserializer: Any = None, *_: Any, **__: Any) -> Any:
        """Many messages there, one back."""

        def call(requests: Iterator[Any], timeout: float | None = None, metadata: Metadata | None = None, **_: Any) -> Any:
            handler = self._find(method)
            received = (handler.request_deserializer(request_serializer(request)) for request in requests)
            return response_deserializer(handler.response_serializer(handler.stream_unary(received, LocalContext(metadata or (), timeout))))

        return call

    def close(self) -> None:
        """Nothing is held."""


LocalChannel.__abstractmethods__ = frozenset()

