"""What identity keeps of people without a national electronic identity: their identifiers, and invitations by code."""

from datetime import datetime

from sqlalchemy import Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.models import Model, key, refers


class Identifier(Model):
    """A personal number or another code with the country that issued it (NET-06), as an organisation's administrator entered it.

    Anybody can claim one. It finds its owner for other organisations only once proven (NET-09), and of equal ones only the first is.
    """

    __tablename__ = "identifiers"
    __table_args__ = (Index("uq_identifiers_proven", "digest", unique=True, postgresql_where=text("proven_at is not null")),)

    id: Mapped[str] = key()
    user_id: Mapped[str] = refers("users.id", index=True)
    country: Mapped[str] = mapped_column(String(2))
    sealed: Mapped[str] = mapped_column(String(1000))  # as it was given, and the spelling it is compared in
    digest: Mapped[bytes] = mapped_column(index=True)  # keyed
    claimed_at: Mapped[datetime]
    proven_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]  # when an eID first opened the account by it, which nobody had used before


class Invitation(Model):
    """An invitation by code, from the mail to the activation (NET-16 to NET-33). Every step is one conditional UPDATE."""

    __tablename__ = "invitations"
    __table_args__ = (
        Index("ix_invitations_membership", "membership_id", "id"),
        Index("uq_invitations_open", "membership_id", unique=True, postgresql_where=text("cancelled_at is null and completed_at is null")),
    )

    id: Mapped[str] = key()
    membership_id: Mapped[str] = refers("memberships.id")
    user_id: Mapped[str] = refers("users.id", index=True)
    inviter_id: Mapped[str]  # the user who confirmed the invited person's identity (NET-19), or the command line's operator
    inviter_name: Mapped[str]
    identity_checked_at: Mapped[datetime]
    phone: Mapped[str] = mapped_column(String(300))  # sealed
    person: Mapped[str] = mapped_column(String(300))  # sealed: a digest of the person's data (NET-17)
    letter_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), unique=True)
    sent_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)  # from sending
    tries: Mapped[int] = mapped_column(default=0)  # of the 16 digits
    entered_at: Mapped[datetime | None]
    entry: Mapped[bytes | None] = mapped_column(unique=True)
    sms_asked: Mapped[int] = mapped_column(default=0)
    sms_sent: Mapped[int] = mapped_column(default=0)
    made_code: Mapped[bytes | None]  # keyed: the confirmation code that an administrator made
    made_tries: Mapped[int] = mapped_column(default=0)
    made_expires_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    activation: Mapped[bytes | None] = mapped_column(unique=True)
    activation_expires_at: Mapped[datetime | None]
    activation_used_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class InvitationCode(Model):
    """A code as it was mailed. A mail that is sent twice, as nobody knows whether it arrived, has two, and either works."""

    __tablename__ = "invitation_codes"

    digest: Mapped[bytes] = mapped_column(primary_key=True)  # keyed, of all 16 digits
    invitation_id: Mapped[str] = refers("invitations.id", index=True)
    first_half: Mapped[bytes] = mapped_column(index=True)  # keyed: whose tries a wrong second half is counted to
