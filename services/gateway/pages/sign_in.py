"""Sign in: language, address and password, authenticator and code, mailed links, and which organisation to work in."""

import segno
from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from markupsafe import Markup
from werkzeug.wrappers import Response

from chassis.errors import Failure, Invalid, NotFound, Unauthenticated
from chassis.language import LANGUAGES
from chassis.service import Peers
from services.gateway import texts
from services.gateway.config import Config
from services.gateway.reasons import problems
from services.gateway.session import cookie_name

YEAR_SECONDS = 365 * 24 * 3600


def blueprint(peers: Peers, config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("sign_in", __name__)
    entry = _Entry(identity_pb2_grpc.SignInStub(peers.channel("identity")), cookie_name(config.public_url), secure=config.secure)
    choice = _Choice(peers, cookie_name(config.public_url), secure=config.secure)
    pages.add_url_rule("/sign-in", "start", entry.start, methods=["GET", "POST"])
    pages.add_url_rule("/sign-in/code", "code", entry.code, methods=["POST"])
    pages.add_url_rule("/password", "password", entry.password, methods=["GET", "POST"])
    pages.add_url_rule("/links/<token>", "link", entry.link, methods=["GET", "POST"])
    pages.add_url_rule("/language", "language", choice.language, methods=["POST"])
    pages.add_url_rule("/organisations", "organisations", choice.organisations, methods=["GET", "POST"])
    pages.add_url_rule("/sign-out", "sign_out", choice.sign_out, methods=["POST"])
    return pages


class _Entry:
    """From nobody to signed in."""

    def __init__(self, identity: identity_pb2_grpc.SignInStub, cookie: str, *, secure: bool) -> None:
        self._identity, self._cookie, self._secure = identity, cookie, secure

    def start(self) -> str | Response | tuple[str, int]:
        """First half: address and password."""
        if request.method != "POST":
            return redirect(url_for("home.home")) if g.held else render_template("sign_in/start.html", ended=request.args.get("ended"))
        email, password = request.form.get("email", "").strip(), request.form.get("password", "")
        try:
            begun = self._identity.StartSignIn(identity_pb2.StartSignInRequest(email=email, password=password))
        except Failure as failure:
            return render_template("sign_in/start.html", email=email, problems=problems(failure, "password")), failure.http_status
        return self._ask_code(begun.attempt, begun.enrolment.uri, begun.enrolment.key)

    def code(self) -> str | Response | tuple[str, int]:
        """Second half: the six digits (ACC-25)."""
        attempt, uri, key = (request.form.get(name, "") for name in ("attempt", "uri", "key"))
        try:
            code = "".join(request.form.get("code", "").split())
            agent = request.headers.get("User-Agent", "")[:300]
            done = self._identity.FinishSignIn(identity_pb2.FinishSignInRequest(attempt=attempt, code=code or "-", user_agent=agent))
        except Failure as failure:
            if isinstance(failure, Unauthenticated) and failure.reason != "wrong_code":
                return render_template("sign_in/start.html", problems=problems(failure, "password")), failure.http_status
            return self._ask_code(attempt, uri, key, failure), failure.http_status
        several = len(done.profile.memberships) > 1
        response = redirect(url_for("sign_in.organisations" if several else "home.home"))
        response.set_cookie(self._cookie, done.session, httponly=True, secure=self._secure, samesite="Lax", path="/")
        return response

    def password(self) -> str | tuple[str, int]:
        """Ask for a mail with a link to make a password (ACC-17). Says the same whoever asks."""
        if request.method != "POST":
            return render_template("sign_in/password.html", email=request.args.get("email", ""))
        email = request.form.get("email", "").strip()
        try:
            self._identity.RequestPasswordLink(identity_pb2.RequestPasswordLinkRequest(email=email, language=texts.language()))
        except Failure as failure:
            return render_template("sign_in/password.html", email=email, problems=problems(failure, "email")), failure.http_status
        return render_template("sign_in/password_sent.html", email=email)

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

    def _ask_code(self, attempt: str, uri: str, key: str, failure: Failure | None = None) -> str:
        picture = None
        if uri.startswith("otpauth://totp/") and len(uri) < 500:
            picture = Markup(segno.make(uri, error="m").svg_inline(border=0, svgclass=None, lineclass=None, omitsize=True))  # noqa: S704
        return render_template(
            "sign_in/code.html", attempt=attempt, uri=uri, key=key, picture=picture, problems=problems(failure, "code") if failure else {}
        )


class _Choice:
    """What a signed-in person, or one about to sign in, chooses."""

    def __init__(self, peers: Peers, cookie: str, *, secure: bool) -> None:
        self._sessions = identity_pb2_grpc.SessionsStub(peers.channel("identity"))
        self._account = identity_pb2_grpc.AccountStub(peers.channel("identity"))
        self._cookie, self._secure = cookie, secure

    def language(self) -> Response:
        """Kept in a cookie before sign-in, with the person after it (ACC-20, ACC-71)."""
        chosen = request.form.get("language", "")
        back = request.form.get("back", "")
        response = redirect(back if _ours(back) else "/")
        if chosen in LANGUAGES:
            response.set_cookie(texts.COOKIE, chosen, max_age=YEAR_SECONDS, secure=self._secure, samesite="Lax", httponly=True)
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
            return redirect(url_for("home.home"))
        return render_template("sign_in/organisations.html")

    def sign_out(self) -> Response:
        """End the session on the server (ACC-28)."""
        if g.held is not None:
            self._sessions.SignOut(identity_pb2.SignOutRequest())
        response = make_response(redirect(url_for("sign_in.start")))
        # Browsers let a cookie with the prefix __Host- be changed only by one that is secure as well.
        response.delete_cookie(self._cookie, path="/", secure=self._secure, httponly=True, samesite="Lax")
        return response


def _ours(address: str) -> bool:
    """Whether it is a path here. Tabs and line ends fall out of an address when it is read: `/<tab>/elsewhere` is another host's."""
    return address.startswith("/") and not address.startswith("//") and "\\" not in address and address.isprintable()
