"""Say in which areas a member of the firm works for a client."""

from collections.abc import Iterable, Sequence

from kontor.linking.v1.events_pb2 import ConsultantAssigned
from sqlalchemy import Row, Select, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import NotFound
from services.linking import rules
from services.linking.models import Consultant, Link, Member


def assign_consultant(
    tx: Transaction, caller: Caller, *, organisation_id: str, membership_id: str, service_areas: Iterable[int]
) -> Consultant:
    """Exactly these areas from now on; none ends it.

    Raises NotFound for a client of others, for a member who was removed meanwhile, and when there is nothing to end.
    """
    if tx.scalar(select(Link.id).where(Link.firm_id == caller.organisation_id, Link.organisation_id == organisation_id)) is None:
        raise NotFound("client_not_found", "Your firm works for no such client.")
    areas = rules.areas_in_order(service_areas)
    if areas and not _still_there(tx, membership_id):
        raise NotFound("member_not_found", "Your firm has no such member.")
    changed: Consultant | None = tx.scalar(
        _assigned(organisation_id, membership_id, caller.organisation_id, areas) if areas else ended(membership_id, organisation_id)
    )
    if changed is None:
        return _unchanged(tx, organisation_id, membership_id)
    _announce(tx, changed)
    return changed


def working(membership_id: str) -> Select[str, str, list[int]]:
    """For which clients this member works, and in which areas."""
    works = (Consultant.membership_id == membership_id, func.cardinality(Consultant.service_areas) > 0)
    return select(Consultant.organisation_id, Consultant.firm_id, Consultant.service_areas).where(*works)


def take_over(tx: Transaction, held: Row[str, str, list[int]], membership_id: str) -> None:
    """This member works for a client in those areas too, unless removed: beside what was assigned meanwhile, nothing is taken away."""
    if not _still_there(tx, membership_id):
        return
    own = tx.scalar(select(Consultant.service_areas).where(
        Consultant.organisation_id == held.organisation_id, Consultant.membership_id == membership_id
    ))  # fmt: skip
    areas = rules.areas_in_order([*held.service_areas, *(own or ())])
    changed: Consultant | None = tx.scalar(_assigned(held.organisation_id, membership_id, held.firm_id, areas))
    if changed is not None:
        _announce(tx, changed)


def _announce(tx: Transaction, changed: Consultant) -> None:
    event = ConsultantAssigned(
        firm_id=changed.firm_id, organisation_id=changed.organisation_id, membership_id=changed.membership_id,
        service_areas=changed.service_areas,  # type: ignore[arg-type]
    )  # fmt: skip
    tx.emit(event, about=changed.aggregate, version=changed.version, organisation=changed.organisation_id)
    areas = ",".join(map(str, changed.service_areas))
    tx.record("consultant.assign", organisation=changed.organisation_id, subject=changed.membership_id, areas=areas)


def ended(membership_id: str, organisation_id: str | None = None) -> ReturningUpdate[Consultant]:
    """The claim that ends what this member does for the client, or for all clients; answers the rows that had not ended before."""
    statement = update(Consultant).where(Consultant.membership_id == membership_id, func.cardinality(Consultant.service_areas) > 0)
    if organisation_id is not None:
        statement = statement.where(Consultant.organisation_id == organisation_id)
    return statement.values(service_areas=[], version=Consultant.version + 1).returning(Consultant)


def removed(tx: Transaction, membership_id: str) -> None:
    """Remember that this member is gone. Waits for who is just assigning the member, so that what comes after ends that too."""
    gone = insert(Member).values(membership_id=membership_id, removed_at=clock.now())
    tx.execute(gone.on_conflict_do_update(index_elements=["membership_id"], set_={"removed_at": gone.excluded.removed_at}))


def _still_there(tx: Transaction, membership_id: str) -> bool:
    """Whether this member has not been removed; a removal waits until this transaction has ended."""
    held = insert(Member).values(membership_id=membership_id)
    locked = held.on_conflict_do_update(index_elements=["membership_id"], set_={"membership_id": held.excluded.membership_id})
    return tx.scalar(locked.returning(Member.removed_at)) is None


def _assigned(organisation_id: str, membership_id: str, firm_id: str, areas: Sequence[int]) -> ReturningInsert[Consultant]:
    fresh = insert(Consultant).values(
        organisation_id=organisation_id, membership_id=membership_id, firm_id=firm_id, service_areas=areas, since=clock.now(), version=1
    )
    began_again = func.cardinality(Consultant.service_areas) == 0
    return fresh.on_conflict_do_update(
        index_elements=["organisation_id", "membership_id"],
        set_={
            "service_areas": fresh.excluded.service_areas,
            "version": Consultant.version + 1,
            "since": case((began_again, fresh.excluded.since), else_=Consultant.since),
        },
        where=Consultant.service_areas != fresh.excluded.service_areas,
    ).returning(Consultant)


def _unchanged(tx: Transaction, organisation_id: str, membership_id: str) -> Consultant:
    held = tx.get(Consultant, (organisation_id, membership_id))
    if held is None:
        raise NotFound("consultant_not_found", "This member does not work for this client.")
    return held
