"""A local Twilio: checks each request as its Message resource does, answers what it is told to, and signs reports as Twilio does."""

import base64
import hashlib
import hmac
import itertools
import json
import threading
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

SID, TOKEN = "AC" + "0" * 32, "s3cr3t-t0k3n"
# What a request to send may and must hold: https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
FIELDS = {"To", "From", "MessagingServiceSid", "Body", "StatusCallback"}


@dataclass
class Twilio:
    """What came in, and what it answers: 201 unless told otherwise. `hangs_up` closes the connection without a word."""

    port: int = 0
    status: int = 201
    code: int = 0
    hangs_up: bool = False
    silent: threading.Event = field(default_factory=threading.Event)
    forms: list[dict[str, list[str]]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.silent.set()

    def address(self, query: str) -> str:
        """The setting `sms_url` that leads here."""
        return f"twilio+http://{SID}@127.0.0.1:{self.port}?{query}"


def signature(address: str, fields: Mapping[str, str], *, token: str = TOKEN) -> str:
    """X-Twilio-Signature: the address, and each field's name and value in the order of names, by HMAC-SHA1 with the account's token
    (https://www.twilio.com/docs/usage/webhooks/webhooks-security).
    """
    told = address + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), told.encode(), hashlib.sha1)).decode()


@contextmanager
def serving(held: Twilio) -> Iterator[Twilio]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            user, _, password = b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode().partition(":")
            assert (self.path, user, password) == (f"/2010-04-01/Accounts/{SID}/Messages.json", SID, TOKEN)
            assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
            form = parse_qs(body, strict_parsing=True)
            assert {"To", "Body"} <= set(form) <= FIELDS, form
            assert len({"From", "MessagingServiceSid"} & set(form)) == 1, form
            held.forms.append(form)
            held.silent.wait(30)
            if held.hangs_up:
                self.close_connection = True
                return
            answer = (
                {"sid": f"SM{next(held.numbers):032x}", "status": "queued"}
                if held.status < 300
                else {"code": held.code, "message": "m", "status": held.status}
            )
            self.send_response(held.status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
