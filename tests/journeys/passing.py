"""Months that pass: what the services do at their end, done here on the running product's databases and files, with the clock moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kontor.documents.v1 import documents_pb2, documents_pb2_grpc, retention_pb2, retention_pb2_grpc

from chassis import clock
from chassis.config import Secret
from chassis.testing import FakePeers, ServiceUnderTest
from demo.people import Person
from services.documents import config as documents_config
from services.documents import service as documents
from services.notify import config as notify_config
from services.notify import service as notify
from tests.journeys.stage import Stage

A_MOMENT = timedelta(minutes=2)


@contextmanager
def on_the_day(day: datetime) -> Iterator[None]:
    """It is this moment."""
    with clock.moved(day - clock.now()):
        yield


def shared(stage: Stage, company: str, person: Person) -> documents_pb2.Document:
    """The only document of a company, with the moment at which its time is over (ACC-45)."""
    with stage.world.acting(person):
        stub = documents_pb2_grpc.DocumentsStub(stage.world.channel("documents"))
        (found,) = stub.ListDocuments(documents_pb2.ListDocumentsRequest(organisation_id=company)).documents
    return found


def end_of(document: documents_pb2.Document) -> datetime:
    """When its time is over."""
    return document.expires_at.ToDatetime(UTC)


def was_told(stage: Stage, person: Person, document: documents_pb2.Document) -> bool:
    """Whether a notice of its deletion is known to have reached somebody."""
    with stage.world.acting(person):
        stub = retention_pb2_grpc.RetentionStub(stage.world.channel("documents"))
        found = stub.GetRetention(retention_pb2.GetRetentionRequest(document_id=document.document_id)).notices
    return any(each.delivered_at.seconds for each in found)


def announced(stage: Stage) -> None:
    """The documents service announces what will be deleted."""
    with _documents(stage) as service:
        service.run_job("announce_expiry")


def deleted(stage: Stage) -> None:
    """The documents service deletes what may go, bytes and all."""
    with _documents(stage) as service:
        service.run_job("purge_expired")
        service.run_job("remove_deleted")


def mailed(stage: Stage) -> None:
    """The notify service sends what is due a little later."""
    config = notify_config.Config(Secret(stage.databases["notify"]), stage.mail_url, stage.product.url)
    with _running(ServiceUnderTest(notify.build(config, FakePeers()))) as service, clock.moved(A_MOMENT):
        service.run_job("send_deliveries")


def stored(stage: Stage) -> list[Path]:
    """The files in the store."""
    return [each for each in _files(stage).rglob("*") if each.is_file()]


def _files(stage: Stage) -> Path:
    return stage.product.keys.parent / "files"


@contextmanager
def _documents(stage: Stage) -> Iterator[ServiceUnderTest]:
    sealing = Secret((stage.product.keys / "sealing.txt").read_text())
    config = documents_config.Config(Secret(stage.databases["documents"]), _files(stage).as_uri(), sealing, scanner="marker")
    with _running(ServiceUnderTest(documents.build(config, FakePeers()))) as service:
        yield service


@contextmanager
def _running(service: ServiceUnderTest) -> Iterator[ServiceUnderTest]:
    try:
        yield service
    finally:
        service.close()
