"""The second half of signing in: the method asked for first, another one, a new one, and the code (ACC-23 to ACC-27, BEY-05)."""

from dataclasses import dataclass, replace

from flask import redirect, render_template, request, url_for
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc, passkeys_pb2, providers_pb2
from werkzeug.wrappers import Response

from chassis.errors import Failure, Unauthenticated
from services.gateway import texts
from services.gateway.asked import among, number
from services.gateway.config import Config
from services.gateway.pages.entering import entered, onward
from services.gateway.reasons import problems
from services.gateway.second_factor import COUNTRIES, picture

Answer = str | Response | tuple[str, int]
Done = identity_pb2.FinishSignInResponse | passkeys_pb2.SignInWithPasskeyResponse | providers_pb2.FinishWithProviderResponse
SMS = identity_pb2.METHOD_SMS
TRY_AGAIN = ("wrong_code", "code_over", "passkey_over", "passkey_refused", "passkey_unverified")


@dataclass(frozen=True)
class Waiting:
    """A sign-in between its halves, as the page carries it. While something is to be enrolled, `uri` and `key` are what an app needs."""

    attempt: str
    methods: tuple[int, ...]
    method: int
    uri: str = ""
    key: str = ""
    masked_phone: str = ""

    @classmethod
    def begun(cls, begun: identity_pb2.StartSignInResponse) -> "Waiting":
        """As identity answers a right password."""
        method = begun.preferred or identity_pb2.METHOD_TOTP
        return cls(begun.attempt, tuple(begun.methods), method, begun.enrolment.uri, begun.enrolment.key, begun.masked_phone)

    @classmethod
    def vouched(cls, attempt: str, done: identity_pb2.FinishSignInResponse) -> "Waiting":
        """As identity answers a vouched code: the attempt goes on with a new factor."""
        return cls(attempt, tuple(done.methods), identity_pb2.METHOD_TOTP, done.enrolment.uri, done.enrolment.key)

    @classmethod
    def written(cls) -> "Waiting":
        """As the form at hand carries it."""
        form = request.form
        methods = tuple(number(each) for each in form.get("methods", "").split(",") if number(each))
        method = among(form.get("method"), identity_pb2.Method.values())
        enrolling = form.get("uri", ""), form.get("key", "")
        return cls(form.get("attempt", ""), methods, method, *enrolling, form.get("masked_phone", ""))

    @property
    def enrolling(self) -> bool:
        """Whether the code is to be the first of a new factor."""
        return bool(self.uri)


class Proof:
    """From a right password to signed in."""

    def __init__(self, identity: identity_pb2_grpc.SignInStub, config: Config) -> None:
        self._identity, self._config = identity, config

    def ask_first(self, waiting: Waiting) -> Answer:
        """Ask for the method chosen earlier; a code by SMS is on its way by then (ACC-26)."""
        return self._send(waiting) if waiting.method == SMS and not waiting.enrolling else self._ask(waiting)

    def method(self) -> Answer:
        """Use another method: choose it, or do so with the one chosen."""
        waiting = Waiting.written()
        if "choose" in request.form or waiting.method not in waiting.methods:
            return render_template("sign_in/methods.html", waiting=waiting)
        if waiting.method == SMS and waiting.enrolling:
            return render_template("sign_in/phone.html", waiting=waiting, phone_number="", problems={})
        return self.ask_first(waiting)

    def phone(self) -> Answer:
        """Send a code to the number written, or once more to the one on record (ACC-24)."""
        return self._send(Waiting.written(), number=request.form.get("phone_number", "").strip())

    def code(self) -> Answer:
        """The code (ACC-25)."""
        waiting, agent = Waiting.written(), request.headers.get("User-Agent", "")[:300]
        given = identity_pb2.FinishSignInRequest(
            attempt=waiting.attempt, code="".join(request.form.get("code", "").split()) or "-", user_agent=agent, method=waiting.method,  # type: ignore[arg-type]
        )  # fmt: skip
        try:
            done = self._identity.FinishSignIn(given)
        except Failure as failure:
            return over(failure) or self._ask(waiting, failure)
        return self.signed_in(waiting, done) if done.session else self._ask(Waiting.vouched(waiting.attempt, done))

    def signed_in(self, waiting: Waiting | None, done: Done) -> Response:
        """The session is the browser's from now on."""
        several = len(done.profile.memberships) > 1
        recovered = waiting is not None and waiting.method == identity_pb2.METHOD_RECOVERY_CODE
        target = url_for("security.security") if recovered and not several else onward(self._config, done.profile)
        return entered(self._config, redirect(target), done.session)

    def _send(self, waiting: Waiting, *, number: str = "") -> Answer:
        country = COUNTRIES.get(texts.language(), "")
        wanted = {"attempt": waiting.attempt, "phone_number": number, "country": country, "language": texts.language()}
        try:
            sent = self._identity.SendSmsCode(identity_pb2.SendSmsCodeRequest(**wanted))
        except Failure as failure:
            ended = over(failure)
            if ended or not waiting.enrolling:
                return ended or self._ask(waiting, failure, unsent=True)
            told = problems(failure, "phone_number")
            return render_template("sign_in/phone.html", waiting=waiting, phone_number=number, problems=told), failure.http_status
        return self._ask(replace(waiting, masked_phone=sent.masked_phone), uncertain=sent.uncertain)

    def _ask(self, waiting: Waiting, failure: Failure | None = None, *, unsent: bool = False, uncertain: bool = False) -> Answer:
        told = problems(failure, "code") if failure else {}
        page = render_template(
            "sign_in/code.html", waiting=waiting, unsent=unsent, uncertain=uncertain, problems=_at_code(told),
            picture=picture(waiting.uri) if waiting.enrolling and waiting.method != SMS else None,
            phone_number=request.form.get("phone_number", ""),
        )  # fmt: skip
        return (page, failure.http_status) if failure else page


def over(failure: Failure) -> tuple[str, int] | None:
    """Back to the start, where the attempt is over."""
    if isinstance(failure, Unauthenticated) and failure.reason not in TRY_AGAIN:
        return render_template("sign_in/start.html", problems=problems(failure, "password")), failure.http_status
    return None


def _at_code(told: dict[str, str]) -> dict[str, str]:
    """What is wrong with the number on record, or with the attempt, is said at the only field there is."""
    elsewhere = next((told[name] for name in ("phone_number", "attempt") if name in told), None)
    return {"code": elsewhere} if elsewhere else told
