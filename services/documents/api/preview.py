"""Previews: look at a document without fetching it."""

from grpc import ServicerContext
from kontor.documents.v1 import previews_pb2 as pb
from kontor.documents.v1 import previews_pb2_grpc as rpcs

from chassis import caller
from chassis.db import Database
from services.documents.accesses import Accesses
from services.documents.actions import preview
from services.documents.preview.previews import Previews as Maker


class Previews(rpcs.PreviewsServicer):
    """Answers kontor.documents.v1.Previews."""

    def __init__(self, database: Database, previews: Maker, accesses: Accesses) -> None:
        self._database, self._previews, self._accesses = database, previews, accesses

    def GetPreview(self, request: pb.GetPreviewRequest, _: ServicerContext) -> pb.Preview:
        """See the contract."""
        return preview.get_preview(self._database, self._previews, self._accesses, caller.current(), request)

    def GetPreviewPage(self, request: pb.GetPreviewPageRequest, _: ServicerContext) -> pb.PreviewPage:
        """See the contract."""
        return preview.get_preview_page(self._database, self._previews, self._accesses, caller.current(), request)
