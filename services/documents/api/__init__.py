"""The gRPC servicers: the only place that knows both row and message."""

from services.documents.api.changes import Changes
from services.documents.api.documents import Documents
from services.documents.api.folders import Folders
from services.documents.api.preview import Previews
from services.documents.api.retention import Holds, Retention

__all__ = ["Changes", "Documents", "Folders", "Holds", "Previews", "Retention"]
