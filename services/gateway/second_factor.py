"""Second factors on the pages: the QR code of an app, and in which country a telephone number is written without its code."""

import segno
from markupsafe import Markup

# By the reader's language; with the country's code in front a number is understood in any.
COUNTRIES = {"nb": "NO", "sv": "SE", "fi": "FI", "da": "DK"}
LONGEST_URI = 500


def picture(uri: str) -> Markup | None:
    """The QR code of a key for an authenticator app; None for anything else."""
    if not uri.startswith("otpauth://totp/") or len(uri) >= LONGEST_URI:
        return None
    return drawing(uri)


def drawing(text: str) -> Markup:
    """A QR code as a drawing in the page."""
    return Markup(segno.make(text, error="m").svg_inline(border=0, svgclass=None, lineclass=None, omitsize=True))  # noqa: S704
