"""A frontend or a back-office system that speaks to Kontor's REST API and knows nothing but its OpenAPI description."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import urllib3


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The body, which is JSON."""
        return json.loads(self.content)

    def ok(self) -> Any:
        """The body of an answer that must have been a good one."""
        assert self.status < 300, self.content.decode()
        return self.json


@dataclass
class Rest:
    """The API at an address, used with a session token or an API key. Every call is checked to be one that the description has."""

    url: str
    token: str = ""
    routes: list[tuple[str, re.Pattern[str]]] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    _http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(timeout=30, retries=False))

    def __post_init__(self) -> None:
        """Read the description."""
        if not self.routes:
            described = self._send("GET", "/api/openapi.json").ok()["paths"]
            self.routes += [(verb.upper(), _pattern(path)) for path, verbs in described.items() for verb in verbs]

    def as_(self, token: str) -> "Rest":
        """The same API, used with another token."""
        return Rest(self.url, token, self.routes, self.called)

    def get(self, path: str, **query: object) -> Answer:
        """Ask for something."""
        return self.call("GET", path, query=query)

    def post(self, path: str, **body: object) -> Answer:
        """Do something."""
        return self.call("POST", path, body=body)

    def put(self, path: str, **body: object) -> Answer:
        """Set something."""
        return self.call("PUT", path, body=body)

    def delete(self, path: str) -> Answer:
        """Take something away."""
        return self.call("DELETE", path)

    def upload(self, folder: str, name: str, content: bytes, **query: object) -> Answer:
        """Send a file to a folder."""
        return self.call("PUT", f"/api/v1/folders/{folder}/files/{quote(name, safe='')}", content=content, query=query)

    def call(
        self, verb: str, path: str, *, body: object = None, content: bytes | None = None, query: Mapping[str, object] | None = None
    ) -> Answer:
        """One call."""
        assert any(known == verb and pattern.fullmatch(path) for known, pattern in self.routes), f"{verb} {path} is not described"
        self.called.add(f"{verb} {path}")
        asked = f"{path}?{urlencode(query, doseq=True)}" if query else path
        if content is None:
            return self._send(verb, asked, None if body is None else json.dumps(body).encode(), "application/json")
        return self._send(verb, asked, content, "application/octet-stream")

    def _send(self, verb: str, path: str, data: bytes | None = None, content_type: str = "application/json") -> Answer:
        headers = {"Content-Type": content_type} if data is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = self._http.request(verb, f"{self.url}{path}", body=data, headers=headers)
        return Answer(answer.status, answer.headers, answer.data)


def _pattern(path: str) -> re.Pattern[str]:
    """Paths as OpenAPI writes them: {name} is one segment."""
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", path)))
