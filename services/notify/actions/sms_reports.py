"""What becomes of SMS: noted when one is handed over, and when the provider reports about it. No number and no text is kept."""

from collections.abc import Mapping

from sqlalchemy import literal
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock, telemetry
from chassis.db import Transaction
from chassis.errors import Denied, Invalid
from services.notify.models import SmsReport
from services.notify.sms import Handed, Sms

HANDED_OVER = "handed_over"
# In the order in which they follow each other (https://www.twilio.com/docs/messaging/guides/track-outbound-message-status).
STATES = (HANDED_OVER, "accepted", "scheduled", "queued", "sending", "sent", "delivered", "read", "canceled", "undelivered", "failed")
NOT_DELIVERED = ("canceled", "undelivered", "failed")


def handed_over(tx: Transaction, handed: Handed) -> None:
    """Note that it was taken. A report about it may have been faster."""
    if handed.message_id:
        fresh = {"message_id": handed.message_id, "state": STATES.index(HANDED_OVER), "at": clock.now()}
        tx.execute(upsert(SmsReport).values(fresh).on_conflict_do_nothing())


def reported(tx: Transaction, sms: Sms, *, fields: Mapping[str, str], signature: str) -> None:
    """Note what the provider says of an SMS: reports come in any order and more than once, and a state never goes back.

    Raises Denied `signature_wrong`, Invalid `sms_report_unreadable`.
    """
    if not sms.signed(fields, signature):
        raise Denied("signature_wrong", "The provider did not sign this.")
    message_id, state, error = fields.get("MessageSid", ""), fields.get("MessageStatus", ""), fields.get("ErrorCode", "")
    if not 0 < len(message_id) <= 64 or state not in STATES:
        raise Invalid("sms_report_unreadable", "This is no report about an SMS.")
    told = {"state": STATES.index(state), "error": int(error) if error.isdecimal() and len(error) < 10 else None, "at": clock.now()}
    row = upsert(SmsReport).values(message_id=message_id, **told)
    newer = SmsReport.state < literal(told["state"])
    noted = tx.execute(row.on_conflict_do_update(index_elements=["message_id"], set_=told, where=newer).returning(SmsReport.message_id))
    if noted.scalar() is not None and state in NOT_DELIVERED:
        telemetry.log(__name__).warning("sms not delivered", message_id=message_id, state=state, code=told["error"])
