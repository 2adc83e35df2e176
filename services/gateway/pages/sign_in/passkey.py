"""Signing in with a passkey: after the password, or alone (BEY-16). A page of its own asks the browser, and its form carries the answer."""

from flask import render_template, request
from kontor.identity.v1 import passkeys_pb2, passkeys_pb2_grpc

from chassis.errors import Failure
from services.gateway.origin import seen_from
from services.gateway.pages.sign_in.proof import Answer, Proof, Waiting, over
from services.gateway.reasons import problems


class Passkey:
    """From nobody, or from a right password, to signed in."""

    def __init__(self, identity: passkeys_pb2_grpc.PasskeysStub, proof: Proof) -> None:
        self._identity, self._proof = identity, proof

    def passkey(self) -> Answer:
        """Ask the browser, and then look at its answer."""
        waiting, credential = Waiting.written(), request.form.get("credential", "")
        if not credential:
            return self._ask(waiting)
        agent = request.headers.get("User-Agent", "")[:300]
        given = passkeys_pb2.SignInWithPasskeyRequest(attempt=waiting.attempt, credential=credential, user_agent=agent)
        try:
            done = self._identity.SignInWithPasskey(given)
        except Failure as failure:
            return over(failure) or self._ask(waiting, failure)
        return self._proof.signed_in(waiting, done)

    def _ask(self, waiting: Waiting, failure: Failure | None = None) -> Answer:
        try:
            asked = self._identity.AskForPasskey(passkeys_pb2.AskForPasskeyRequest(attempt=waiting.attempt, address=seen_from(request)))
        except Failure as why:
            page = render_template("sign_in/start.html", problems=problems(why, "password"))
            return over(why) or (page, why.http_status)
        told = problems(failure, "credential") if failure else {}
        page = render_template("sign_in/passkey.html", waiting=waiting, options=asked.options, problems=told)
        return (page, failure.http_status) if failure else page
