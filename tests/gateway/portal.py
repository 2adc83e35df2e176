"""The portal on fake services, and people who are signed in to it."""

import re
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from google.protobuf.timestamp_pb2 import Timestamp
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, retention_pb2
from kontor.identity.v1 import identity_pb2
from kontor.linking.v1 import linking_pb2
from kontor.messaging.v1 import messaging_pb2
from kontor.notify.v1 import notify_pb2
from werkzeug.test import TestResponse

from services.gateway.config import Config
from services.gateway.rest.routes import CONTRACT
from services.gateway.web import create_app
from tests.gateway import peers
from tests.gateway.peers import SESSION, Asked, Book

OWN, OTHER = "01920000-0000-7000-8000-00000000000a", "01920000-0000-7000-8000-00000000000b"
MEMBERSHIP, SECOND = "01920000-0000-7000-8000-0000000000a1", "01920000-0000-7000-8000-0000000000a2"
FOLDER, DOCUMENT = "01920000-0000-7000-8000-0000000000f1", "01920000-0000-7000-8000-0000000000d1"
EVERYTHING = tuple(access_pb2.Permission.values())
READER = (access_pb2.PERMISSION_SESSION_USE, access_pb2.PERMISSION_DOCUMENT_READ, access_pb2.PERMISSION_NOTICE_USE)
AT = Timestamp(seconds=1_780_000_000)  # 28 May 2026, 22:26 in Oslo
FORM = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Portal:
    """The portal as one browser has it, and what it asked of the services."""

    book: Book
    client: FlaskClient
    app: Flask
    public_url: str = field(default="http://127.0.0.1:8080")

    def get(self, path: str, **given: Any) -> TestResponse:
        """A page."""
        return self.client.get(path, **given)

    def post(self, path: str, _form: dict[str, Any] | None = None, **given: Any) -> TestResponse:
        """A form sent from our own page."""
        return self.client.post(path, data=_form or given, headers=FORM)

    def asked(self, rpc: str) -> list[Asked]:
        """Every call of this RPC."""
        return [each for each in self.book.asked if each.rpc == rpc]

    def last(self, rpc: str) -> Any:
        """The request of the latest call of this RPC."""
        return self.asked(rpc)[-1].request


def portal(*, signed_in: bool = True, config: Config | None = None, book: Book | None = None, **who: Any) -> Portal:
    """A new one; `who` says what identity answers about the session."""
    book, config = book or Book(), config or Config()
    book.answers.setdefault("ResolveSession", session(**who))
    app = create_app(config, peers.peers(book), rest=lambda _: None)
    client = app.test_client()
    if signed_in:
        client.set_cookie("__Host-session" if config.secure else "session", SESSION, secure=config.secure)
    return Portal(book, client, app, config.public_url)


def session(
    *, kind: int = identity_pb2.ORGANISATION_KIND_CLIENT, permissions: tuple[int, ...] = EVERYTHING, language: str = "en",
    member: bool = True, organisations: int = 1, time_zone: str = "Europe/Oslo",
) -> identity_pb2.ResolveSessionResponse:  # fmt: skip
    """What identity says of a session."""
    ids = ((MEMBERSHIP, OWN, "Testdal Bakeri AS"), (SECOND, OTHER, "Prøvelund Hagesenter AS"))[:organisations]
    held = [
        identity_pb2.Membership(membership_id=membership, organisation_id=organisation, organisation_name=name, kind=kind, role=1)  # type: ignore[arg-type]
        for membership, organisation, name in ids
    ]
    return identity_pb2.ResolveSessionResponse(
        profile=identity_pb2.Profile(
            user_id="u-1", email="ingrid@testdal.example", first_name="Ingrid", last_name="Eksempeldal", language=language,
            memberships=held if member else [],
        ),
        current=held[0] if member else None,
        organisation=identity_pb2.Organisation(organisation_id=OWN, time_zone=time_zone) if member else None,
        permissions=permissions,  # type: ignore[arg-type]
        assertions={name: f"{name}-signed" for name in CONTRACT},
    )  # fmt: skip


def document(name: str = "Lønnsslipper mai.pdf", *, status: str = "PUBLISHED", reason: str = "", number: int = 1) -> documents_pb2.Document:
    """A document as the documents service tells of it."""
    return documents_pb2.Document(
        document_id=DOCUMENT[:-1] + str(number), organisation_id=OWN, folder_id=FOLDER, folder_name="Lønnsslipper", service_area=2,  # type: ignore[arg-type]
        name=name, period=5, year=2026, status=documents_pb2.Status.Value(f"STATUS_{status}"), version=2, content_type="application/pdf",
        size=4321, uploaded_by="Jonas Prøvestad", uploaded_at=AT, reason=reason, expires_at=Timestamp(seconds=AT.seconds + 15_000_000),
    )  # fmt: skip


def listed(*documents: documents_pb2.Document, folders: bool = True) -> dict[str, Any]:
    """What the documents service answers for lists."""
    folder = documents_pb2.Folder(folder_id=FOLDER, organisation_id=OWN, name="Lønnsslipper", service_area=2)  # type: ignore[arg-type]
    return {
        "ListDocuments": documents_pb2.ListDocumentsResponse(documents=documents, total=len(documents), years=[2025, 2026]),
        "ListFolders": documents_pb2.ListFoldersResponse(folders=[folder] if folders else []),
        "BatchGetDocuments": documents_pb2.BatchGetDocumentsResponse(documents=documents),
        "CountDocuments": documents_pb2.CountDocumentsResponse(
            counts=[documents_pb2.DocumentCount(organisation_id=OWN, documents=len(documents), recent=1)] if documents else []
        ),
        "GetRetention": retention_pb2.DocumentRetention(),
        "ListVersions": documents_pb2.ListVersionsResponse(),
        "CheckText": messaging_pb2.CheckTextResponse(),
        "ListClients": linking_pb2.ListClientsResponse(
            clients=[linking_pb2.Client(organisation_id=OWN, name="Testdal Bakeri AS", service_areas=[2])]  # type: ignore[list-item]
        ),
    }


def noticed(*subjects: str, unread: int = 0) -> notify_pb2.ListNoticesResponse:
    """Notices about these documents, newest first."""
    notices = [
        notify_pb2.Notice(
            notice_id=f"01920000-0000-7000-8000-0000000000e{number}", kind=notify_pb2.NOTICE_KIND_DOCUMENT_PUBLISHED, at=AT,
            read=number >= unread, organisation_id=OWN, subject_id=subject, service_area=2, version=1,  # type: ignore[arg-type]
        )
        for number, subject in enumerate(subjects)
    ]  # fmt: skip
    return notify_pb2.ListNoticesResponse(notices=notices, unread=unread)


def words(response: TestResponse) -> str:
    """What the page says, without its markup."""
    body = re.sub(r"<(template|svg)\b.*?</\1>", "", response.get_data(as_text=True), flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", body.partition("<body")[2])
    return re.sub(r"\s+", " ", text.replace("&#39;", "'").replace("&amp;", "&").replace("&#34;", '"'))
