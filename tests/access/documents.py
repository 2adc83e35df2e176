"""Who may do what with folders and documents."""

import uuid
from typing import Any

from kontor.documents.v1 import documents_pb2 as d
from kontor.documents.v1 import previews_pb2 as v
from kontor.documents.v1 import retention_pb2 as r

from tests.access.callers import Stage
from tests.access.who import ADMINISTRATORS, CLIENT_FOLDER, NOBODY, NOWHERE, PAYROLL, WRITERS, Table


def _upload(stage: Stage) -> Any:
    start = d.UploadStart(folder_id=stage.folder, name=f"{uuid.uuid4()}.csv", period=1, year=2026)
    return iter([d.UploadRequest(start=start), d.UploadRequest(chunk=b"a;b\n1;2\n")])


DOCUMENTS: Table = {
    "kontor.documents.v1.Folders.CreateFolder": (
        frozenset({"firm", "key"}),
        lambda stage: d.CreateFolderRequest(organisation_id=stage.client, name=f"M {uuid.uuid4()}", service_area=PAYROLL),
    ),
    "kontor.documents.v1.Folders.ListFolders": (
        # The colleague sees another folder, the HR consultant too; the stranger and the unassigned administrator of the firm see none.
        frozenset({"other_folder", "reader", "administrator", "payroll", "hr", "key"}),
        lambda stage: d.ListFoldersRequest(organisation_id=stage.client),
    ),
    # Of the client's own members; the stranger is told of no folder, whatever membership is asked about.
    "kontor.documents.v1.Folders.CountGrants": (
        frozenset({"stranger", "administrator"}),
        lambda stage: d.CountGrantsRequest(membership_ids=[stage.member]),
    ),
    "kontor.documents.v1.Folders.ListClientFolders": (
        frozenset({"firm", "key"}),
        lambda stage: d.ListClientFoldersRequest(organisation_id=stage.client),
    ),
    "kontor.documents.v1.Folders.RenameFolder": (
        frozenset({"firm", "key"}),
        lambda stage: d.RenameFolderRequest(folder_id=stage.folder, name=f"M {uuid.uuid4()}"),
    ),
    "kontor.documents.v1.Folders.RemoveFolder": (
        # It is not empty: who is let in finds that out, and nobody removes it.
        frozenset({"firm", "key"}),
        lambda stage: d.RemoveFolderRequest(folder_id=stage.folder),
    ),
    "kontor.documents.v1.Folders.GetFolderAccess": (
        frozenset({"administrator"}),
        lambda stage: d.GetFolderAccessRequest(membership_id=stage.member),
    ),
    "kontor.documents.v1.Folders.SetFolderAccess": (
        frozenset({"administrator"}),
        lambda stage: d.SetFolderAccessRequest(membership_id=stage.member, folder_ids=[stage.folder]),
    ),
    "kontor.documents.v1.Folders.ListFolderGrants": (ADMINISTRATORS - {"firm"}, lambda _: d.ListFolderGrantsRequest()),
    "kontor.documents.v1.Folders.GetFolderMembers": (
        frozenset({"administrator"}),
        lambda stage: d.GetFolderMembersRequest(folder_id=stage.folder),
    ),
    "kontor.documents.v1.Folders.SetFolderMembers": (
        frozenset({"administrator"}),
        lambda stage: d.SetFolderMembersRequest(
            folder_id=stage.folder, ticks=[d.MemberTick(membership_id=stage.member, granted=True)]
        ),
    ),
    "kontor.documents.v1.Documents.CheckNames": (
        WRITERS,
        lambda stage: d.CheckNamesRequest(folder_id=stage.folder, period=1, year=2026, names=["a.csv"]),
    ),
    "kontor.documents.v1.Documents.Upload": (WRITERS, _upload),
    "kontor.documents.v1.Documents.ListDocuments": (CLIENT_FOLDER, lambda stage: d.ListDocumentsRequest(organisation_id=stage.client)),
    "kontor.documents.v1.Documents.UpdateDocument": (
        WRITERS,
        lambda stage: d.UpdateDocumentRequest(document_id=stage.document, period=2),
    ),
    "kontor.documents.v1.Documents.UpdateDocuments": (
        WRITERS,
        lambda stage: d.UpdateDocumentsRequest(documents=[d.DocumentRevision(document_id=stage.document)], period=1),
    ),
    "kontor.documents.v1.Documents.ListVersions": (CLIENT_FOLDER, lambda stage: d.ListVersionsRequest(document_id=stage.document)),
    "kontor.documents.v1.Documents.GetDocument": (CLIENT_FOLDER, lambda stage: d.GetDocumentRequest(document_id=stage.document)),
    "kontor.documents.v1.Documents.BatchGetDocuments": (
        CLIENT_FOLDER,
        lambda stage: d.BatchGetDocumentsRequest(document_ids=[stage.document]),
    ),
    "kontor.documents.v1.Documents.Download": (CLIENT_FOLDER, lambda stage: d.DownloadRequest(document_id=stage.document)),
    "kontor.documents.v1.Documents.DownloadZip": (CLIENT_FOLDER, lambda stage: d.DownloadZipRequest(document_ids=[stage.document])),
    "kontor.documents.v1.Documents.CountDocuments": (CLIENT_FOLDER, lambda stage: d.CountDocumentsRequest(organisation_ids=[stage.client])),
    "kontor.documents.v1.Previews.GetPreview": (CLIENT_FOLDER, lambda stage: v.GetPreviewRequest(document_id=stage.document)),
    "kontor.documents.v1.Previews.GetPreviewPage": (
        CLIENT_FOLDER,
        lambda stage: v.GetPreviewPageRequest(document_id=stage.document, page=1),
    ),
    "kontor.documents.v1.Retention.GetRetention": (CLIENT_FOLDER, lambda stage: r.GetRetentionRequest(document_id=stage.document)),
    "kontor.documents.v1.Retention.DeleteDocument": (
        NOBODY,
        # A document that does not exist: the others are about this one. Who may delete has tests of its own.
        lambda _: r.DeleteDocumentRequest(document_id=NOWHERE, reason="matrix"),
    ),
    "kontor.documents.v1.Retention.ListTombstones": (
        # Nothing was deleted here, so there is nothing to see for anybody.
        NOBODY,
        lambda stage: r.ListTombstonesRequest(organisation_id=stage.client),
    ),
    "kontor.documents.v1.Retention.GetTombstone": (NOBODY, lambda stage: r.GetTombstoneRequest(tombstone_id=stage.document)),
    "kontor.documents.v1.Holds.SetHold": (
        frozenset({"firm"}),
        lambda stage: r.SetHoldRequest(organisation_id=stage.client, document_ids=[stage.document], reason="matrix"),
    ),
    "kontor.documents.v1.Holds.ReleaseHold": (
        NOBODY,
        lambda stage: r.ReleaseHoldRequest(organisation_id=stage.client, hold_ids=[NOWHERE], reason="matrix"),
    ),
    "kontor.documents.v1.Holds.ListHolds": (frozenset({"firm"}), lambda stage: r.ListHoldsRequest(organisation_id=stage.client)),
    "kontor.documents.v1.Changes.ListChanges": (CLIENT_FOLDER, lambda stage: d.ListChangesRequest(organisation_id=stage.client)),
}
