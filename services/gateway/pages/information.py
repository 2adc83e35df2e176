"""What can be read without being signed in: privacy and cookies, and how the portal is used (ACC-70, ACC-74)."""

from flask import Blueprint, render_template

from chassis.service import Peers
from services.gateway.config import Config


def blueprint(_peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("information", __name__)

    @pages.get("/privacy")
    def privacy() -> str:
        return render_template("information/privacy.html")

    @pages.get("/instructions")
    def instructions() -> str:
        return render_template("information/instructions.html")

    return pages
