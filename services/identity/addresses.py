"""Mail addresses as user names: one spelling for one mailbox (ACC-19)."""

import email_validator
from email_validator import EmailNotValidError

from chassis.errors import Invalid


def normalised(address: str, *, field: str = "email") -> str:
    """The address in the spelling that is stored. Raises Invalid `email_invalid` naming `field`."""
    try:
        # Deliverability is proved by the welcome mail, not by asking the DNS. `.test` is how installations try things out.
        checked = email_validator.validate_email(address.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as why:
        raise Invalid("email_invalid", "This is not a mail address.", fields={field: "email_invalid"}) from why
    return checked.normalized.lower()


def typed(address: str) -> str:
    """The address somebody signs in with, in the same spelling where it is one at all."""
    try:
        return normalised(address)
    except Invalid:
        return address.strip().lower()


def masked(address: str) -> str:
    """As in `b…@firm.example`: known again by whoever has the address, and told to nobody else."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"
