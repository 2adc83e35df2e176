"""What a signed-in person, or one about to sign in, chooses: the language, the organisation to work in, and to leave."""

from flask import g, redirect, render_template, request, url_for
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.language import LANGUAGES
from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.origin import ours
from services.gateway.pages.entering import inside, left, speaking


class Choice:
    """What a signed-in person, or one about to sign in, chooses."""

    def __init__(self, peers: Peers, config: Config) -> None:
        self._sessions = identity_pb2_grpc.SessionsStub(peers.channel("identity"))
        self._account = identity_pb2_grpc.AccountStub(peers.channel("identity"))
        self._config = config

    def language(self) -> Response:
        """Kept in a cookie before sign-in, with the person after it (ACC-20, ACC-71)."""
        chosen = request.form.get("language", "")
        back = request.form.get("back", "")
        response = redirect(back if ours(back) else "/")
        if chosen in LANGUAGES:
            speaking(self._config, response, chosen)
            if g.held is not None and g.held.current.membership_id:
                self._account.UpdateProfile(identity_pb2.UpdateProfileRequest(language=chosen))
        return response

    def organisations(self) -> str | Response:
        """Choose the organisation to work in, now or later, without a new sign-in (ACC-29, ACC-30)."""
        if g.held is None:
            return redirect(url_for("sign_in.start"))
        if request.method == "POST":
            chosen = request.form.get("membership", "")
            self._sessions.ChooseOrganisation(identity_pb2.ChooseOrganisationRequest(membership_id=chosen))
            back = request.form.get("back", "")
            return redirect(back if ours(back) else inside(self._config))
        return render_template("sign_in/organisations.html")

    def sign_out(self) -> Response:
        """End the session on the server (ACC-28). A PIN of the device it is on opens nothing any more (NET-40), and is not asked for."""
        if g.held is not None:
            self._sessions.SignOut(identity_pb2.SignOutRequest())
        return left(self._config, url_for("sign_in.start"), forget_device=g.held is not None and bool(g.held.device_id))
