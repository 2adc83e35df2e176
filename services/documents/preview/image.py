"""Pictures: drawn anew, upright, and no larger than a page."""

from io import BytesIO

from PIL import Image, ImageOps, TiffImagePlugin, WebPImagePlugin

from services.documents.preview import limits
from services.documents.preview.pages import NoPreview, Rendered

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")
# Loaded now: later nothing can be. The others are loaded by preinit.
_LOADED = (TiffImagePlugin, WebPImagePlugin)
Image.preinit()
# Their own bound warns first, and is less strict for some formats.
Image.MAX_IMAGE_PIXELS = None


def render(data: bytes, page: int) -> Rendered:
    """A picture; of a TIFF the page asked for, of an animation its beginning."""
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            pages = min(getattr(image, "n_frames", 1), limits.PAGES) if image.format == "TIFF" else 1
            if page > pages:
                return Rendered(pages, None)
            image.seek(page - 1)
            return drawn(_upright(image), pages)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NoPreview("damaged") from error


def drawn(image: Image.Image, pages: int, *, text: str = "") -> Rendered:
    """The page as bare pixels."""
    shown: dict[str, object] = {"picture": {"width": image.width, "height": image.height, "text": text}}
    return Rendered(pages, shown, image.tobytes())


def _upright(image: Image.Image) -> Image.Image:
    most = (limits.WIDTH, limits.PIXELS // limits.WIDTH)
    # JPEG can be decoded smaller than it is; the rest is decoded whole.
    image.draft("RGB", most)
    if image.width * image.height > limits.DECODED_PIXELS:
        raise NoPreview("too_large")
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode in ("1", "P"):  # made smaller as they are, lines would break
        image = image.convert("L" if image.mode == "1" else "RGBA")
    image.thumbnail(most)
    return _on_white(image)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256, "L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
