"""What identity keeps of SMS that tell a person of a change to their account."""

from datetime import datetime

from sqlalchemy import Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.models import Model, key, refers


class SmsWarning(Model):
    """An SMS that is due. It is taken before it is handed over: one whose fate is unknown is not sent again."""

    __tablename__ = "sms_warnings"
    __table_args__ = (Index("ix_sms_warnings_due_at", "due_at", postgresql_where=text("taken_at is null")),)

    id: Mapped[str] = key()
    user_id: Mapped[str] = refers("users.id")
    phone: Mapped[str] = mapped_column(String(300))  # sealed, as it stood in the factor: the number may be gone by now
    change: Mapped[str] = mapped_column(String(40))
    membership_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))  # for what concerns one organisation
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
