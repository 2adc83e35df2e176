"""A session becomes the browser's: its cookie, and where to go on; for an invited person on to the PIN (NET-37)."""

import uuid

from flask import redirect, request, url_for
from kontor.identity.v1 import identity_pb2
from werkzeug.wrappers import Response

from services.gateway import texts
from services.gateway.config import Config
from services.gateway.session import activation_cookie, cookie_name, device_cookie, wanted_cookie
from services.gateway.wanted import wanted

YEAR_SECONDS, ACTIVATION_SECONDS = 365 * 24 * 3600, 60 * 60


def landing(config: Config, profile: identity_pb2.Profile, *, by: str | None = None) -> str:
    """The first page: the choice of organisation where there are several, else the one that was wanted before signing in."""
    if len(profile.memberships) > 1:
        return url_for("sign_in.organisations", by=by)
    return wanted(config, by=by) or url_for("home.home", by=by)


def onward(config: Config, profile: identity_pb2.Profile) -> str:
    """The same after a full sign-in or its terms: whose activation is open in this browser sets a PIN next."""
    return landing(config, profile) if len(profile.memberships) > 1 else inside(config)


def inside(config: Config) -> str:
    """Where somebody goes who has chosen an organisation."""
    return url_for("devices.first") if activation_here(config) else wanted(config) or url_for("home.home")


def activation_here(config: Config) -> str:
    """The activation that is open in this browser, or nothing."""
    return request.cookies.get(activation_cookie(config.public_url), "")[:100]


def activating(config: Config, response: Response, activation: str) -> Response:
    """It is open from now on, for as long as identity takes it."""
    flags = {"httponly": True, "secure": config.secure, "samesite": "Lax", "path": "/"}
    response.set_cookie(activation_cookie(config.public_url), activation, max_age=ACTIVATION_SECONDS, **flags)  # type: ignore[arg-type]
    return response


def activated(config: Config, response: Response) -> Response:
    """It is over: the PIN is set, or comes later."""
    return _without(config, response, activation_cookie(config.public_url))


def entered(config: Config, response: Response, session: str) -> Response:
    """The session is the browser's from now on."""
    response.set_cookie(cookie_name(config.public_url), session, httponly=True, secure=config.secure, samesite="Lax", path="/")
    return response


def left(config: Config, target: str, *, forget_device: bool = False) -> Response:
    """The session is over: its cookie goes, and that of the device where its PIN opens nothing any more. The language stays."""
    gone = [cookie_name(config.public_url), *([device_cookie(config.public_url)] if forget_device else [])]
    return speaking(config, _without(config, redirect(target), *gone), texts.language())


def arrived(config: Config, response: Response) -> Response:
    """Somebody is where they wanted to go, or elsewhere inside."""
    return _without(config, response, wanted_cookie(config.public_url))


def forgotten(config: Config, response: Response) -> Response:
    """The browser is no enrolled device any more: what comes next is a full sign-in (NET-40)."""
    return _without(config, response, device_cookie(config.public_url))


def speaking(config: Config, response: Response, language: str) -> Response:
    """The browser speaks this language from now on, where nobody is signed in (ACC-20)."""
    response.set_cookie(texts.COOKIE, language, max_age=YEAR_SECONDS, secure=config.secure, samesite="Lax", httponly=True)
    return response


def remembered(config: Config, response: Response, device_id: str) -> Response:
    """The browser is this enrolled device from now on."""
    flags = {"httponly": True, "secure": config.secure, "samesite": "Lax", "path": "/"}
    response.set_cookie(device_cookie(config.public_url), device_id, max_age=YEAR_SECONDS, **flags)  # type: ignore[arg-type]
    return response


def device_here(config: Config) -> str:
    """Which enrolled device this browser says it is, or nothing."""
    said = request.cookies.get(device_cookie(config.public_url), "")
    try:
        return str(uuid.UUID(said))
    except ValueError:
        return ""


def _without(config: Config, response: Response, *names: str) -> Response:
    for name in names:
        # Browsers let a cookie with the prefix __Host- be changed only by one that is secure as well.
        response.delete_cookie(name, path="/", secure=config.secure, httponly=True, samesite="Lax")
    return response
