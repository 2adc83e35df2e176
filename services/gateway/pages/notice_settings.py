"""Notices and e-mail: what one is told of and where, at which hour the digest leaves, and what the next one will say (ACC-68, BEY-10)."""

from collections.abc import Iterator
from datetime import time

import babel.dates
from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc
from werkzeug.wrappers import Response as AnyResponse

from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.texts import _, language

HOURS = 24
# The page shows the mail in a frame of its own, which may use the mail's own style and nothing else.
FRAMED = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
FRAMING = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("notice_settings", __name__, url_prefix="/account/notices")
    stub = notify_pb2_grpc.NoticesStub(peers.channel("notify"))

    @pages.get("")
    def settings() -> str:
        held = stub.GetNoticeSettings(notify_pb2.GetNoticeSettingsRequest())
        return render_template(
            "account/notices.html", settings=held, rows=list(_rows(held)), hours=_hours(), several=len(g.held.profile.memberships) > 1
        )

    @pages.post("")
    def save() -> AnyResponse:
        wanted = notify_pb2.NoticeSettings(switches=_switches(), digest_hour=_hour())
        stub.UpdateNoticeSettings(notify_pb2.UpdateNoticeSettingsRequest(settings=wanted, everywhere="everywhere" in request.form))
        return redirect(url_for("notice_settings.settings", saved=1))

    @pages.get("/digest")
    def digest() -> Response:
        """The very mail, in a frame of its own."""
        preview = stub.PreviewDigest(notify_pb2.PreviewDigestRequest())
        return Response(render_template("account/digest.html", preview=preview), headers={"Content-Security-Policy": FRAMING})

    @pages.get("/digest/mail")
    def mail() -> Response:
        preview = stub.PreviewDigest(notify_pb2.PreviewDigestRequest())
        return Response(preview.html, headers={"Content-Security-Policy": FRAMED, "X-Frame-Options": "SAMEORIGIN"})

    return pages


def _rows(settings: notify_pb2.NoticeSettings) -> Iterator[tuple[str, str, list[notify_pb2.NoticeSwitch]]]:
    """What each row of the table is called, what it means, and its switches."""
    for category, (name, meaning) in _words().items():
        switches = [each for each in settings.switches if each.category == category]
        if switches:
            yield name, meaning, switches


def _words() -> dict[int, tuple[str, str]]:
    return {
        notify_pb2.NOTICE_CATEGORY_DOCUMENTS: (_("Documents"), _("New and updated documents. By e-mail once a day.")),
        notify_pb2.NOTICE_CATEGORY_MESSAGES: (_("Messages"), _("New messages and answers. By e-mail at once.")),
        notify_pb2.NOTICE_CATEGORY_TASKS: (_("Tasks"), _("What somebody asks you to do. By e-mail at once.")),
        notify_pb2.NOTICE_CATEGORY_DELETION: (_("Deletion"), _("Documents that will soon be deleted.")),
        notify_pb2.NOTICE_CATEGORY_SECURITY: (_("Security"), _("Your sign-in, and files stopped by the security check.")),
        notify_pb2.NOTICE_CATEGORY_LINKS: (_("Links"), _("Requests to link a firm and a company.")),
    }


def _switches() -> Iterator[notify_pb2.NoticeSwitch]:
    """Every switch that the form showed and that can be changed, on if it was ticked."""
    ticked = set(request.form.getlist("on"))
    for cell in dict.fromkeys(request.form.getlist("cell")):
        category, _dash, channel = cell.partition("-")
        if category in _KNOWN[0] and channel in _KNOWN[1]:
            yield notify_pb2.NoticeSwitch(category=_KNOWN[0][category], channel=_KNOWN[1][channel], on=cell in ticked)


def _hour() -> int | None:
    written = request.form.get("hour", "")
    return int(written) if written in _NUMBERS else None


def _hours() -> list[tuple[int, str]]:
    """The hours of a day, as the reader writes them."""
    locale = "en_GB" if language() == "en" else language()
    return [(hour, babel.dates.format_time(time(hour), "short", locale=locale)) for hour in range(HOURS)]


_KNOWN = (
    {str(number): number for number in notify_pb2.NoticeCategory.values() if number},
    {str(number): number for number in notify_pb2.NoticeChannel.values() if number},
)
_NUMBERS = {str(hour) for hour in range(HOURS)}
