"""Who may do what, written down once: every RPC with the callers it lets in. A new RPC fails the matrix until it has a line here."""

import uuid
from collections.abc import Callable
from typing import Any

from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2 as d
from kontor.identity.v1 import identity_pb2 as i
from kontor.linking.v1 import linking_pb2 as l
from kontor.messaging.v1 import messaging_pb2 as m
from kontor.notify.v1 import notify_pb2 as n

from tests.access.callers import CALLERS, Stage

SIGNED_IN = frozenset(CALLERS) - {"anonymous"}
EVERYBODY = frozenset(CALLERS)
NOBODY: frozenset[str] = frozenset()
CLIENT_FOLDER = frozenset({"reader", "administrator", "payroll"})
WRITERS = frozenset({"administrator", "payroll"})
ADMINISTRATORS = frozenset({"stranger", "administrator", "firm"})
PAYROLL = access_pb2.SERVICE_AREA_PAYROLL

Request = Callable[[Stage], Any]
NOWHERE = str(uuid.UUID(int=0))
TOKEN = "x" * 43


def _upload(stage: Stage) -> Any:
    start = d.UploadStart(folder_id=stage.folder, name=f"{uuid.uuid4()}.csv", period=1, year=2026)
    return iter([d.UploadRequest(start=start), d.UploadRequest(chunk=b"a;b\n1;2\n")])


def _administrator(name: str) -> i.FirstAdministrator:
    return i.FirstAdministrator(email=f"{name}@matrix.example", first_name="M", last_name="Atrix")


# For an RPC about one's own things, whoever is let in reaches nothing of anybody else's; the services' own tests prove that.
TABLE: dict[str, tuple[frozenset[str], Request]] = {
    "kontor.identity.v1.SignIn.RequestPasswordLink": (EVERYBODY, lambda _: i.RequestPasswordLinkRequest(email="nobody@matrix.example")),
    "kontor.identity.v1.SignIn.ShowLink": (EVERYBODY, lambda _: i.ShowLinkRequest(token=TOKEN)),
    "kontor.identity.v1.SignIn.VerifyAccount": (EVERYBODY, lambda _: i.VerifyAccountRequest(token=TOKEN)),
    "kontor.identity.v1.SignIn.SetPassword": (EVERYBODY, lambda _: i.SetPasswordRequest(token=TOKEN, password="p", password_again="p")),
    "kontor.identity.v1.SignIn.StartSignIn": (EVERYBODY, lambda _: i.StartSignInRequest(email="nobody@matrix.example", password="p")),
    "kontor.identity.v1.SignIn.FinishSignIn": (EVERYBODY, lambda _: i.FinishSignInRequest(attempt=TOKEN, code="000000")),
    "kontor.identity.v1.Sessions.ResolveSession": (EVERYBODY, lambda _: i.ResolveSessionRequest(session=TOKEN)),
    "kontor.identity.v1.Sessions.ExchangeApiKey": (EVERYBODY, lambda _: i.ExchangeApiKeyRequest(api_key=TOKEN)),
    "kontor.identity.v1.Sessions.ChooseOrganisation": (SIGNED_IN, lambda _: i.ChooseOrganisationRequest(membership_id=NOWHERE)),
    "kontor.identity.v1.Sessions.SignOut": (SIGNED_IN, lambda _: i.SignOutRequest()),
    "kontor.identity.v1.Account.GetProfile": (SIGNED_IN, lambda _: i.GetProfileRequest()),
    "kontor.identity.v1.Account.UpdateProfile": (SIGNED_IN, lambda _: i.UpdateProfileRequest()),
    "kontor.identity.v1.Account.ChangePassword": (
        SIGNED_IN,
        lambda _: i.ChangePasswordRequest(present_password="wrong", password="p", password_again="p"),
    ),
    "kontor.identity.v1.Organisations.CreateFirm": (
        NOBODY,
        lambda _: i.CreateFirmRequest(name="F", organisation_number="899000021", country="NO", administrator=_administrator("firm")),
    ),
    "kontor.identity.v1.Organisations.CreateClient": (
        frozenset({"firm"}),
        lambda _: i.CreateClientRequest(name="C", organisation_number="899000048", country="NO", administrator=_administrator("client")),
    ),
    "kontor.identity.v1.Organisations.GetOrganisation": (
        frozenset({"other_folder", "reader", "administrator", "payroll", "hr", "firm"}),
        lambda stage: i.GetOrganisationRequest(organisation_id=stage.client),
    ),
    "kontor.identity.v1.Organisations.ListMembers": (ADMINISTRATORS, lambda _: i.ListMembersRequest()),
    "kontor.identity.v1.Organisations.GetMember": (
        frozenset({"administrator"}),
        lambda stage: i.GetMemberRequest(membership_id=stage.member),
    ),
    "kontor.identity.v1.Organisations.AddMember": (
        ADMINISTRATORS,
        lambda _: i.AddMemberRequest(email=f"{uuid.uuid4()}@matrix.example", first_name="M", last_name="A"),
    ),
    "kontor.identity.v1.Organisations.ChangeRole": (
        frozenset({"administrator"}),
        lambda stage: i.ChangeRoleRequest(membership_id=stage.member, role=i.ROLE_READ),
    ),
    "kontor.identity.v1.Organisations.RemoveMember": (
        NOBODY,
        # A membership that does not exist: what is asked is only who gets past the permission; whom it removes has tests of its own.
        lambda _: i.RemoveMemberRequest(membership_id=NOWHERE),
    ),
    "kontor.identity.v1.Organisations.CreateApiKey": (frozenset({"firm"}), lambda _: i.CreateApiKeyRequest(label="matrix", valid_days=1)),
    "kontor.identity.v1.Organisations.ListApiKeys": (frozenset({"firm"}), lambda _: i.ListApiKeysRequest()),
    "kontor.identity.v1.Organisations.RevokeApiKey": (NOBODY, lambda _: i.RevokeApiKeyRequest(api_key_id=NOWHERE)),
    "kontor.documents.v1.Folders.CreateFolder": (
        frozenset({"firm"}),
        lambda stage: d.CreateFolderRequest(organisation_id=stage.client, name=f"M {uuid.uuid4()}", service_area=PAYROLL),
    ),
    "kontor.documents.v1.Folders.ListFolders": (
        # The colleague sees another folder, the HR consultant too; the stranger and the unassigned administrator of the firm see none.
        frozenset({"other_folder", "reader", "administrator", "payroll", "hr"}),
        lambda stage: d.ListFoldersRequest(organisation_id=stage.client),
    ),
    "kontor.documents.v1.Folders.GetFolderAccess": (
        frozenset({"administrator"}),
        lambda stage: d.GetFolderAccessRequest(membership_id=stage.member),
    ),
    "kontor.documents.v1.Folders.SetFolderAccess": (
        frozenset({"administrator"}),
        lambda stage: d.SetFolderAccessRequest(membership_id=stage.member, folder_ids=[stage.folder]),
    ),
    "kontor.documents.v1.Documents.CheckNames": (
        WRITERS,
        lambda stage: d.CheckNamesRequest(folder_id=stage.folder, period=1, year=2026, names=["a.csv"]),
    ),
    "kontor.documents.v1.Documents.Upload": (WRITERS, _upload),
    "kontor.documents.v1.Documents.ListDocuments": (CLIENT_FOLDER, lambda stage: d.ListDocumentsRequest(organisation_id=stage.client)),
    "kontor.documents.v1.Documents.GetDocument": (CLIENT_FOLDER, lambda stage: d.GetDocumentRequest(document_id=stage.document)),
    "kontor.documents.v1.Documents.BatchGetDocuments": (
        CLIENT_FOLDER,
        lambda stage: d.BatchGetDocumentsRequest(document_ids=[stage.document]),
    ),
    "kontor.documents.v1.Documents.Download": (CLIENT_FOLDER, lambda stage: d.DownloadRequest(document_id=stage.document)),
    "kontor.documents.v1.Documents.DownloadZip": (CLIENT_FOLDER, lambda stage: d.DownloadZipRequest(document_ids=[stage.document])),
    "kontor.documents.v1.Documents.CountDocuments": (CLIENT_FOLDER, lambda stage: d.CountDocumentsRequest(organisation_ids=[stage.client])),
    "kontor.documents.v1.Changes.ListChanges": (CLIENT_FOLDER, lambda stage: d.ListChangesRequest(organisation_id=stage.client)),
    "kontor.messaging.v1.Messages.SendMessage": (
        frozenset({"other_folder", "administrator", "payroll"}),
        lambda stage: m.SendMessageRequest(organisation_id=stage.client, service_area=PAYROLL, subject="s", body="b"),
    ),
    "kontor.messaging.v1.Messages.ListMessages": (
        # The colleague, the administrator and the consultant have each written: they see their own, or their area's.
        frozenset({"other_folder", "administrator", "payroll"}),
        lambda stage: m.ListMessagesRequest(organisation_id=stage.client),
    ),
    "kontor.linking.v1.Links.CreateLink": (frozenset({"firm"}), lambda stage: l.CreateLinkRequest(organisation_id=stage.client)),
    "kontor.linking.v1.Links.ListClients": (frozenset({"payroll", "hr", "firm"}), lambda _: l.ListClientsRequest()),
    "kontor.linking.v1.Links.ListConsultants": (
        frozenset({"administrator", "payroll", "hr", "firm"}),
        lambda stage: l.ListConsultantsRequest(organisation_id=stage.client),
    ),
    "kontor.linking.v1.Links.AssignConsultant": (
        NOBODY,
        # A member of the client, not of the firm: nobody may make a consultant of one.
        lambda stage: l.AssignConsultantRequest(organisation_id=stage.client, membership_id=stage.member, service_areas=[PAYROLL]),
    ),
    "kontor.notify.v1.Notices.ListNotices": (SIGNED_IN, lambda _: n.ListNoticesRequest()),
    "kontor.notify.v1.Notices.MarkRead": (SIGNED_IN, lambda _: n.MarkReadRequest(notice_ids=[NOWHERE])),
    "kontor.notify.v1.Notices.GetNoticeSettings": (SIGNED_IN, lambda _: n.GetNoticeSettingsRequest()),
    "kontor.notify.v1.Notices.UpdateNoticeSettings": (
        SIGNED_IN,
        lambda _: n.UpdateNoticeSettingsRequest(settings=n.NoticeSettings(documents_in_portal=True, messages_by_email=True)),
    ),
    "kontor.notify.v1.Letters.SendNow": (
        NOBODY,
        lambda _: n.SendNowRequest(letter_id=NOWHERE, kind=n.LETTER_KIND_WELCOME, email="nobody@matrix.example"),
    ),
}
