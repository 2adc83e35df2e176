"""Addresses of the tests' OpenID provider, and what it says of its people. Imported by Django alone, inside `openid_site`."""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.urls import include, path
from oauth2_provider import urls
from oauth2_provider.oauth2_validators import OAuth2Validator

urlpatterns = [
    path("login/", LoginView.as_view()),
    path("", include((urls.base_urlpatterns + urls.oidc_urlpatterns, urls.app_name))),
]


class Validator(OAuth2Validator):  # type: ignore[misc]  # Django's is untyped
    """Says of people what the file says: in the ID token, and at userinfo that and more."""

    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """Called by Django OAuth Toolkit."""
        return dict(settings.KONTOR_PEOPLE[request.user.username]["claims"])

    def get_userinfo_claims(self, request: Any) -> dict[str, Any]:
        """Called by Django OAuth Toolkit."""
        return {**super().get_userinfo_claims(request), **settings.KONTOR_PEOPLE[request.user.username].get("userinfo", {})}
