"""What is done with a thread: read, given to somebody, closed, opened again."""

from typing import Any

from kontor.messaging.v1.events_pb2 import ThreadChanged
from kontor.messaging.v1.messaging_pb2 import AssignThreadRequest, MarkThreadReadRequest
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Denied, NotFound
from services.messaging import rules, threads
from services.messaging.models import ConsultantAccess, Message, ReadMark, Thread


def mark_read(tx: Transaction, caller: Caller, request: MarkThreadReadRequest) -> None:
    """Remember that the caller has read up to here; never goes back. Raises NotFound for a thread of others."""
    # Whoever writes locks the thread too, so that no message of one's own slips in between counting and marking.
    seen = select(Thread).where(Thread.id == request.thread_id, threads.visible(caller)).with_for_update()
    thread = tx.scalar(seen)
    if thread is None:
        raise threads.no_thread()
    up_to = min(request.up_to, thread.message_count)
    later = select(func.count()).where(
        Message.thread_id == thread.id, Message.position > up_to, Message.sent_by_user_id == caller.user_id
    )  # fmt: skip
    own = tx.scalar(later) if up_to < thread.message_count else 0
    marked = insert(ReadMark).values(thread_id=thread.id, user_id=caller.user_id, position=up_to, own=own)
    forward = marked.on_conflict_do_update(
        index_elements=["thread_id", "user_id"], set_={"position": up_to, "own": own}, where=ReadMark.position < up_to
    )
    if tx.scalar(forward.returning(ReadMark.position)) is not None:
        tx.record("thread.read", organisation=thread.organisation_id, subject=thread.id, up_to=str(up_to), by=caller.organisation_id)


def assign_thread(tx: Transaction, caller: Caller, request: AssignThreadRequest) -> None:
    """Give the thread to somebody who serves the client in its area, or to nobody.

    Raises NotFound for a thread of others, and for a consultant who does not serve the client there.
    """
    _firms_people_only(caller)
    wanted = request.membership_id or None
    about = select(Thread.organisation_id, Thread.service_area).where(Thread.id == request.thread_id, threads.visible(caller))
    thread = tx.execute(about).one_or_none()
    if thread is None:
        raise threads.no_thread()
    # Held until commit: whoever ends the assignment just now comes after this, and takes the thread away again.
    serving = threads.serving(thread.organisation_id, thread.service_area).where(ConsultantAccess.membership_id == wanted)
    if wanted and tx.scalar(serving.with_for_update(read=True)) is None:
        raise NotFound("consultant_not_found", "This member does not serve the client in the area of this conversation.")
    differs = Thread.assigned_membership_id.is_distinct_from(wanted)
    _change(tx, caller, request.thread_id, differs, "thread.assign", assigned_membership_id=wanted)


def close_thread(tx: Transaction, caller: Caller, thread_id: str) -> None:
    """Nothing is left to do. Raises NotFound for a thread of others; one that is closed stays so."""
    _firms_people_only(caller)
    _change(tx, caller, thread_id, Thread.state != rules.State.CLOSED, "thread.close", state=rules.State.CLOSED)


def reopen_thread(tx: Transaction, caller: Caller, thread_id: str) -> None:
    """A closed thread waits for the firm again. Raises NotFound for a thread of others; one that is not closed stays as it is."""
    _firms_people_only(caller)
    _change(tx, caller, thread_id, Thread.state == rules.State.CLOSED, "thread.reopen", state=rules.State.OPEN)


def _firms_people_only(caller: Caller) -> None:
    if not threads.is_firm(caller):
        raise Denied("not_permitted", "Only the firm's people order their work.")


def _change(tx: Transaction, caller: Caller, thread_id: str, expected: Any, action: str, **values: Any) -> None:
    claim = update(Thread).where(Thread.id == thread_id, threads.visible(caller), expected).values(**values)
    changed = tx.scalar(claim.returning(Thread))
    if changed is None:
        if tx.scalar(select(Thread.id).where(Thread.id == thread_id, threads.visible(caller))) is None:
            raise threads.no_thread()
        return
    concerned = [*threads.taking_part(tx, changed.id), *tx.scalars(threads.serving(changed.organisation_id, changed.service_area))]
    event = ThreadChanged(thread_id=changed.id, organisation_id=changed.organisation_id, membership_ids=concerned)
    tx.emit(event, about=changed.id, organisation=changed.organisation_id)
    tx.record(action, organisation=changed.organisation_id, subject=changed.id, **{name: str(held or "") for name, held in values.items()})
