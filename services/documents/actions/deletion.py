"""Delete a document because the client has asked for it: the firm's hand alone (ACC-43, ACC-44)."""

from collections.abc import Sequence

from sqlalchemy import exists, select

from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Invalid, NotFound
from services.documents import access
from services.documents.endings import Why, end_document, end_version
from services.documents.holds import refuse_if_held
from services.documents.models import Client, Document, Version
from services.documents.models_retention import Tombstone


def delete_document(tx: Transaction, caller: Caller, document_id: str, reason: str) -> Sequence[Tombstone]:
    """Withdraw a document with all its versions, and answer what is left, the newest first.

    Raises NotFound if somebody was quicker, Conflict ``on_legal_hold``, Invalid ``reason_empty``.
    """
    words = said(reason)
    here = exists().where(Client.organisation_id == Document.organisation_id, Client.firm_id == caller.organisation_id)
    organisation_id = tx.scalar(select(Document.organisation_id).where(Document.id == document_id, here))
    if organisation_id is None:
        raise _gone()
    refuse_if_held(tx, organisation_id, [document_id])
    document = tx.scalar(select(Document).where(Document.id == document_id, access.IN_FOLDER).with_for_update())
    if document is None:
        raise _gone()
    newest_first = select(Version).where(Version.document_id == document.id).order_by(Version.received_at.desc(), Version.id.desc())
    why = Why(by=f"{caller.name}, {caller.organisation_name}", by_membership_id=caller.membership_id, reason=words)
    versions = tx.scalars(newest_first.with_for_update()).all()
    stones = [end_version(tx, document, version, why) for version in versions]
    end_document(tx, document, versions[0], why)
    return stones


def said(reason: str) -> str:
    """The reason without spaces around it. Raises Invalid ``reason_empty`` where nothing is left that says something."""
    words = " ".join(reason.split())
    if len(words) < 3:
        raise Invalid("reason_empty", "Say why.", fields={"reason": "reason_empty"})
    return words


def _gone() -> NotFound:
    return NotFound("document_not_found", "There is no such document, or you may not see it.")
