"""Write a message: one that opens a thread, or the next one of a thread."""

from collections.abc import Sequence
from typing import Any

import uuid_utils.compat as uuid
from kontor.messaging.v1.events_pb2 import AnswerSent, MessageSent, ThreadChanged
from kontor.messaging.v1.messaging_pb2 import AnswerRequest, SendMessageRequest
from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Denied, Invalid, NotFound
from services.messaging import rules, sensitive, threads
from services.messaging.models import Member, Message, Participant, ReadMark, Thread


def send_message(tx: Transaction, caller: Caller, request: SendMessageRequest) -> Message:
    """Open a thread and tell its readers at once (ACC-63). Where nobody serves the area yet it waits for whoever will.

    Raises NotFound for a client that the caller has nothing to do with, Invalid for a text that is empty or holds sensitive numbers.
    """
    firm, area = threads.is_firm(caller), request.service_area
    readers = tx.scalars(threads.serving(request.organisation_id, area)).all()
    own = request.organisation_id == caller.organisation_id
    serves = caller.membership_id in readers and caller.reaches(request.organisation_id)
    gone = tx.scalar(select(threads.ended(caller.membership_id or None)))
    if gone or not rules.may_write(is_firm=firm, own_organisation=own, serves_area=serves):
        raise threads.no_organisation()
    people = _addressed(tx, request) if firm else _oneself(caller, request)
    text = _checked({"subject": rules.one_line(request.subject), "body": rules.plain_text(request.body)}, mask=request.mask)
    thread = _opened(caller, request, subject=text["subject"], reaches_client=bool(people))
    tx.add(thread)
    tx.flush()
    part = {"thread_id": thread.id, "organisation_id": thread.organisation_id, "last_message_at": thread.last_message_at}
    tx.add_all([Participant(user_id=user, membership_id=membership, **part) for membership, user in people.items()])
    return _written(tx, caller, thread, body=text["body"], to=sorted(people), readers=readers)


def answer(tx: Transaction, caller: Caller, request: AnswerRequest) -> Message:
    """Write the next message of a thread. The claim to its position is also the question whether the caller sees the thread.

    Raises NotFound for a thread of others, Invalid as `send_message` does.
    """
    body = _checked({"body": rules.plain_text(request.body)}, mask=request.mask)["body"]
    firm, to, now = threads.is_firm(caller), threads.taking_part(tx, request.thread_id), clock.now()
    claim = update(Thread).where(Thread.id == request.thread_id, threads.visible(caller)).values(
        message_count=Thread.message_count + 1, state=rules.state_after(by_firm=firm, reaches_client=bool(to)),
        last_message_at=func.greatest(Thread.last_message_at, now), last_message_by=caller.name, last_message_by_firm=firm,
    )  # fmt: skip
    thread = tx.scalar(claim.returning(Thread))
    if thread is None:
        raise threads.no_thread()
    tx.execute(update(Participant).where(Participant.thread_id == thread.id).values(last_message_at=thread.last_message_at))
    readers = tx.scalars(threads.serving(thread.organisation_id, thread.service_area)).all()
    return _written(tx, caller, thread, body=body, to=to, readers=readers)


def _addressed(tx: Transaction, request: SendMessageRequest) -> dict[str, str]:
    """Membership to person, of those at the client whom the firm writes to."""
    wanted = set(request.to_membership_ids)
    known = select(Member.membership_id, Member.user_id).where(
        Member.membership_id.in_(wanted), Member.organisation_id == request.organisation_id, Member.removed_at.is_(None)
    )
    found = {row.membership_id: row.user_id for row in tx.execute(known)} if wanted else {}
    if len(found) < len(wanted):
        raise NotFound("member_not_found", "The client has no such member.", fields={"to_membership_ids": "member_not_found"})
    return found


def _oneself(caller: Caller, request: SendMessageRequest) -> dict[str, str]:
    if request.to_membership_ids:
        raise Denied("not_permitted", "Only the firm's people choose who reads a message.")
    return {caller.membership_id: caller.user_id}


def _checked(texts: dict[str, str], *, mask: bool) -> dict[str, str]:
    """The texts as they are kept. Numbers that must not be in them are masked, or refused by their kinds alone."""
    empty = {name: "has no text" for name, text in texts.items() if not text}
    if empty:
        raise Invalid("message_empty", "A message needs a subject and a text.", fields=empty)
    if mask:
        return {name: sensitive.mask(text) for name, text in texts.items()}
    kinds = {name: sorted({each.kind for each in sensitive.find(text)}) for name, text in texts.items()}
    wrong = {name: "sensitive_number" for name, found in kinds.items() if found}
    if wrong:
        facts = {"kinds": ",".join(sorted({kind for found in kinds.values() for kind in found}))}
        raise Invalid("sensitive_number", "Personal, bank and card numbers do not belong in a message.", fields=wrong, facts=facts)
    return texts


def _opened(caller: Caller, request: SendMessageRequest, *, subject: str, reaches_client: bool) -> Thread:
    firm, now = threads.is_firm(caller), clock.now()
    return Thread(
        id=str(uuid.uuid7()), organisation_id=request.organisation_id, service_area=request.service_area, subject=subject,
        state=rules.state_after(by_firm=firm, reaches_client=reaches_client), started_by=caller.name, started_by_firm=firm, started_at=now,
        document_ids=list(request.document_ids), assigned_membership_id=None, message_count=1, last_message_at=now,
        last_message_by=caller.name, last_message_by_firm=firm,
    )  # fmt: skip


def _written(tx: Transaction, caller: Caller, thread: Thread, *, body: str, to: Sequence[str], readers: Sequence[str]) -> Message:
    """Keep the thread's newest message, and tell everybody whom it concerns."""
    first = thread.message_count == 1
    message = Message(
        id=str(uuid.uuid7()), organisation_id=thread.organisation_id, service_area=thread.service_area, subject=thread.subject, body=body,
        document_ids=thread.document_ids if first else [], sent_by_user_id=caller.user_id, sent_by_membership_id=caller.membership_id,
        sent_by=caller.name, sent_at=thread.last_message_at, thread_id=thread.id, position=thread.message_count,
        by_firm=thread.last_message_by_firm,
    )  # fmt: skip
    tx.add(message)
    tx.execute(_own_mark(thread, caller.user_id))
    if message.by_firm and to:
        _tell_client(tx, message, to)
    else:
        _tell_firm(tx, message, readers)
    changed = ThreadChanged(thread_id=thread.id, organisation_id=thread.organisation_id, membership_ids=[*to, *readers])
    tx.emit(changed, about=thread.id, organisation=thread.organisation_id)
    tx.record("message.send", organisation=message.organisation_id, subject=message.id, area=str(message.service_area))
    return message


def _own_mark(thread: Thread, user_id: str) -> Any:
    """What one writes oneself is not new; what others wrote before it stays new until it is read."""
    at = thread.message_count
    begun = insert(ReadMark).values(thread_id=thread.id, user_id=user_id, position=1 if at == 1 else 0, own=0 if at == 1 else 1)
    read_all = ReadMark.position + ReadMark.own == at - 1
    return begun.on_conflict_do_update(
        index_elements=["thread_id", "user_id"],
        set_={"position": case((read_all, at), else_=ReadMark.position), "own": case((read_all, 0), else_=ReadMark.own + 1)},
    )


def _tell_firm(tx: Transaction, message: Message, readers: Sequence[str]) -> None:
    event = MessageSent(
        message_id=message.id, organisation_id=message.organisation_id, service_area=message.service_area,  # type: ignore[arg-type]
        sent_by_membership_id=message.sent_by_membership_id, reader_membership_ids=readers, thread_id=message.thread_id,
    )  # fmt: skip
    tx.emit(event, about=message.id, organisation=message.organisation_id)


def _tell_client(tx: Transaction, message: Message, to: Sequence[str]) -> None:
    """Masked once more: also what was kept before numbers were looked for never leaves as mail (BEY-04)."""
    event = AnswerSent(
        thread_id=message.thread_id, message_id=message.id, organisation_id=message.organisation_id,
        service_area=message.service_area,  # type: ignore[arg-type]
        sent_by_membership_id=message.sent_by_membership_id, to_membership_ids=to, sent_by=message.sent_by,
        subject=sensitive.mask(message.subject), text=sensitive.mask(message.body),
    )  # fmt: skip
    tx.emit(event, about=message.id, organisation=message.organisation_id)
