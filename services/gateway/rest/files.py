"""The routes that carry bytes and not JSON: upload a file, download one, download several as a zip."""

from collections.abc import Callable, Iterator

from flask import Response, request
from kontor.documents.v1.documents_pb2 import DownloadRequest, DownloadZipRequest, UploadStart

from chassis.service import Peers
from services.gateway import transfer
from services.gateway.rest.messages import Writer, read_query
from services.gateway.rest.responses import json_response, refuse_parameters

UPLOAD = "/api/v1/folders/{folder_id}/files/{name}"
DOWNLOAD = "/api/v1/documents/{document_id}/file"
ZIP = "/api/v1/documents.zip"
PARAMETERS = ("period", "year", "replace", "batch_id")


def views(peers: Peers, writer: Writer) -> Iterator[tuple[str, str, Callable[..., Response]]]:
    """Verb, path and view of each."""

    def upload(folder_id: str, name: str) -> Response:
        given = {key: values for key, values in request.args.lists() if key in PARAMETERS}
        refuse_parameters(allowed=PARAMETERS)
        start = read_query(UploadStart, given, path={"folder_id": folder_id, "name": name})
        start.size = request.content_length or 0
        return json_response(writer.write(transfer.upload(peers, request.stream, start)))

    def download(document_id: str) -> Response:
        refuse_parameters(allowed=("version",))
        given = dict(request.args.lists())
        asked = read_query(DownloadRequest, given, path={"document_id": document_id})
        return transfer.download(peers, asked.document_id, version=asked.version)

    def download_zip() -> Response:
        refuse_parameters(allowed=("document_id",))
        asked = read_query(DownloadZipRequest, {"document_ids": request.args.getlist("document_id")}, path={})
        return transfer.download_zip(peers, asked.document_ids)

    yield "put", UPLOAD, upload
    yield "get", DOWNLOAD, download
    yield "get", ZIP, download_zip
