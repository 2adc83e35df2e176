"""Hand SMS over: to Twilio, or on a laptop into a folder where they can be read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import uuid_utils.compat as uuid
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError, SSLError

from chassis import clock, telemetry
from chassis.config import BadSettings, Secret
from chassis.errors import Failure, Invalid, TooMany, Unavailable

if TYPE_CHECKING:
    from twilio.rest import Client  # type: ignore[import-untyped]

CONNECT_SECONDS, READ_SECONDS = 1.5, 2.5
# https://www.twilio.com/docs/api/errors: the number is none, is no mobile, cannot be reached, or its country is not switched on.
NO_SUCH_NUMBER = (21211, 21214, 21217, 21401, 21408, 21421, 21612, 21614, 30003, 30005, 30006)
# Raised before anything was sent.
NOT_CONNECTED = (NewConnectionError, ConnectTimeoutError, SSLError, ProxyError)
# Its owner answered STOP.
WANTS_NONE = (21610,)


@dataclass(frozen=True)
class Handed:
    """An SMS that was handed over. Where no answer came nobody is `certain` that it was; `message_id` is the provider's name for it."""

    certain: bool
    message_id: str = ""


class Sms(Protocol):
    """Takes SMS."""

    def send(self, number: str, text: str) -> Handed:
        """Hand it over within four seconds, once: where no answer comes it may have left or not.

        Raises Unavailable `sms_unavailable`, TooMany `sms_busy`, Invalid `sms_refused` and `sms_blocked`; then it has not left.
        """

    def signed(self, fields: Mapping[str, str], signature: str) -> bool:
        """Whether the provider signed this report about an SMS."""


def open_sms(url: str, secret: Secret, *, reports: str = "") -> Sms | None:
    """What the setting `sms_url` names; None when it is empty. `reports` is the address at which the provider tells what became of an SMS,
    nothing where it could not reach it. Raises BadSettings."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path:
        return CaughtSms(Path(unquote(parts.path)))
    given = dict(pair.partition("=")[::2] for pair in parts.query.split("&"))
    if parts.scheme not in ("twilio", "twilio+http") or not (parts.hostname and parts.username) or {*given} not in ({"from"}, {"service"}):
        raise BadSettings("KONTOR_NOTIFY_SMS_URL: write twilio://ACCOUNT_SID@api.twilio.com?from=+47…, ?service=MG…, or file:///folder")
    if not secret:
        raise BadSettings("KONTOR_NOTIFY_SMS_SECRET: Twilio's auth token is missing")
    names = {"from": "from_", "service": "messaging_service_sid"}
    client, sender = _client(parts, secret), {names[key]: unquote(value) for key, value in given.items()}
    return TwilioSms(client, sender, secret=secret, reports=reports)


def _client(parts: SplitResult, secret: Secret) -> "Client":
    # Twilio's library is large, and only an installation that sends SMS has it.
    try:
        from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
        from twilio.rest import Client
    except ImportError as why:
        raise BadSettings("KONTOR_NOTIFY_SMS_URL: sending SMS needs the extra: pip install kontor[sms]") from why
    # No connection is kept: a server that hung up on an idle one would leave open whether the SMS was taken.
    client = Client(unquote(parts.username or ""), str(secret), http_client=TwilioHttpClient(pool_connections=False, max_retries=0))
    host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    client.http_client.timeout = CONNECT_SECONDS, READ_SECONDS
    client.api.base_url = f"{'http' if parts.scheme == 'twilio+http' else 'https'}://{host}"
    return client


class TwilioSms:
    """Twilio's Message resource."""

    def __init__(self, client: "Client", sender: dict[str, str], *, secret: Secret, reports: str) -> None:
        from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

        self._client, self._sender, self._reports = client, sender, reports
        self._validator = RequestValidator(str(secret))

    def signed(self, fields: Mapping[str, str], signature: str) -> bool:
        """See Sms. The signature is over the address that Twilio was given, and every field."""
        return bool(self._reports and self._validator.validate(self._reports, dict(fields), signature))

    def send(self, number: str, text: str) -> Handed:
        """See Sms."""
        from twilio.base.exceptions import TwilioException, TwilioRestException  # type: ignore[import-untyped]

        told = {"status_callback": self._reports} if self._reports else {}
        try:
            taken = self._client.messages.create(to=number, body=text, **self._sender, **told)
        except TwilioRestException as why:
            failure = _failure(why.status, why.code)
            telemetry.log(__name__).warning("twilio refused", status=why.status, code=why.code)
            if failure is None:
                return Handed(certain=False)
            raise failure from None  # the library's exception has the number in it
        except OSError as why:  # what the library's HTTP client raises
            if _reached(why):
                return Handed(certain=False)
            raise Unavailable("sms_unavailable", f"Twilio cannot be reached: {type(why).__name__}.") from None
        except TwilioException:
            return Handed(certain=False)
        return Handed(certain=True, message_id=str(taken.sid or ""))


def _failure(status: int, code: int | None) -> Failure | None:
    """What Twilio's answer means; None where it leaves open whether the SMS was taken."""
    if code in WANTS_NONE:
        return Invalid("sms_blocked", "The number's owner wants no SMS.", fields={"phone_number": "sms_blocked"})
    if code in NO_SUCH_NUMBER:
        return Invalid("sms_refused", "The number gets no SMS.", fields={"phone_number": "sms_refused"})
    if status == 429:
        return TooMany("sms_busy", "Twilio takes no more just now.", facts={"retry_after": "30"})
    # Of errors on Twilio's side only 503 says that nothing was done.
    return None if status >= 500 and status != 503 else Unavailable("sms_unavailable", f"Twilio answered with {status}.")


def _reached(why: OSError) -> bool:
    """Whether the request may have been read before the connection broke."""
    first = why.args[0] if why.args else None
    return not isinstance(getattr(first, "reason", first), NOT_CONNECTED)


@dataclass(frozen=True)
class CaughtSms:
    """Keeps each SMS as a JSON file named by time, for /dev/mailbox."""

    folder: Path

    def signed(self, fields: Mapping[str, str], signature: str) -> bool:
        """See Sms: nobody reports anything about a file."""
        return False

    def send(self, number: str, text: str) -> Handed:
        """See Sms. The file appears whole."""
        name = str(uuid.uuid7())
        content = json.dumps({"to": number, "text": text, "at": clock.now().isoformat()}, ensure_ascii=False, indent=1)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            unfinished = self.folder / f".{name}"
            unfinished.write_text(content, encoding="utf-8")
            unfinished.rename(self.folder / f"{name}.json")
        except OSError as why:
            raise Unavailable("sms_unavailable", f"The folder for caught SMS cannot be written: {why.strerror}.") from why
        return Handed(certain=True)
