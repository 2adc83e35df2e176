"""Who else may say who somebody is: providers of national eID and companies' own sign-ins, as the settings name them (NET-01, NET-02)."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from chassis.config import Secret
from chassis.language import LANGUAGES

NAME, DOMAIN = re.compile(r"[a-z0-9-]{1,40}"), re.compile(r"\*|[a-z0-9.-]{3,253}")
OURSELVES = ("127.0.0.1", "localhost", "::1")
ANY = "*"
# Whose personal numbers are known by their check digits, see `identifiers.py`.
COUNTRIES = ("DK", "EE", "FI", "IS", "LT", "NO", "PL", "SE")


@dataclass(frozen=True)
class Identifier:
    """Which claim is a person's national number, and of which country it is: a fixed one, or as another claim says."""

    claim: str
    country: str = ""
    country_claim: str = ""

    def read(self, claims: Mapping[str, Any]) -> tuple[str, str] | None:
        """Country and number; None where the provider did not say both."""
        country, number = self.country or claims.get(self.country_claim), claims.get(self.claim)
        return (country.upper(), number) if isinstance(country, str) and isinstance(number, str) and country and number else None


@dataclass(frozen=True, repr=False)
class Provider:
    """One of them. It maps people either by `identifier` or by verified mail addresses of these `domains`."""

    name: str
    labels: Mapping[str, str]
    issuer: str
    client_id: str
    client_secret: Secret
    scopes: tuple[str, ...]
    acr_values: tuple[str, ...]
    identifier: Identifier | None
    domains: tuple[str, ...]
    acr: tuple[str, ...]
    amr: tuple[str, ...]

    def label(self, language: str) -> str:
        """What people call it."""
        return self.labels.get(language) or self.labels["en"]

    def two_factors(self, claims: Mapping[str, Any]) -> bool:
        """Whether the provider says it has seen two factors; otherwise ours is asked for (ACC-21)."""
        amr = claims.get("amr")
        return claims.get("acr") in self.acr or any(each in self.amr for each in (amr if isinstance(amr, list) else ()))

    def speaks_for(self, address: str) -> bool:
        """Whether it may say whose this address is: one company's sign-in must not open another's accounts."""
        return ANY in self.domains or address.rpartition("@")[2] in self.domains

    def wanted(self) -> tuple[str, ...]:
        """The claims without which nobody can be found."""
        if self.identifier is None:
            return ("email", "email_verified")
        return tuple(each for each in (self.identifier.claim, self.identifier.country_claim) if each)


def read(text: str) -> tuple[Provider, ...]:
    """As the setting has them. Raises ValueError that names every mistake, and quotes no secret."""
    try:
        given = json.loads(text or "[]")
    except ValueError as why:
        raise ValueError(f"not JSON: {why}") from None
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise ValueError("write a list of objects, [{…}]")
    mistakes = [f"provider {number}: {fault}" for number, entry in enumerate(given, start=1) for fault in _faults(entry)]
    names = [str(entry.get("name")) for entry in given]
    mistakes += [f"two providers have the name {name!r}" for name in sorted({each for each in names if names.count(each) > 1})]
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return tuple(_provider(entry) for entry in given)


def _provider(entry: Mapping[str, Any]) -> Provider:
    label, proofs = entry["label"], entry.get("two_factors", {})
    return Provider(
        name=entry["name"], labels=label if isinstance(label, dict) else {"en": label}, issuer=entry["issuer"],
        client_id=entry["client_id"], client_secret=Secret(entry["client_secret"]),
        scopes=tuple(entry.get("scopes", ("openid", "email"))), acr_values=tuple(entry.get("acr_values", ())),
        identifier=Identifier(**entry["identifier"]) if "identifier" in entry else None,
        domains=tuple(entry.get("email", {}).get("domains", ())), acr=tuple(proofs.get("acr", ())), amr=tuple(proofs.get("amr", ())),
    )  # fmt: skip


def _faults(entry: Mapping[str, Any]) -> list[str]:
    faults = [f"there is no {key!r}" for key in sorted(set(entry) - {key for key, *_ in _SHAPE})]
    for key, required, fits, what in _SHAPE:
        if key not in entry and required:
            faults.append(f"{key} is missing")
        elif key in entry and not fits(entry[key]):
            faults.append(f"{key} must be {what}")
    if ("identifier" in entry) == ("email" in entry):
        faults.append("give either identifier or email: how people are found")
    return faults


def _text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 500


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_text(each) for each in value)


def _label(value: Any) -> bool:
    return _text(value) or (isinstance(value, dict) and "en" in value and set(value) <= set(LANGUAGES) and all(map(_text, value.values())))


def _issuer(value: Any) -> bool:
    parts = urlsplit(value) if _text(value) else urlsplit("")
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in OURSELVES)
    return safe and bool(parts.hostname) and not parts.query and not parts.fragment


def _identifier(value: Any) -> bool:
    if not isinstance(value, dict) or not all(_text(each) for each in value.values()):
        return False
    fixed, told = set(value) == {"claim", "country"}, set(value) == {"claim", "country_claim"}
    return told or (fixed and value["country"] in COUNTRIES)


def _email(value: Any) -> bool:
    domains = value["domains"] if isinstance(value, dict) and set(value) == {"domains"} else None
    return _texts(domains) and all(map(DOMAIN.fullmatch, domains or ()))


def _two_factors(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and set(value) <= {"acr", "amr"} and all(map(_texts, value.values()))


_SHAPE: Sequence[tuple[str, bool, Callable[[Any], bool], str]] = (
    ("name", True, lambda value: isinstance(value, str) and bool(NAME.fullmatch(value)), "1 to 40 of a-z, 0-9 and -"),
    ("label", True, _label, "a text, or texts by language with en among them"),
    ("issuer", True, _issuer, "an https address, without ? and #"),
    ("client_id", True, _text, "a text"),
    ("client_secret", True, _text, "a text"),
    ("scopes", False, lambda value: _texts(value) and "openid" in value, "a list of texts with openid among them"),
    ("acr_values", False, _texts, "a list of texts"),
    ("identifier", False, _identifier, f"an object with claim, and with country ({', '.join(COUNTRIES)}) or country_claim"),
    ("email", False, _email, 'an object with domains: a list of mail domains, or ["*"] for all'),
    ("two_factors", False, _two_factors, "an object with acr or amr or both, each a list of texts"),
)
