"""Help somebody whose invitation did not come, or whose details have changed since: find and invite again (NET-17, NET-26)."""

import uuid
from collections.abc import Sequence

from flask import redirect, render_template, request, url_for
from kontor.identity.v1 import invitations_pb2, invitations_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.pages.administration.inviting import UNDER_WAY
from services.gateway.reasons import problems
from services.gateway.texts import _

Found = Sequence[invitations_pb2.Invitee]


class Invitees:
    """Invited people of any organisation, by their address; it stands in forms only, never in an address of ours."""

    def __init__(self, peers: Peers) -> None:
        self._invitations = invitations_pb2_grpc.InvitationsStub(peers.channel("identity"))

    def find(self) -> str | tuple[str, int]:
        """Nobody, until an address is written."""
        if request.method != "POST":
            return _page()
        try:
            return _page(self._found())
        except Failure as failure:
            return _page(told=problems(failure, "email")), failure.http_status

    def send(self, membership: uuid.UUID) -> Response | tuple[str, int]:
        """Invite again, whatever has changed. What is refused is said beside the person."""
        checked = "identity_checked" in request.form
        try:
            self._invitations.InviteAgain(invitations_pb2.InviteRequest(membership_id=str(membership), identity_checked=checked))
        except Failure as failure:
            told = next(iter(problems(failure, "email").values()))
            if failure.reason == "phone_number_missing":
                told = _("There is no mobile number yet. The organisation's administrator writes it down.")
            return _page(self._found(), {f"checked-{membership}": told}), failure.http_status
        return redirect(url_for("operations.start", done="sent"))

    def _found(self) -> Found:
        wanted = invitations_pb2.FindInviteesRequest(email=request.form.get("email", "").strip())
        return self._invitations.FindInvitees(wanted).invitees


def _page(found: Found | None = None, told: dict[str, str] | None = None) -> str:
    written, done = request.form.get("email", "").strip(), request.args.get("done", "")
    return render_template("operations/start.html", found=found, written=written, done=done, under_way=UNDER_WAY, problems=told or {})
