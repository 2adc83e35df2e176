"""What the identity service is made of."""

import json
from pathlib import Path
from typing import cast

from joserfc.jwk import OKPKey
from kontor.identity.v1 import identity_pb2_grpc
from kontor.notify.v1 import notify_pb2_grpc

from chassis.caller import Signer
from chassis.db import Database
from chassis.peers import PeerChannel
from chassis.service import Peers, Rpc, Service, due
from services.identity.api.account import Account
from services.identity.api.organisations import Organisations
from services.identity.api.sessions import Sessions
from services.identity.api.sign_in import SignIn
from services.identity.config import Config
from services.identity.jobs import purge, send_letters
from services.identity.models import Model
from services.identity.passwords import Passwords

NAME = "identity"


def build(config: Config, peers: Peers) -> Service:
    """The service, not yet running. Raises OSError or ValueError when the signing key cannot be read."""
    database = Database(config.database_url, service=NAME)
    passwords = Passwords(config.password_slots)
    signer = Signer(OKPKey.import_key(json.loads(config.signing_key.read_text())), issuer=NAME)
    # Letters are sent by identity itself, on nobody's behalf.
    notify = cast(PeerChannel, peers.channel("notify")).speaking_for(signer, NAME)
    post = send_letters.Post(notify_pb2_grpc.LettersStub(notify), config.public_url.rstrip("/"))
    return Service(
        name=NAME,
        database=database,
        tables=Model.metadata,
        migrations=Path(__file__).parent / "migrations",
        rpcs=(
            Rpc(SignIn(database, passwords), identity_pb2_grpc.add_SignInServicer_to_server),
            Rpc(Sessions(database, signer), identity_pb2_grpc.add_SessionsServicer_to_server),
            Rpc(Account(database, passwords), identity_pb2_grpc.add_AccountServicer_to_server),
            Rpc(Organisations(database), identity_pb2_grpc.add_OrganisationsServicer_to_server),
        ),
        jobs=(due(send_letters, database, post, service=NAME), due(purge, database, service=NAME)),
    )
