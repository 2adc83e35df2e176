"""What can be read without being signed in: privacy and cookies, how the portal is used, and where to get help (ACC-70, ACC-74)."""

from flask import Blueprint, render_template

from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages.activate import entry_cookie
from services.gateway.pages.sign_in import provider
from services.gateway.session import activation_cookie, cookie_name, device_cookie, wanted_cookie
from services.gateway.texts import COOKIE


def blueprint(_peers: Peers, config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("information", __name__)

    @pages.get("/privacy")
    def privacy() -> str:
        named: dict[str, object] = {
            "session_cookie": cookie_name(config.public_url), "language_cookie": COOKIE, "device_cookie": device_cookie(config.public_url),
            "invitation_cookies": (entry_cookie(secure=config.secure), activation_cookie(config.public_url)),
            "provider_cookie": provider.cookie_name(secure=config.secure), "wanted_cookie": wanted_cookie(config.public_url),
        }  # fmt: skip
        return render_template("information/privacy.html", **named)

    @pages.get("/instructions")
    def instructions() -> str:
        return render_template("information/instructions.html")

    @pages.get("/terms")
    def terms() -> str:
        return render_template("information/terms.html")

    @pages.get("/help")
    def help_() -> str:
        return render_template("information/help.html")

    return pages
