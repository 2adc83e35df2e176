"""A person's own switches in one organisation: what is told in the portal, and what by e-mail (ACC-68, AMI-08)."""

from kontor.notify.v1 import notify_pb2 as pb
from sqlalchemy.dialects.postgresql import insert

from chassis.caller import Caller
from chassis.db import Transaction
from services.notify.models import Settings


def update_settings(tx: Transaction, caller: Caller, wanted: pb.NoticeSettings) -> None:
    """Exactly these from now on."""
    switches = {
        "documents_in_portal": wanted.documents_in_portal,
        "documents_by_email": wanted.documents_by_email,
        "messages_by_email": wanted.messages_by_email,
    }
    chosen = insert(Settings).values(membership_id=caller.membership_id, **switches)
    tx.execute(chosen.on_conflict_do_update(index_elements=["membership_id"], set_=switches))
    facts = {name: "on" if value else "off" for name, value in switches.items()}
    tx.record("notice_settings.update", organisation=caller.organisation_id, subject=caller.membership_id, **facts)
