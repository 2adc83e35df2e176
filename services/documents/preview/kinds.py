"""Which documents have previews, by what was found in their content."""

from collections.abc import Mapping
from dataclasses import dataclass

from kontor.documents.v1 import previews_pb2 as pb

_OOXML = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ODF = "application/vnd.oasis.opendocument.spreadsheet"


@dataclass(frozen=True)
class Kind:
    """``word`` is what the renderer calls it."""

    number: "pb.PreviewKind.ValueType"
    word: str


_PDF, _TEXT = Kind(pb.PREVIEW_KIND_PDF, "pdf"), Kind(pb.PREVIEW_KIND_TEXT, "text")
_IMAGE, _CSV = Kind(pb.PREVIEW_KIND_IMAGE, "image"), Kind(pb.PREVIEW_KIND_CSV, "csv")
_BOOK, _SIE = Kind(pb.PREVIEW_KIND_SPREADSHEET, "spreadsheet"), Kind(pb.PREVIEW_KIND_SIE, "sie")
# HEIC is missing: nothing we have decodes it.
KINDS: Mapping[str, Kind] = {
    "application/pdf": _PDF,
    **dict.fromkeys(("image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff", "image/bmp"), _IMAGE),
    **dict.fromkeys(("text/plain", "application/xml", "application/json"), _TEXT),
    **dict.fromkeys(("text/csv", "text/tab-separated-values"), _CSV),
    **dict.fromkeys((_OOXML, _ODF, "application/vnd.ms-excel"), _BOOK),
    "text/x-sie": _SIE,
}
REASONS: Mapping[str, "pb.PreviewReason.ValueType"] = {
    "kind_not_supported": pb.PREVIEW_REASON_KIND_NOT_SUPPORTED,
    "too_large": pb.PREVIEW_REASON_TOO_LARGE,
    "damaged": pb.PREVIEW_REASON_DAMAGED,
    "took_too_long": pb.PREVIEW_REASON_TOOK_TOO_LONG,
    "encrypted": pb.PREVIEW_REASON_ENCRYPTED,
}
