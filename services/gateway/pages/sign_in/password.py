"""The first half of signing in: address and password, and the mailed links that make one (ACC-16 to ACC-19)."""

from flask import g, redirect, render_template, request, url_for
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure, Invalid, NotFound
from services.gateway import texts
from services.gateway.origin import seen_from
from services.gateway.pages.sign_in.proof import Proof, Waiting
from services.gateway.reasons import problems, sentence


class Password:
    """From nobody to somebody who knows the password."""

    def __init__(self, identity: identity_pb2_grpc.SignInStub, proof: Proof) -> None:
        self._identity, self._proof = identity, proof

    def start(self) -> str | Response | tuple[str, int]:
        """First half: address and password."""
        if request.method != "POST":
            return redirect(url_for("home.home")) if g.held else render_template("sign_in/start.html", ended=request.args.get("ended"))
        email, password = request.form.get("email", "").strip(), request.form.get("password", "")
        try:
            begun = self._identity.StartSignIn(identity_pb2.StartSignInRequest(email=email, password=password))
        except Failure as failure:
            return render_template("sign_in/start.html", email=email, problems=problems(failure, "password")), failure.http_status
        return self._proof.ask_first(Waiting.begun(begun))

    def password(self) -> str | tuple[str, int]:
        """Ask for a mail with a link to make a password (ACC-17). Says the same whoever asks."""
        if request.method != "POST":
            return render_template("sign_in/password.html", email=request.args.get("email", ""))
        email = request.form.get("email", "").strip()
        wanted = identity_pb2.RequestPasswordLinkRequest(email=email, language=texts.language(), address=seen_from(request))
        try:
            self._identity.RequestPasswordLink(wanted)
        except Failure as failure:
            return render_template("sign_in/password.html", email=email, problems=problems(failure, "email")), failure.http_status
        return render_template("sign_in/password_sent.html", email=email)

    def strength(self) -> dict[str, str | int]:
        """How a new password would be judged, while it is typed; by the rules it will be judged by, and nothing of it is kept."""
        known = [request.form.get("username", "")[:254], *([g.held.profile.first_name, g.held.profile.last_name] if g.held else [])]
        words = [each for each in known if each]
        rated = self._identity.RatePassword(
            identity_pb2.RatePasswordRequest(password=request.form.get("password", "")[:1000], known_words=words)
        )
        said = {identity_pb2.PASSWORD_STRENGTH_GOOD: texts._("Good enough"), identity_pb2.PASSWORD_STRENGTH_STRONG: texts._("Strong")}
        return {"strength": rated.strength, "said": sentence(Failure(rated.reason)) if rated.reason else said.get(rated.strength, "")}

    def link(self, token: str) -> str | tuple[str, int]:
        """A mailed link: GET only shows (BEY-01), the buttons act."""
        if request.method != "POST":
            return self._shown(token)
        try:
            if request.form.get("act") == "verify":
                done = self._identity.VerifyAccount(identity_pb2.VerifyAccountRequest(token=token))
                return render_template("sign_in/verified.html", email=done.email)
            first, again = request.form.get("password", ""), request.form.get("password_again", "")
            self._identity.SetPassword(identity_pb2.SetPasswordRequest(token=token, password=first, password_again=again))
        except Failure as failure:
            return self._shown(token, failure)
        return render_template("sign_in/password_made.html")

    def _shown(self, token: str, failure: Failure | None = None) -> tuple[str, int]:
        told = problems(failure, "password") if failure else {}
        try:
            shown = self._identity.ShowLink(identity_pb2.ShowLinkRequest(token=token))
        except (Invalid, NotFound):  # cut short when it was copied, or long forgotten
            shown = identity_pb2.ShowLinkResponse()
        status = failure.http_status if failure else 200 if shown.state else 404
        return render_template("sign_in/link.html", shown=shown, problems=told), status
