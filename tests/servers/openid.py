"""An OpenID provider for tests: Django OAuth Toolkit, out of its wheel. It is another maker's code than the one under test (Authlib)."""

import json
import re
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.servers.program import Program, free_ports

SITE = Path(__file__).parent / "openid_site.py"
CLIENT, SECRET = "kontor", "the secret that this client and the provider share"


@dataclass
class Provider:
    """A provider and its people: name to what it says of them. The name is the password too."""

    program: Program
    people: Mapping[str, Mapping[str, Any]]
    redirects: dict[str, str] = field(default_factory=lambda: {CLIENT: ""})
    algorithms: Mapping[str, str] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """Its address, and its name."""
        return self.program.url

    def start(self, **redirects: str) -> None:
        """Start it, with a key of its own: the next time it has another. `redirects` says where a client's browsers come back to."""
        self.redirects.update(redirects)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        (self.program.directory / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        clients = [
            {
                "client_id": each, "client_secret": SECRET, "redirect_uris": where, "algorithm": self.algorithms.get(each, "RS256"),
                "skip_authorization": False,
            }
            for each, where in self.redirects.items()
        ]
        told = {"port": urlsplit(self.issuer).port, "people": self.people, "clients": clients}
        (self.program.directory / "site.json").write_text(json.dumps(told))
        self.program.start()

    def visited(self, url: str, name: str, *, allow: bool = True) -> dict[str, str]:
        """What the browser of this person brings back from there."""
        with requests.Session() as browser:
            page = browser.get(url, timeout=10)
            page.raise_for_status()
            if "password" in page.text:
                page = browser.post(page.url, {**_hidden(page.text), "username": name, "password": name}, timeout=10)
                page.raise_for_status()
            answer = {**_hidden(page.text), "allow": "Authorize" if allow else ""}
            back = browser.post(page.url, answer, timeout=10, allow_redirects=False)
        assert back.status_code == 302, back.text
        return dict(parse_qsl(urlsplit(urljoin(url, back.headers["Location"])).query))


def provider(directory: Path, people: Mapping[str, Mapping[str, Any]], **more: Any) -> Provider:
    """A new one on a free port, not started."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    return Provider(
        Program(
            name="the OpenID provider", url=url, command=[sys.executable, "-W", "ignore", str(SITE), str(directory)],
            directory=directory, answers=partial(_answers, url),
        ),
        people, **more,
    )  # fmt: skip


def _answers(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/.well-known/openid-configuration", timeout=2) as answer:
        return bool(answer.status == 200)


def _hidden(page: str) -> dict[str, str]:
    """The hidden fields of a form."""
    inputs = [dict(re.findall(r'(\w+)="([^"]*)"', each)) for each in re.findall(r'<input type="hidden"[^>]*>', page)]
    return {each["name"]: each.get("value", "").replace("&amp;", "&").replace("&#x27;", "'").replace("&quot;", '"') for each in inputs}
