"""Settings of the notify service."""

from dataclasses import dataclass

from chassis.config import Secret

NO_PASSWORD = Secret("")


@dataclass(frozen=True)
class Config:
    """What an operator can set: KONTOR_NOTIFY_<NAME>."""

    database_url: Secret  # address of this service's own PostgreSQL database: postgresql+psycopg://user@host/notify
    mail_url: str  # who takes the mail: smtp://user@host:587?starttls, smtps://user@host:465, or file:///folder to catch it on a laptop
    public_url: str  # address of the portal as people reach it; mails lead there
    mail_password: Secret = NO_PASSWORD  # password of the user in mail_url
    sender: str = "Kontor <kontor@localhost>"  # who mails are from: a name and an address
    digest_hour: int = 7  # the hour of a person's own day at which the daily digest leaves: 0 to 23
