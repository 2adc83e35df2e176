"""Where a person's day has reached the hour of the digest and there is something to tell, one becomes due (ACC-69, BEY-10)."""

from datetime import timedelta

from kontor.notify.v1.notify_pb2 import NOTICE_CATEGORY_DOCUMENTS, NOTICE_CHANNEL_EMAIL
from sqlalchemy import DateTime, Integer, String, Uuid, any_, bindparam, exists, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.engine import Row

from chassis import clock
from chassis.db import Database
from chassis.service import Job
from services.notify import rules, switches
from services.notify.models import DIGEST, DUE, Delivery, Membership, Notice, Person

EVERY = timedelta(minutes=1)
# People looked at in one statement, which so stays far below its time limit.
BATCH = 5000


def run(database: Database, hour: int, send: Job) -> None:
    """One delivery a person and local date, whoever and how many ask: the table's unique key decides."""
    now = clock.now()
    for row in database.read(_days, {"hour": hour}):
        window = rules.digest_window(now, row.time_zone, row.hour)
        if window is not None:
            _schedule(database, row, window, hour=hour, send=send)


def _schedule(database: Database, row: Row[tuple[str, int]], window: rules.Window, *, hour: int, send: Job) -> None:
    after, now = "00000000-0000-0000-0000-000000000000", clock.now()
    wanted = {"time_zone": row.time_zone, "at": row.hour, "hour": hour, "limit": BATCH}
    while people := database.read(_reminded, wanted | {"after": after}):
        users = [row.user_id for row in people]
        with database.transaction() as tx:
            if tx.execute(_claim, {"users": users, "day": window.day.isoformat(), "until": window.until, "now": now}).first():
                tx.start(send)
        after = users[-1]


_ID = Uuid(as_uuid=False)
_now = bindparam("now", type_=DateTime(timezone=True))
_until = bindparam("until", type_=DateTime(timezone=True))
_hour = func.coalesce(Person.digest_hour, bindparam("hour", type_=Integer))
_member = (
    Membership.user_id == Person.user_id, Membership.removed_at.is_(None),
    switches.wants(Membership.membership_id, NOTICE_CATEGORY_DOCUMENTS, NOTICE_CHANNEL_EMAIL),
)  # fmt: skip
_wants = exists().where(*_member)
_news = exists().where(
    *_member, Notice.membership_id == Membership.membership_id, Notice.category == NOTICE_CATEGORY_DOCUMENTS, Notice.read_at.is_(None),
    Notice.digested_at.is_(None), Notice.at < _until,
)  # fmt: skip
_days = select(Person.time_zone, _hour.label("hour")).where(Person.email != "", _wants).distinct()
_reminded = (
    select(Person.user_id)
    .where(
        Person.time_zone == bindparam("time_zone"), _hour == bindparam("at"), Person.email != "",
        Person.user_id > bindparam("after", type_=_ID), _wants,
    )
    .order_by(Person.user_id)
    .limit(bindparam("limit"))
)  # fmt: skip
_due = select(
    Person.user_id, literal(DIGEST), bindparam("day", type_=String), _until, literal(DUE), _now, literal(0, Integer), _now
).where(Person.user_id == any_(bindparam("users", type_=ARRAY(_ID))), _news)  # fmt: skip
_claim = (
    insert(Delivery.metadata.tables["deliveries"])
    .from_select(["recipient_id", "kind", "window", "until", "state", "due_at", "attempts", "created_at"], _due)
    .on_conflict_do_nothing(index_elements=["recipient_id", "kind", "window"])
    .returning(Delivery.id)
)
