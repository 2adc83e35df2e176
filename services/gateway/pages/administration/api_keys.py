"""Keys with which the firm's back-office systems ask in its name: the list, a new one shown once, and revoking."""

import re
import uuid
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from kontor.linking.v1 import linking_pb2, linking_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure, NotFound
from chassis.service import Peers
from services.gateway.asked import among, is_id
from services.gateway.reasons import problems
from services.gateway.texts import _

Answer = str | Response | tuple[str, int]
# So many clients are offered at once; others are found by name.
OFFERED = 50
DAYS = (30, 90, 180, 365)
FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}")


@dataclass(frozen=True)
class Written:
    """The form as it was filled in."""

    label: str
    days: int
    permissions: "tuple[access_pb2.Permission.ValueType, ...]"
    all_clients: bool
    clients: tuple[str, ...]
    certificate: str


def add_to(pages: Blueprint, peers: Peers) -> None:
    """The routes; identity refuses them to whoever may not make keys."""
    keys = ApiKeys(peers)
    pages.add_url_rule("/api-keys", "api_keys", keys.keys, methods=["GET"])
    pages.add_url_rule("/api-keys/new", "new_api_key", keys.new, methods=["GET", "POST"])
    pages.add_url_rule("/api-keys/<uuid:key>/revoke", "revoke_api_key", keys.revoke, methods=["GET", "POST"])


class ApiKeys:
    """The pages."""

    def __init__(self, peers: Peers) -> None:
        self._organisations = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))
        self._links = linking_pb2_grpc.LinksStub(peers.channel("linking"))

    def keys(self) -> Answer:
        """Those that work."""
        return render_template("administration/api_keys.html", keys=self._listed(), permitted=permitted)

    def new(self) -> Answer:
        """The form; what is made is shown this once."""
        if request.method != "POST":
            return self._form(Written("", DAYS[1], (), all_clients=False, clients=(), certificate=""))
        written = _written()
        if "find" in request.form:
            return self._form(written)
        told = _missing(written)
        if told:
            return self._form(written, told), 422
        try:
            made = self._organisations.CreateApiKey(_wanted(written))
        except Failure as failure:
            return self._form(written, _on_form(problems(failure, "label"))), failure.http_status
        return render_template("administration/api_key_made.html", made=made, permitted=permitted)

    def revoke(self, key: uuid.UUID) -> Answer:
        """Ask once more, then end it at once."""
        found = next((each for each in self._listed() if each.api_key_id == str(key)), None)
        if found is None:
            raise NotFound("api_key_not_found", "There is no such key.")
        if request.method != "POST":
            return render_template("administration/revoke_api_key.html", key=found)
        self._organisations.RevokeApiKey(identity_pb2.RevokeApiKeyRequest(api_key_id=str(key)))
        return redirect(url_for("administration.api_keys", revoked=1))

    def _listed(self) -> list[identity_pb2.ApiKey]:
        return list(self._organisations.ListApiKeys(identity_pb2.ListApiKeysRequest()).api_keys)

    def _form(self, written: Written, told: dict[str, str] | None = None) -> str:
        name = request.form.get("name", "")[:200].strip()
        found = self._links.ListClients(linking_pb2.ListClientsRequest(name=name, page_size=OFFERED))
        chosen = self._chosen(written.clients)
        return render_template(
            "administration/new_api_key.html", written=written, problems=told or {}, permissions=offered(), days=DAYS, name=name,
            clients=[*chosen, *(each for each in found.clients if each.organisation_id not in written.clients)],
            more=bool(found.next_page_token) or bool(name),
        )  # fmt: skip

    def _chosen(self, clients: tuple[str, ...]) -> list[linking_pb2.Client]:
        """Those ticked so far, also where the search has found others."""
        if not clients:
            return []
        return list(self._links.ListClients(linking_pb2.ListClientsRequest(organisation_ids=clients, page_size=200)).clients)


def offered() -> "dict[access_pb2.Permission.ValueType, tuple[str, str]]":
    """What a key can be given: in words, and what it means."""
    folders = _("In the folders that you may use.")
    return {
        access_pb2.PERMISSION_DOCUMENT_READ: (_("Read documents"), folders),
        access_pb2.PERMISSION_DOCUMENT_WRITE: (_("Upload and change documents"), folders),
        access_pb2.PERMISSION_CHANGE_READ: (_("Follow what is published"), _("Asks what is new since last time.")),
        access_pb2.PERMISSION_MESSAGE_READ: (_("Read messages"), _("In the areas in which you work for a client.")),
        access_pb2.PERMISSION_MESSAGE_WRITE: (_("Write messages"), _("They carry your name.")),
        access_pb2.PERMISSION_NEWS_READ: (_("Read news"), ""),
        access_pb2.PERMISSION_LINK_READ: (_("See clients and who works for them"), ""),
        access_pb2.PERMISSION_FOLDER_MANAGE: (_("Make, rename and remove folders"), ""),
        access_pb2.PERMISSION_CLIENT_CREATE: (_("Make new clients"), _("Only for a key that is for all clients.")),
    }


def permitted(key: identity_pb2.ApiKey) -> str:
    """What a key may, in words; that it is signed in, which every key may, is not said."""
    return ", ".join(word for number, (word, _hint) in offered().items() if number in key.permissions)


def _written() -> Written:
    form = request.form
    return Written(
        label=form.get("label", "")[:100].strip(),
        days=among(form.get("days"), DAYS) or DAYS[1],
        permissions=tuple(each for each in offered() if str(each) in form.getlist("permission")),
        all_clients=form.get("reach") == "all",
        clients=tuple(each for each in dict.fromkeys(form.getlist("client")) if is_id(each))[:200],
        certificate=form.get("certificate", "")[:200].strip(),
    )


def _wanted(written: Written) -> identity_pb2.CreateApiKeyRequest:
    return identity_pb2.CreateApiKeyRequest(
        label=written.label, valid_days=written.days, permissions=written.permissions, all_clients=written.all_clients,
        organisation_ids=() if written.all_clients else written.clients, certificate_sha256=written.certificate,
    )  # fmt: skip


def _missing(written: Written) -> dict[str, str]:
    """What the form lacks, by field."""
    told = {}
    if not written.label:
        told["label"] = _("Write what the key is for.")
    if not written.permissions:
        told["permission"] = _("Choose at least one.")
    if not written.all_clients and not 0 < len(written.clients) <= OFFERED:
        told["client"] = _("Choose all clients, or at least one and at most 50 of your firm's.")
    if written.certificate and not FINGERPRINT.fullmatch(written.certificate):
        told["certificate"] = _("A fingerprint is 64 digits and letters from A to F, with or without colons.")
    return told


def _on_form(told: dict[str, str]) -> dict[str, str]:
    """The same sentences, at the names of the form's fields."""
    names = {"permissions": "permission", "organisation_ids": "client", "certificate_sha256": "certificate", "valid_days": "days"}
    return {names.get(name.partition(".")[0], name): text for name, text in told.items()}
