"""The change feed for back-office systems."""

from grpc import ServicerContext
from kontor.documents.v1 import documents_pb2 as pb
from kontor.documents.v1 import documents_pb2_grpc as rpcs

from chassis import caller
from chassis.db import Database
from services.documents.actions import changes
from services.documents.api.messages import document_message


class Changes(rpcs.ChangesServicer):
    """Answers kontor.documents.v1.Changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ListChanges(self, request: pb.ListChangesRequest, _: ServicerContext) -> pb.ListChangesResponse:
        """See the contract."""
        rows, cursor = changes.list_changes(self._database, caller.current(), request)
        return pb.ListChangesResponse(
            changes=[pb.Change(type=row.type, time=row.at, document=document_message(row)) for row in rows], cursor=cursor
        )
