"""Forms: each says in which organisation it was shown, and of one that was not taken the texts are given back to be copied."""

import re

from flask import Flask, g, request
from jinja2.ext import Extension
from markupsafe import Markup

from services.gateway.texts import NAMES, _

# The membership in which the page was shown that the form stands on.
FIELD = "written_as"
_FORM = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*>')


class Marking(Extension):
    """Writes that into every form of every template, so that no page can forget it."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The template with it."""
        del name, filename
        return _FORM.sub(lambda form: f"{form[0]}{{{{ {FIELD}() }}}}", source)


def install(app: Flask) -> None:
    """From now on for the templates of this application."""
    app.jinja_env.add_extension(Marking)
    app.jinja_env.globals[FIELD] = _mark


def foreign() -> str:
    """The membership in which the form at hand was shown, where the session has changed to another since (ACC-30)."""
    present = g.held.current.membership_id
    said = request.form.getlist(FIELD) if present and request.method == "POST" else []
    return next((each for each in said if each != present), "")


def written() -> list[tuple[str, str]]:
    """The texts in the form at hand, with what their fields are called. Only what is meant to be read: no proofs, no names, no numbers."""
    called = {"subject": _("Subject"), "title": _("Title"), "body": _("Text"), "message": _("Text"), "reason": _("Reason")}
    found = []
    for name, text in request.form.items(multi=True):
        kind, _dash, code = name.partition("-")
        if kind in called and text.strip():
            found.append((f"{called[kind]} ({NAMES[code]})" if code in NAMES else called[kind], text))
    return found


def _mark() -> Markup:
    held = g.get("held")
    shown_in = held.current.membership_id if held is not None else ""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, shown_in) if shown_in else Markup()
