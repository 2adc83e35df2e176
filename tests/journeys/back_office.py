"""A back-office system as the journeys have it: with an API key, over gRPC."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc

from chassis import caller, clock
from chassis.caller import Caller
from tests.journeys.stage import Company, Stage
from tests.scenario import FIRM

TODAY = clock.now()
PIECE = 256 * 1024
MAY = (access_pb2.PERMISSION_DOCUMENT_READ, access_pb2.PERMISSION_DOCUMENT_WRITE, access_pb2.PERMISSION_CHANGE_READ)


@dataclass
class BackOffice:
    """A back-office system: it has an API key and a gRPC channel to each service."""

    stage: Stage
    key: str

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Calls inside are made with assertions fetched for the key, which live 60 seconds."""
        sessions = identity_pb2_grpc.SessionsStub(self.stage.world.channel("identity"))
        held = sessions.ExchangeApiKey(identity_pb2.ExchangeApiKeyRequest(api_key=self.key))
        with caller.acting(Caller(), dict(held.assertions)):
            yield

    def documents(self) -> documents_pb2_grpc.DocumentsStub:
        """Documents over gRPC."""
        return documents_pb2_grpc.DocumentsStub(self.stage.world.channel("documents"))

    def upload(self, folder: str, name: str, content: bytes) -> str:
        """Send a file in pieces; answers the document's id."""

        def parts() -> Iterator[documents_pb2.UploadRequest]:
            start = documents_pb2.UploadStart(
                folder_id=folder, name=name, period=TODAY.month, year=TODAY.year, batch_id=str(uuid.uuid4()), size=len(content)
            )
            yield documents_pb2.UploadRequest(start=start)
            for at in range(0, len(content), PIECE):
                yield documents_pb2.UploadRequest(chunk=content[at : at + PIECE])

        with self.speaking():
            return self.documents().Upload(parts()).document_id

    def changes(self, company: Company, cursor: str) -> documents_pb2.ListChangesResponse:
        """What was published after the cursor, three at a time."""
        stub = documents_pb2_grpc.ChangesStub(self.stage.world.channel("documents"))
        with self.speaking():
            return stub.ListChanges(documents_pb2.ListChangesRequest(organisation_id=company.id, cursor=cursor, page_size=3))


def made(stage: Stage) -> str:
    """A key that the firm's administrator makes, for all clients."""
    firm = identity_pb2_grpc.OrganisationsStub(stage.world.channel("identity"))
    with stage.world.acting(FIRM):
        asked = identity_pb2.CreateApiKeyRequest(label="Payroll system", valid_days=30, permissions=MAY, all_clients=True)
        return firm.CreateApiKey(asked).secret
