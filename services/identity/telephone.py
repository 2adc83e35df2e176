"""Codes by SMS: within their budgets, to allowed countries, each sent once through notify."""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from kontor.notify.v1 import notify_pb2, notify_pb2_grpc

from chassis import clock, telemetry
from chassis.db import Database
from chassis.errors import Conflict, Failure, TimedOut
from services.identity import budgets, history, phones, sms_codes
from services.identity.budgets import Budgets
from services.identity.sealing import Keyring

ASKED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Sent:
    """A code that was handed over. `uncertain`: nobody knows whether it left, and it is not sent again by itself."""

    masked_phone: str
    uncertain: bool


class Telephone:
    """Reaches people's telephones, if the installation has somebody to send SMS through."""

    def __init__(self, stub: notify_pb2_grpc.CodesStub, keyring: Keyring, *, countries: Collection[str], budgets: Budgets) -> None:
        self._stub, self.keyring, self._countries, self._budgets = stub, keyring, countries, budgets
        self._offered, self._asked_at = False, datetime.min.replace(tzinfo=clock.now().tzinfo)
        self._lock = threading.Lock()

    def offered(self) -> bool:
        """Whether SMS can be enrolled. Asked at most once a minute; while notify does not answer, what it said last holds."""
        with self._lock:
            due = abs(clock.now() - self._asked_at) >= ASKED_EVERY
            self._asked_at = clock.now() if due else self._asked_at
        if due:
            try:
                self._offered = self._stub.GetSmsState(notify_pb2.GetSmsStateRequest()).offered
            except Failure as why:
                telemetry.log(__name__).warning("notify does not say whether SMS are sent", reason=why.reason)
        return self._offered

    def number(self, text: str, *, country: str) -> str:
        """The number as E.164. Raises Conflict `method_not_here` without SMS, and Invalid as `phones.normalised`."""
        if not self.offered():
            raise Conflict("method_not_here", "Codes are not sent by SMS here.")
        return phones.normalised(text, country=country, allowed=self._countries)

    def reaches(self, phone: str) -> bool:
        """Whether a code can be sent to this number at all."""
        try:
            return bool(self.number(phone, country=""))
        except Failure:
            return False

    def send(self, database: Database, *, about: str, user_id: str, phone: str, language: str) -> Sent:
        """Send a new code for this attempt, session or setup. Raises TooMany `too_many_codes`, and what notify's SendCode raises."""
        with database.transaction() as tx:
            budgets.spend(tx, self._budgets, user_id=user_id, phone=phone)
            code = sms_codes.replace(tx, self.keyring, about=about, phone=phone)
            history.record(tx, "sms_code.send", user_id=user_id, subject=about)
        request = notify_pb2.SendCodeRequest(kind=notify_pb2.SMS_KIND_CODE, phone_number=phone, code=code, language=language)
        try:
            uncertain = self._stub.SendCode(request).uncertain
        except TimedOut:
            uncertain = True
        return Sent(phones.masked(phone), uncertain)
