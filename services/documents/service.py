"""The documents service, put together."""

from functools import partial
from pathlib import Path
from threading import Semaphore

from kontor.documents.v1 import documents_pb2_grpc as rpcs
from kontor.documents.v1 import retention_pb2_grpc
from kontor.documents.v1.previews_pb2_grpc import add_PreviewsServicer_to_server

from chassis.db import Database
from chassis.service import Peers, Rpc, Service, due, on
from services.documents import api
from services.documents.accesses import Accesses
from services.documents.actions.preview import living
from services.documents.config import Config
from services.documents.handlers import (
    consultant_assigned,
    document_received,
    expiry_notice_delivered,
    link_created,
    member_removed,
    organisation_created,
)
from services.documents.jobs import (
    announce_expiry,
    forget_changes,
    lock_held,
    purge_expired,
    remove_deleted,
    scan_waiting,
    sweep_orphans,
)
from services.documents.models import Model
from services.documents.preview.cache import Cache
from services.documents.preview.previews import Previews
from services.documents.preview.process import Renderer
from services.documents.vault import Vault

NAME = "documents"


def build(config: Config, peers: Peers) -> Service:
    """Build the service; nothing is connected yet."""
    database = Database(config.database_url, service=NAME)
    vault = Vault(config.storage(), config.keyring(), limit=config.upload_limit_mb * 1024 * 1024)
    pages = Cache(config.storage(), config.keyring(), living=partial(living, database))
    previews = Previews(vault, pages, _renderer(config), limit=config.preview_limit_mb * 1024 * 1024)
    scanner, accesses = config.open_scanner(), Accesses(database)
    scan = due(scan_waiting, database, vault, scanner, Semaphore(config.concurrent_scans), service=NAME)
    remove = due(remove_deleted, database, vault, pages, service=NAME)
    lock = due(lock_held, database, vault, service=NAME)
    return Service(
        name=NAME,
        database=database,
        tables=Model.metadata,
        migrations=Path(__file__).parent / "migrations",
        rpcs=(
            Rpc(api.Folders(database, peers), rpcs.add_FoldersServicer_to_server),
            Rpc(api.Documents(database, vault, accesses, terms=config.terms()), rpcs.add_DocumentsServicer_to_server),
            Rpc(api.Changes(database), rpcs.add_ChangesServicer_to_server),
            Rpc(api.Previews(database, previews, accesses), add_PreviewsServicer_to_server),
            Rpc(api.Retention(database, remove=remove), retention_pb2_grpc.add_RetentionServicer_to_server),
            Rpc(api.Holds(database, lock=lock), retention_pb2_grpc.add_HoldsServicer_to_server),
        ),
        handlers=(
            on(organisation_created), on(link_created), on(consultant_assigned), on(member_removed), on(document_received, scan=scan),
            on(expiry_notice_delivered),
        ),
        jobs=(
            scan, remove, lock, due(sweep_orphans, database, vault, pages, service=NAME), due(forget_changes, database, service=NAME),
            due(announce_expiry, database, service=NAME), due(purge_expired, database, remove, service=NAME),
        ),
        checks=(vault.check, scanner.check),
    )


def _renderer(config: Config) -> Renderer:
    return Renderer(places=config.concurrent_previews, memory=config.preview_memory_mb * 1024 * 1024, seconds=config.preview_seconds)
