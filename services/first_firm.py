"""The first firm of an installation, and every further one: made by the operator beside identity's database, not through the portal."""

import json
from pathlib import Path

from joserfc.jwk import KeySet, OKPKey
from kontor.access.v1.access_pb2 import PERMISSION_FIRM_CREATE
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc

from chassis import caller, clock
from chassis.caller import Caller, Signer, Verifier
from chassis.local import LocalServer
from chassis.peers import PeerChannel
from chassis.rpc import guarded
from chassis.run import Running


def make(running: Running, signing_key: Path, request: identity_pb2.CreateFirmRequest) -> identity_pb2.Organisation:
    """Call CreateFirm of identity, built in this process, as the operator: whoever may read identity's signing key.

    Raises a Failure as the RPC does. Nothing is sent from here: a running identity finds the welcome letter and sends it.
    """
    (identity,) = running.services
    key = OKPKey.import_key(json.loads(signing_key.read_text()))
    known = KeySet.import_key_set(json.loads(running.process.assertion_keys.read_text()))
    local = LocalServer()
    local.add(guarded(identity.rpcs, Verifier(known, audience=identity.name)))
    signed = Signer(key, issuer=identity.name).sign(operator(), audience=[identity.name])
    with caller.acting(operator(), {identity.name: signed}):
        return identity_pb2_grpc.OrganisationsStub(PeerChannel(identity.name, local.channel())).CreateFirm(request)


def operator() -> Caller:
    """The platform's operator, who may make firms and nothing else."""
    return Caller(user_id="operator", permissions=(PERMISSION_FIRM_CREATE,), authenticated_at=int(clock.now().timestamp()))
