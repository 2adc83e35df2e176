"""Settings of the messaging service."""

from dataclasses import dataclass

from chassis.config import Secret


@dataclass(frozen=True)
class Config:
    """What an operator can set: KONTOR_MESSAGING_<NAME>."""

    database_url: Secret  # address of this service's own PostgreSQL database: postgresql+psycopg://user@host/messaging
