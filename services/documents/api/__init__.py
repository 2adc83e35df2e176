"""The gRPC servicers: the only place that knows both row and message."""

from services.documents.api.changes import Changes
from services.documents.api.documents import Documents
from services.documents.api.folders import Folders

__all__ = ["Changes", "Documents", "Folders"]
