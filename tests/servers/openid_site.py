"""The tests' OpenID provider as a site: Django OAuth Toolkit with its own flow, and people as a file lists them. A program."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings

LOGIN = """<!doctype html><html lang="en"><title>Sign in at the provider</title><body><h1>Sign in at the provider</h1>
<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next" value="{{ next }}"><button>Sign in</button></form>"""
CONSENT = """<!doctype html><html lang="en"><title>Allow</title><body><h1>Tell the portal who you are?</h1>
<form method="post">{% csrf_token %}{% for field in form %}{% if field.is_hidden %}{{ field }}{% endif %}{% endfor %}
<button name="allow" value="">Cancel</button><button name="allow" value="Authorize">Allow</button></form>"""


def main(folder: Path) -> None:
    """Serve what `folder/site.json` describes: port, people, clients."""
    told = json.loads((folder / "site.json").read_text())
    _configure(folder, told)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _furnish(told)
    import uvicorn
    from django.core.asgi import get_asgi_application

    uvicorn.run(get_asgi_application(), host="127.0.0.1", port=told["port"], log_level="info", lifespan="off")


def _configure(folder: Path, told: dict[str, Any]) -> None:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # http, on this machine only
    templates = {"registration/login.html": LOGIN, "oauth2_provider/authorize.html": CONSENT}
    settings.configure(
        SECRET_KEY="of no worth", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF="openid_urls", USE_TZ=True, LOGIN_URL="/login/",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "site.sqlite"), "OPTIONS": {"timeout": 20}}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [("django.template.loaders.locmem.Loader", templates)],
                "context_processors": ["django.template.context_processors.request"],
            },
        }],
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True, "OIDC_ISS_ENDPOINT": f"http://127.0.0.1:{told['port']}",
            "OIDC_RSA_PRIVATE_KEY": (folder / "key.pem").read_text(), "OAUTH2_VALIDATOR_CLASS": "openid_urls.Validator",
            "SCOPES": {"openid": "Who you are", "email": "Your address"}, "PKCE_REQUIRED": True, "OIDC_JWKS_MAX_AGE_SECONDS": 0,
            **{f"COMPLIANT_BCP_RFC9700_{each}": True for each in (
                "IMPLICIT_GRANT", "PASSWORD_GRANT", "PKCE_METHOD", "ACCESS_TOKEN_TRANSPORT", "AUTHZ_RESPONSE_ISS",
            )},
        },
        KONTOR_PEOPLE=told["people"],
    )  # fmt: skip
    django.setup()


def _furnish(told: dict[str, Any]) -> None:
    """The people and the clients, as the file has them."""
    from django.contrib.auth import get_user_model
    from oauth2_provider.models import get_application_model

    for name in told["people"]:
        if not get_user_model().objects.filter(username=name).exists():
            get_user_model().objects.create_user(username=name, password=name)
    for client in told["clients"]:
        fixed = {"client_type": "confidential", "authorization_grant_type": "authorization-code", "hash_client_secret": False}
        get_application_model().objects.update_or_create(client_id=client["client_id"], defaults={**client, **fixed, "name": "Kontor"})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
