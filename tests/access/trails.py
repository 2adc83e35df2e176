"""Who may read which audit trail."""

from kontor.audit.v1 import audit_pb2 as a

from tests.access.who import ADMINISTRATORS, Table

TRAILS: Table = {
    # Each sees the chain of their own organisation; one without an entry is an empty answer.
    "kontor.identity.v1.IdentityAudit.ListIdentityEntries": (ADMINISTRATORS, lambda _: a.ListEntriesRequest()),
    "kontor.identity.v1.IdentityAudit.ExportIdentityEntries": (ADMINISTRATORS, lambda _: a.ExportEntriesRequest()),
    "kontor.documents.v1.DocumentsAudit.ListDocumentsEntries": (ADMINISTRATORS, lambda _: a.ListEntriesRequest()),
    "kontor.documents.v1.DocumentsAudit.ExportDocumentsEntries": (ADMINISTRATORS, lambda _: a.ExportEntriesRequest()),
    "kontor.messaging.v1.MessagingAudit.ListMessagingEntries": (ADMINISTRATORS, lambda _: a.ListEntriesRequest()),
    "kontor.messaging.v1.MessagingAudit.ExportMessagingEntries": (ADMINISTRATORS, lambda _: a.ExportEntriesRequest()),
    "kontor.linking.v1.LinkingAudit.ListLinkingEntries": (ADMINISTRATORS, lambda _: a.ListEntriesRequest()),
    "kontor.linking.v1.LinkingAudit.ExportLinkingEntries": (ADMINISTRATORS, lambda _: a.ExportEntriesRequest()),
    "kontor.notify.v1.NotifyAudit.ListNotifyEntries": (ADMINISTRATORS, lambda _: a.ListEntriesRequest()),
    "kontor.notify.v1.NotifyAudit.ExportNotifyEntries": (ADMINISTRATORS, lambda _: a.ExportEntriesRequest()),
}
