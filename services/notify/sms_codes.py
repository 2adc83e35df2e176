"""Codes by SMS for identity, over gRPC: nothing of them is kept, queued, logged or tried again. Their provider reports."""

import grpc
from kontor.notify.v1 import notify_pb2 as pb
from kontor.notify.v1.notify_pb2_grpc import CodesServicer, SmsReportsServicer

from chassis import telemetry
from chassis.db import Database
from chassis.errors import NotFound, Unavailable
from services.notify import rules
from services.notify.actions.sms_reports import handed_over, reported
from services.notify.letters import Writer
from services.notify.sms import Sms

TEMPLATES = {pb.SMS_KIND_CODE: "code", pb.SMS_KIND_VOUCHED: "vouched", pb.SMS_KIND_SECURITY_CHANGED: "security_changed"}


class Codes(CodesServicer):
    """Sends SMS, where the installation has somebody to send them through."""

    def __init__(self, database: Database, sms: Sms | None, writer: Writer) -> None:
        self._database, self._sms, self._writer = database, sms, writer

    def GetSmsState(self, request: pb.GetSmsStateRequest, _: grpc.ServicerContext) -> pb.GetSmsStateResponse:
        """By the settings."""
        del request
        return pb.GetSmsStateResponse(offered=self._sms is not None)

    def SendCode(self, request: pb.SendCodeRequest, _: grpc.ServicerContext) -> pb.SendCodeResponse:
        """One SMS, once."""
        if self._sms is None:
            raise Unavailable("sms_not_offered", "This installation sends no SMS.")
        about = {"change": rules.change(request.change), "organisation": rules.called(request.organisation_name), "inviter": ""}
        text = self._writer.sms(TEMPLATES[request.kind], language=request.language, code=request.code, **about)
        handed = self._sms.send(request.phone_number, text)
        try:
            with self._database.transaction() as tx:
                handed_over(tx, handed)
        except Exception as why:  # noqa: BLE001 - the SMS has left: whoever heard of a failure would send it, and pay for it, again
            telemetry.log(__name__).error("sms not noted", message_id=handed.message_id, error=type(why).__name__)
        return pb.SendCodeResponse(uncertain=not handed.certain)


class SmsReports(SmsReportsServicer):
    """Hears what the provider says about SMS that it took."""

    def __init__(self, database: Database, sms: Sms | None) -> None:
        self._database, self._sms = database, sms

    def ReportSms(self, request: pb.ReportSmsRequest, _: grpc.ServicerContext) -> pb.ReportSmsResponse:
        """Believed for its signature alone."""
        if self._sms is None:
            raise NotFound("sms_not_offered", "This installation sends no SMS.")
        with self._database.transaction() as tx:
            reported(tx, self._sms, fields=request.fields, signature=request.signature)
        return pb.ReportSmsResponse()
