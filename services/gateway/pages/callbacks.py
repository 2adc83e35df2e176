"""Where the provider of SMS reports what became of them. Nobody reads this page: Twilio posts to it, and its signature is its proof."""

from flask import Blueprint, request
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.config import Config

Answer = tuple[str, int]


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("callbacks", __name__)
    stub = notify_pb2_grpc.SmsReportsStub(peers.channel("notify"))

    @pages.post("/callbacks/sms")
    def sms() -> Answer:
        """Passed on as it came: notify holds the key that the signature is checked with."""
        report = notify_pb2.ReportSmsRequest(fields=request.form.to_dict(), signature=request.headers.get("X-Twilio-Signature", ""))
        try:
            stub.ReportSms(report)
        except Failure as why:
            return "", why.http_status
        return "", 204

    return pages
