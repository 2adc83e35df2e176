"""Signing in with a national eID or a company's own sign-in: to the provider and back (NET-01, NET-02). By links: it needs no script."""

from typing import Any

from flask import redirect, render_template, request, url_for
from kontor.identity.v1 import providers_pb2, providers_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Denied, Failure, Invalid
from services.gateway import texts
from services.gateway.origin import seen_from
from services.gateway.pages.sign_in.proof import Answer, Proof, Waiting
from services.gateway.reasons import sentence

COOKIE_SECONDS = 10 * 60
# Longer than identity gives a provider, so that it is identity that says so.
PATIENCE_SECONDS = 12.0
LIMITS = {"code": 4000, "state": 100, "error": 200}
TOLD = (
    "provider_not_found", "provider_unavailable", "provider_sign_in_over", "provider_cancelled", "provider_refused",
    "provider_email_unverified", "too_many_attempts",
)  # fmt: skip


class Provider:
    """From nobody to whom a provider names."""

    def __init__(self, identity: providers_pb2_grpc.ProvidersStub, proof: Proof, *, secure: bool) -> None:
        self._identity, self._proof, self._secure = identity, proof, secure
        self._cookie = cookie_name(secure=secure)

    def away(self, provider: str) -> Answer:
        """Send the browser to the provider. Not from other sites' pages: nobody is signed in without having asked for it."""
        if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            return redirect(url_for("sign_in.start"))
        wanted = providers_pb2.StartWithProviderRequest(provider=provider, language=texts.language(), address=seen_from(request))
        try:
            begun = self._identity.StartWithProvider(wanted, timeout=PATIENCE_SECONDS)
        except Failure as failure:
            return _told(failure)
        response = redirect(begun.url)
        # Lax: it comes along when the provider sends the browser back.
        kept = {"httponly": True, "secure": self._secure, "samesite": "Lax", "path": "/"}
        response.set_cookie(self._cookie, begun.browser, max_age=COOKIE_SECONDS, **kept)  # type: ignore[arg-type]
        return response

    def returned(self, provider: str) -> Answer:
        """Back from the provider: signed in, or on to the second factor, or in words why not."""
        said = {name: request.args.get(name, "")[:limit] for name, limit in LIMITS.items()}
        given = providers_pb2.FinishWithProviderRequest(
            provider=provider, browser=request.cookies.get(self._cookie, ""), issuer=request.args.get("iss", "")[:500],
            user_agent=request.headers.get("User-Agent", "")[:300], **said,
        )  # fmt: skip
        try:
            done = self._identity.FinishWithProvider(given, timeout=PATIENCE_SECONDS)
        except Failure as failure:
            return _told(failure)
        return self._proof.ask_first(Waiting.begun(done.begun)) if done.begun.attempt else self._proof.signed_in(None, done)

    def no_access(self) -> Answer:
        """Proven, and nobody of ours (ACC-14)."""
        return render_template("sign_in/no_access.html")

    def around(self) -> dict[str, Any]:
        """For the page to sign in: whom one may sign in with, and what became of it."""
        return {"providers": self._listed, "told": _sentence}

    def _listed(self) -> list[providers_pb2.Provider]:
        try:
            return list(self._identity.ListProviders(providers_pb2.ListProvidersRequest(language=texts.language())).providers)
        except Failure:
            return []  # the page is shown all the same: who sends it in is told what does not answer


def cookie_name(*, secure: bool) -> str:
    """What the browser keeps while it is at a provider."""
    return "__Host-provider" if secure else "provider"


def _told(failure: Failure) -> Response:
    """On to a page whose address holds nothing of what the provider sent."""
    if isinstance(failure, Denied):
        return redirect(url_for("sign_in.no_access"))
    # No cookie came back, or the address was cut short.
    over = isinstance(failure, Invalid) or failure.reason not in TOLD
    return redirect(url_for("sign_in.start", told="provider_sign_in_over" if over else failure.reason))


def _sentence() -> str:
    reason = request.args.get("told", "")
    return sentence(Failure(reason)) if reason in TOLD else ""
