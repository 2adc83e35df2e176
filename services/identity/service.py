"""What the identity service is made of."""

import json
from datetime import timedelta
from pathlib import Path
from typing import cast

from joserfc.jwk import OKPKey
from kontor.identity.v1 import administration_pb2_grpc, identity_pb2_grpc, invitations_pb2_grpc, passkeys_pb2_grpc, providers_pb2_grpc
from kontor.identity.v1 import devices_pb2_grpc as by_device
from kontor.notify.v1 import notify_pb2_grpc

from chassis.caller import Signer
from chassis.db import Database
from chassis.peers import PeerChannel
from chassis.service import Peers, Rpc, Service, due
from services.identity import oidc
from services.identity.actions.devices import Proving
from services.identity.api.account import Account
from services.identity.api.administration import Administration
from services.identity.api.devices import Devices
from services.identity.api.factors import Factors
from services.identity.api.invitations import Invitations
from services.identity.api.organisations import Organisations
from services.identity.api.passkeys import Passkeys
from services.identity.api.providers import Providers
from services.identity.api.sessions import Sessions
from services.identity.api.sign_in import SignIn
from services.identity.api.web_sign_ins import WebSignIns
from services.identity.config import Config
from services.identity.jobs import announce_validity, purge, reseal, send_letters, send_warnings
from services.identity.models import Model
from services.identity.passkeys import RelyingParty
from services.identity.passwords import Passwords
from services.identity.telephone import Telephone

NAME = "identity"


def build(config: Config, peers: Peers) -> Service:
    """The service, not yet running. Raises OSError or ValueError when the signing key cannot be read."""
    database, passwords = Database(config.database_url, service=NAME), Passwords(config.password_slots)
    signer = Signer(OKPKey.import_key(json.loads(config.signing_key.read_text())), issuer=NAME)
    # Letters and codes are sent by identity itself, on nobody's behalf.
    notify = cast(PeerChannel, peers.channel("notify")).speaking_for(signer, NAME)
    keyring = config.keyring()
    letters, life = notify_pb2_grpc.LettersStub(notify), timedelta(hours=config.invitation_hours)
    post = send_letters.Post(letters, config.public_url.rstrip("/"), keyring, invitation_life=life, link_lives=config.link_lives())
    codes, budgets = notify_pb2_grpc.CodesStub(notify), config.budgets()
    telephone = Telephone(codes, keyring, countries=config.sms_countries, budgets=budgets)
    warn = due(send_warnings, database, send_warnings.Post(codes, keyring, budgets), service=NAME)
    clients = oidc.clients(config.known_providers(), config.public_url)
    proving, vouched = Proving(keyring, passwords, RelyingParty.at(config.public_url)), timedelta(hours=config.vouched_code_hours)
    return Service(
        name=NAME,
        database=database,
        tables=Model.metadata,
        migrations=Path(__file__).parent / "migrations",
        rpcs=(
            Rpc(SignIn(database, passwords, telephone), identity_pb2_grpc.add_SignInServicer_to_server),
            Rpc(Sessions(database, signer, passwords, telephone), identity_pb2_grpc.add_SessionsServicer_to_server),
            Rpc(Account(database, passwords), identity_pb2_grpc.add_AccountServicer_to_server),
            Rpc(Factors(database, telephone), identity_pb2_grpc.add_FactorsServicer_to_server),
            Rpc(Passkeys(database, proving.party), passkeys_pb2_grpc.add_PasskeysServicer_to_server),
            Rpc(
                Invitations(database, telephone, code_life=timedelta(hours=config.invitation_code_hours)),
                invitations_pb2_grpc.add_InvitationsServicer_to_server,
            ),
            Rpc(Administration(database), administration_pb2_grpc.add_AdministrationServicer_to_server),
            Rpc(Providers(database, telephone, clients), providers_pb2_grpc.add_ProvidersServicer_to_server),
            Rpc(Devices(database, proving), by_device.add_DevicesServicer_to_server),
            Rpc(WebSignIns(database, proving), by_device.add_WebSignInsServicer_to_server),
            Rpc(Organisations(database, telephone, vouched_life=vouched), identity_pb2_grpc.add_OrganisationsServicer_to_server),
        ),
        jobs=(
            due(send_letters, database, post, service=NAME), due(purge, database, service=NAME),
            due(reseal, database, keyring, service=NAME), due(announce_validity, database, service=NAME), warn,
        ),
    )  # fmt: skip
