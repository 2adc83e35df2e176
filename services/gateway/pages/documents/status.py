"""The status of a document as people read it: a word, and what to do about it (ACC-56, BEY-03)."""

from kontor.documents.v1 import documents_pb2
from kontor.documents.v1.documents_pb2 import Document

from services.gateway.texts import _

# How a status is called in addresses, styles and icons.
STATUSES = {
    "published": documents_pb2.STATUS_PUBLISHED,
    "updated": documents_pb2.STATUS_UPDATED,
    "scanning": documents_pb2.STATUS_SCANNING,
    "quarantine": documents_pb2.STATUS_QUARANTINE,
    "unscannable": documents_pb2.STATUS_UNSCANNABLE,
}
WORDS: dict[int, str] = {number: word for word, number in STATUSES.items()}
ARCHIVES = ("too_deep", "too_large", "too_many_members", "too_compressed")


def word(document: Document) -> str:
    """The status as it is called in the code."""
    return WORDS.get(document.status, "scanning")


def text(word: str) -> str:
    """The status in the reader's language."""
    return {
        "published": _("Published"), "updated": _("Updated"), "scanning": _("Being checked"), "quarantine": _("Quarantine"),
        "unscannable": _("Cannot be checked"),
    }[word]  # fmt: skip


def advice(document: Document) -> str:
    """What is happening to a file that is not shared yet, or what to do about one that was stopped. Empty for shared ones."""
    if document.status == documents_pb2.STATUS_SCANNING:
        return _("Received. The check usually takes less than a minute, and you can close the page.")
    if document.status == documents_pb2.STATUS_QUARANTINE:
        return _stopped(document.reason)
    if document.status == documents_pb2.STATUS_UNSCANNABLE:
        return _closed(document.reason)
    return ""


def row(document: Document) -> dict[str, str]:
    """What a row that is updated on its own shows."""
    name = word(document)
    return {"document_id": document.document_id, "name": document.name, "status": name, "label": text(name), "advice": advice(document)}


def _stopped(reason: str) -> str:
    if reason == "type_mismatch":
        return _("The content is not what the file name says, so the file is shared with nobody. Save it again, and upload that.")
    if reason == "type_not_accepted":
        return _("Files of this type are not accepted, so the file is shared with nobody. Save it as PDF, and upload that.")
    return _("The file was stopped by the security check and is shared with nobody. Ask the sender for a new copy.")


def _closed(reason: str) -> str:
    if reason == "encrypted":
        return _("The file has a password, so we cannot see what it holds. Upload it again without a password.")
    if reason in ARCHIVES:
        return _("The archive is too large or too deep to be checked. Unpack it, and upload the files themselves.")
    if reason == "archive_kind":
        return _("This kind of archive cannot be checked. Pack the files in a zip, or upload them as they are.")
    return _("The file is damaged or cannot be checked. Save it again, for example as PDF, and upload that.")
