"""The guard against personal, bank and card numbers in messages (BEY-04): while one writes, and when one sends."""

from typing import Any

from flask import render_template, request
from kontor.messaging.v1 import messaging_pb2, messaging_pb2_grpc

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.reader import client, is_firm
from services.gateway.texts import _

MOST = 20_000


class Guard:
    """Says what kinds of numbers a text holds, never which."""

    def __init__(self, peers: Peers) -> None:
        self._enquiries = messaging_pb2_grpc.EnquiriesStub(peers.channel("messaging"))

    def check(self) -> str:
        """The note about what is being written; empty when there is nothing to say."""
        text = "\n".join(request.form.get(each, "") for each in ("subject", "body", "message"))[:MOST]
        found = self._enquiries.CheckText(messaging_pb2.CheckTextRequest(text=text)).findings if text.strip() else ()
        kinds = dict.fromkeys(kind_text(each.kind) for each in found)
        # Where files are sent, the numbers belong into one of them, and there is no other place to send the text to.
        company, files = client() if is_firm() else None, "message" in request.form
        return render_template("messages/guard.html", kinds=list(kinds), company=company, files=files)

    @staticmethod
    def refused(failure: Failure) -> dict[str, Any]:
        """What the form says about a message that was refused for its numbers; nothing for any other failure."""
        if failure.reason != "sensitive_number":
            return {}
        words = [f"SENSITIVE_KIND_{each.strip().upper()}" for each in failure.facts.get("kinds", "").split(",")]
        known = messaging_pb2.SensitiveKind.DESCRIPTOR.values_by_name
        return {"kinds": list(dict.fromkeys(kind_text(known[each].number if each in known else 0) for each in words))}


def kind_text(kind: int) -> str:
    """What a kind of number is called where it is told of."""
    return {
        1: _("a Norwegian personal number"), 2: _("a Swedish personal number"), 3: _("a Finnish personal identity code"),
        4: _("a Danish CPR number"), 5: _("a bank account number (IBAN)"), 6: _("a payment card number"),
    }.get(kind, _("a personal or bank number"))  # fmt: skip
