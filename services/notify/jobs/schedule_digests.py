"""Where a person's day has reached the hour of the digest and there is something to tell, one becomes due (ACC-69, BEY-10)."""

from datetime import datetime, timedelta

from kontor.notify.v1.notify_pb2 import NOTICE_KIND_DOCUMENT_PUBLISHED
from sqlalchemy import DateTime, Integer, String, Uuid, any_, bindparam, exists, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from chassis import clock
from chassis.db import Database
from chassis.service import Job
from services.notify import rules
from services.notify.models import DIGEST, DUE, Delivery, Membership, Notice, Person, Settings

EVERY = timedelta(minutes=1)
# People looked at in one statement, which so stays far below its time limit.
BATCH = 5000


def run(database: Database, hour: int, send: Job) -> None:
    """One delivery a person and local date, whoever and how many ask: the table's unique key decides."""
    now = clock.now()
    for row in database.read(_zones):
        window = rules.digest_window(now, row.time_zone, hour)
        if window is not None:
            _schedule(database, row.time_zone, window, now, send)


def _schedule(database: Database, time_zone: str, window: rules.Window, now: datetime, send: Job) -> None:
    after = "00000000-0000-0000-0000-000000000000"
    while people := database.read(_reminded, {"time_zone": time_zone, "after": after, "limit": BATCH}):
        users = [row.user_id for row in people]
        with database.transaction() as tx:
            if tx.execute(_claim, {"users": users, "day": window.day.isoformat(), "until": window.until, "now": now}).first():
                tx.start(send)
        after = users[-1]


_ID = Uuid(as_uuid=False)
_now = bindparam("now", type_=DateTime(timezone=True))
_until = bindparam("until", type_=DateTime(timezone=True))
_member = (Membership.user_id == Person.user_id, Membership.removed_at.is_(None))
_wants = exists().where(*_member, Settings.membership_id == Membership.membership_id, Settings.documents_by_email)
_news = exists().where(
    *_member,
    Settings.membership_id == Membership.membership_id,
    Settings.documents_by_email,
    Notice.membership_id == Membership.membership_id,
    Notice.kind == NOTICE_KIND_DOCUMENT_PUBLISHED,
    Notice.read_at.is_(None),
    Notice.digested_at.is_(None),
    Notice.at < _until,
)
_zones = select(Person.time_zone).where(Person.email != "", _wants).distinct()
_reminded = (
    select(Person.user_id)
    .where(Person.time_zone == bindparam("time_zone"), Person.email != "", Person.user_id > bindparam("after", type_=_ID), _wants)
    .order_by(Person.user_id)
    .limit(bindparam("limit"))
)
_due = select(
    Person.user_id, literal(DIGEST), bindparam("day", type_=String), _until, literal(DUE), _now, literal(0, Integer), _now
).where(Person.user_id == any_(bindparam("users", type_=ARRAY(_ID))), _news)  # fmt: skip
_claim = (
    insert(Delivery.metadata.tables["deliveries"])
    .from_select(["recipient_id", "kind", "window", "until", "state", "due_at", "attempts", "created_at"], _due)
    .on_conflict_do_nothing(index_elements=["recipient_id", "kind", "window"])
    .returning(Delivery.id)
)
