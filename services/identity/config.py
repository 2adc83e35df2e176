"""Settings of the identity service."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import phonenumbers

from chassis.config import BadSettings, Secret
from services.identity import letters, providers
from services.identity.budgets import Budgets
from services.identity.providers import Provider
from services.identity.sealing import Keyring

_PREFIX = "KONTOR_IDENTITY_"


@dataclass(frozen=True)
class Config:
    """KONTOR_IDENTITY_…"""

    database_url: Secret  # where the service's PostgreSQL database is
    signing_key: Path  # private Ed25519 key (JWK, JSON) that caller assertions are signed with; its public half is KONTOR_ASSERTION_KEYS
    sealing_keys: Secret  # keys that seal second factors, as name:base64 of 32 random bytes, the current one first, older ones after commas
    public_url: str = "http://127.0.0.1:8080"  # where people reach the portal; mailed links start with it
    password_slots: int = 0  # passwords checked at the same time, 19 MiB each; 0 for two per processor core
    sms_countries: tuple[str, ...] = ("NO", "SE", "FI", "DK", "IS")  # where codes are sent by SMS, as ISO 3166-1 alpha-2
    sms_daily_budget: int = 200  # SMS at most within any 24 hours for the people of one organisation
    invitation_hours: int = 24  # how long an invitation by code works, from sending
    invitation_code_hours: int = 12  # how long a confirmation code works that an administrator made, and the invitation at least
    welcome_link_days: int = 7  # how long the link in a welcome mail works, from sending
    password_link_minutes: int = 60  # how long a link works that sets a password, from sending
    vouched_code_hours: int = 12  # how long a code works that an administrator made for a member who lost every second factor
    providers: Secret = field(default_factory=Secret)  # whom people may sign in with over OpenID Connect, as JSON; see identity's README
    sms_country_budget: int = 2000  # SMS at most within any 24 hours to the numbers of one country

    def __post_init__(self) -> None:
        """Raises BadSettings for what has the right type and still cannot be used."""
        mistakes = []
        try:
            self.keyring()
        except ValueError as why:
            mistakes.append(f"{_PREFIX}SEALING_KEYS: {why}")
        try:
            self.known_providers()
        except ValueError as why:
            mistakes.append(f"{_PREFIX}PROVIDERS: {why}")
        unknown = sorted(set(self.sms_countries) - phonenumbers.SUPPORTED_REGIONS)
        if unknown:
            mistakes.append(f"{_PREFIX}SMS_COUNTRIES: not a country: {', '.join(unknown)}")
        for name, budget in (("SMS_DAILY_BUDGET", self.sms_daily_budget), ("SMS_COUNTRY_BUDGET", self.sms_country_budget)):
            if budget < 0:
                mistakes.append(f"{_PREFIX}{name}: must not be negative")
        lives = ("invitation_hours", "invitation_code_hours", "welcome_link_days", "password_link_minutes", "vouched_code_hours")
        mistakes += [f"{_PREFIX}{name.upper()}: at least 1" for name in lives if getattr(self, name) < 1]
        if mistakes:
            raise BadSettings("\n".join(mistakes))

    def link_lives(self) -> dict[str, timedelta]:
        """How long links of each kind work."""
        return {letters.WELCOME: timedelta(days=self.welcome_link_days), letters.PASSWORD: timedelta(minutes=self.password_link_minutes)}

    def budgets(self) -> Budgets:
        """What SMS may cost."""
        return Budgets(organisation=self.sms_daily_budget, country=self.sms_country_budget)

    def keyring(self) -> Keyring:
        """The keys that seal second factors."""
        return Keyring.from_setting(self.sealing_keys)

    def known_providers(self) -> tuple[Provider, ...]:
        """Whom people may sign in with."""
        return providers.read(self.providers)
