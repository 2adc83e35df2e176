"""Pages of a PDF as pictures, with the text that is on them."""

import math

import pypdfium2
from pypdfium2 import PdfDocument, PdfiumError, PdfPage

from services.documents.preview import limits
from services.documents.preview.image import drawn
from services.documents.preview.pages import NoPreview, Rendered, printable

_POINTS_AT_LEAST = 1.0


def render(data: bytes, page: int) -> Rendered:
    """A page. Scripts in the file are not run: the library is built without any means to."""
    try:
        document = PdfDocument(data)
    except PdfiumError as error:
        raise NoPreview("encrypted" if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD else "damaged") from error
    pages = len(document)
    if not pages:
        raise NoPreview("damaged")
    if page > pages:
        return Rendered(pages, None)
    try:
        document.init_forms()
        return _drawn(document[page - 1], pages)
    except PdfiumError:
        return Rendered(pages, {"unavailable": "damaged"})


def _drawn(page: PdfPage, pages: int) -> Rendered:
    width, height = (max(_POINTS_AT_LEAST, each) for each in page.get_size())
    scale = min(limits.WIDTH / width, limits.SIDE / height, math.sqrt(limits.PIXELS / (width * height)) * 0.99)
    picture = page.render(scale=scale).to_pil().convert("RGB")
    return drawn(picture, pages, text=_text(page))


def _text(page: PdfPage) -> str:
    try:
        return printable(page.get_textpage().get_text_bounded().replace("\r\n", "\n"))[: limits.PICTURE_TEXT]
    except PdfiumError:
        return ""
