"""Ask the product as clients do that ask often: over kept connections, as somebody who stays signed in."""

import http.client
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from chassis import caller
from demo.people import Person
from demo.session import World
from tests.fleet import Product

# Assertions are good for a minute.
RENEWED_SECONDS = 20.0


class Rest:
    """The gateway, by one person, over one kept connection a thread."""

    def __init__(self, product: Product, world: World, person: Person) -> None:
        self._address, self._token = urlsplit(product.url), world.token(person)
        self._held, self._opened = threading.local(), list[http.client.HTTPConnection]()

    def get(self, path: str, *, cookie: bool = False) -> Callable[[], bytes]:
        """What asks for it, as the API's or, with `cookie`, a browser's client does."""
        headers = {"Cookie": f"session={self._token}"} if cookie else {"Authorization": f"Bearer {self._token}"}
        return lambda: self.ask("GET", path, headers=headers)

    def put(self, path: str, body: bytes) -> bytes:
        """Upload."""
        return self.ask("PUT", path, body, headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/octet-stream"})

    def close(self) -> None:
        """Hang up."""
        for connection in self._opened:
            connection.close()

    def ask(self, verb: str, path: str, body: bytes | None = None, *, headers: dict[str, str]) -> bytes:
        """One request, which must be answered well."""
        connection = getattr(self._held, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=120)
            self._held.connection = connection
            self._opened.append(connection)
        connection.request(verb, path, body, headers)
        answer = connection.getresponse()
        content: bytes = answer.read()
        assert answer.status in (200, 201), content[:300]
        return content


class Direct:
    """The services themselves, by one person."""

    def __init__(self, world: World, person: Person) -> None:
        self._world, self._person = world, person
        self._assertions: dict[str, str] = {}
        self._until = 0.0

    def __call__(self, call: Callable[[], object]) -> Callable[[], object]:
        """The call, made by the person."""

        def made() -> object:
            if time.monotonic() > self._until:
                with self._world.acting(self._person) as held:
                    self._assertions, self._until = dict(held.assertions), time.monotonic() + RENEWED_SECONDS
            with caller.acting(caller.NOBODY, self._assertions):
                return call()

        return made
