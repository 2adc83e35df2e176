"""Sign in: language, address and password, second factor, mailed links, and which organisation to work in."""

from flask import Blueprint
from kontor.identity.v1 import identity_pb2_grpc, passkeys_pb2_grpc, providers_pb2_grpc

from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages.sign_in.choice import Choice
from services.gateway.pages.sign_in.passkey import Passkey
from services.gateway.pages.sign_in.password import Password
from services.gateway.pages.sign_in.proof import Proof
from services.gateway.pages.sign_in.provider import Provider


def blueprint(peers: Peers, config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("sign_in", __name__)
    identity = identity_pb2_grpc.SignInStub(peers.channel("identity"))
    proof = Proof(identity, config)
    passkey = Passkey(passkeys_pb2_grpc.PasskeysStub(peers.channel("identity")), proof)
    provider = Provider(providers_pb2_grpc.ProvidersStub(peers.channel("identity")), proof, secure=config.secure)
    password, choice = Password(identity, proof), Choice(peers, config)
    pages.add_url_rule("/sign-in", "start", password.start, methods=["GET", "POST"])
    pages.add_url_rule("/sign-in/code", "code", proof.code, methods=["POST"])
    pages.add_url_rule("/sign-in/method", "method", proof.method, methods=["POST"])
    pages.add_url_rule("/sign-in/phone", "phone", proof.phone, methods=["POST"])
    pages.add_url_rule("/sign-in/passkey", "passkey", passkey.passkey, methods=["POST"])
    pages.add_url_rule("/sign-in/with/<provider>", "away", provider.away, methods=["GET"])
    pages.add_url_rule("/sign-in/returned/<provider>", "returned", provider.returned, methods=["GET"])
    pages.add_url_rule("/sign-in/no-access", "no_access", provider.no_access, methods=["GET"])
    pages.context_processor(provider.around)
    pages.add_url_rule("/password", "password", password.password, methods=["GET", "POST"])
    pages.add_url_rule("/password/strength", "strength", password.strength, methods=["POST"])
    pages.add_url_rule("/links/<token>", "link", password.link, methods=["GET", "POST"])
    pages.add_url_rule("/language", "language", choice.language, methods=["POST"])
    pages.add_url_rule("/organisations", "organisations", choice.organisations, methods=["GET", "POST"])
    pages.add_url_rule("/sign-out", "sign_out", choice.sign_out, methods=["POST"])
    return pages
