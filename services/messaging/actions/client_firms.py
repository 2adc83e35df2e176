"""Remember which firm works for which client, and in which areas: it decides whose news the client's people read (ACC-66)."""

from collections.abc import Sequence

from kontor.access.v1 import access_pb2
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Transaction
from services.messaging.models import ClientFirm

ALL = (access_pb2.SERVICE_AREA_ACCOUNTING, access_pb2.SERVICE_AREA_PAYROLL, access_pb2.SERVICE_AREA_HR)


def keep_link(tx: Transaction, *, organisation_id: str, firm_id: str, service_areas: Sequence[int], version: int) -> None:
    """Keep what is newest: an event that was overtaken changes nothing."""
    told = insert(ClientFirm).values(organisation_id=organisation_id, firm_id=firm_id, service_areas=list(service_areas), version=version)
    tx.execute(
        told.on_conflict_do_update(
            index_elements=["organisation_id", "firm_id"],
            set_={"service_areas": told.excluded.service_areas, "version": told.excluded.version},
            where=ClientFirm.version < told.excluded.version,
        )
    )
