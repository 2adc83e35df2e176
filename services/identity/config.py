"""Settings of the identity service."""

from dataclasses import dataclass
from pathlib import Path

from chassis.config import Secret


@dataclass(frozen=True)
class Config:
    """KONTOR_IDENTITY_…"""

    database_url: Secret  # where the service's PostgreSQL database is
    signing_key: Path  # private Ed25519 key (JWK, JSON) that caller assertions are signed with; its public half is KONTOR_ASSERTION_KEYS
    public_url: str = "http://127.0.0.1:8080"  # where people reach the portal; mailed links start with it
    password_slots: int = 0  # passwords checked at the same time, 19 MiB each; 0 for two per processor core
