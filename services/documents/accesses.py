"""Who fetched or looked at what: one row in the client's audit trail each time, written before the first byte leaves (BEY-09)."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from chassis import clock
from chassis.caller import Caller
from chassis.db import Database

DOWNLOAD, PREVIEW = "document.download", "document.preview"
# What belongs to one look: the pages of a preview, and the parts in which a file is fetched.
ONE_LOOK = timedelta(minutes=15)
REMEMBERED = 10_000


class Accesses:
    """Writes them down. What it remembers only keeps one look from becoming many rows: without it there are more, never fewer."""

    def __init__(self, database: Database) -> None:
        self._database, self._lock = database, threading.Lock()
        self._looks: dict[tuple[str, ...], datetime] = {}

    def note(self, caller: Caller, action: str, document: Row[Any], *, version: int = 0, goes_on: bool = False) -> None:
        """`document` as found by `readable`; version 0 is its newest. With `goes_on`, a row only where this look has none yet."""
        number, now = version or document.version, clock.now()
        look = (caller.user_id, caller.api_key_id, action, document.document_id, str(number))
        with self._lock:
            known = self._looks.get(look)
        if not (goes_on and known and now - known < ONE_LOOK):
            with self._database.transaction() as tx:
                facts = {"version": str(number), "by": caller.organisation_id}
                tx.record(action, organisation=document.organisation_id, subject=document.document_id, **facts)
        self._remember(look, now)

    def note_zip(self, caller: Caller, documents: Sequence[Row[Any]]) -> None:
        """Several at once are one row for each client."""
        with self._database.transaction() as tx:
            for client in sorted({row.organisation_id for row in documents}):
                ids = [row.document_id for row in documents if row.organisation_id == client]
                facts = {"documents": " ".join(ids), "count": str(len(ids)), "by": caller.organisation_id}
                tx.record(DOWNLOAD, organisation=client, subject=ids[0], **facts)

    def _remember(self, look: tuple[str, ...], now: datetime) -> None:
        with self._lock:
            if len(self._looks) >= REMEMBERED:
                self._looks.clear()
            self._looks[look] = now
