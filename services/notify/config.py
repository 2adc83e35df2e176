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
    sms_url: str = ""  # who takes SMS: twilio://ACCOUNT_SID@api.twilio.com?from=+47…, or file:///folder; empty: no codes by SMS
    sms_secret: Secret = NO_PASSWORD  # Twilio's auth token
    sender: str = "Kontor <kontor@localhost>"  # who mails are from: a name and an address
    digest_hour: int = 7  # the hour of a person's own day at which the daily digest leaves, unless they choose another: 0 to 23
    keep_notices_days: int = 365  # for how long notices stand in the portal
    keep_mails_days: int = 90  # for how long it is known which mails have left, and the links in them that switch mails off work
