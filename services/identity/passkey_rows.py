"""What identity keeps of passkeys: their public halves, and what was asked of browsers."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.models import Model, key, refers


class Passkey(Model):
    """One of a person's passkeys (BEY-16). Nothing in it serves one who reads it: the private half never leaves the device."""

    __tablename__ = "passkeys"

    id: Mapped[str] = key()
    user_id: Mapped[str] = refers("users.id", index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(2000))  # COSE
    sign_count: Mapped[int] = mapped_column(BigInteger)  # only moves forward; stays 0 for passkeys that do not count
    backup_eligible: Mapped[bool]
    backed_up: Mapped[bool]
    label: Mapped[str] = mapped_column(String(100))
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PasskeyChallenge(Model):
    """What a browser was asked to sign: good for one answer within 5 minutes."""

    __tablename__ = "passkey_challenges"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    about: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))  # the attempt or session it is for; none for signing in alone
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
