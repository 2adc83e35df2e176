"""The documents service, put together."""

from pathlib import Path
from threading import Semaphore

from kontor.documents.v1 import documents_pb2_grpc as rpcs

from chassis.db import Database
from chassis.service import Peers, Rpc, Service, due, on
from services.documents import api
from services.documents.config import Config
from services.documents.handlers import consultant_assigned, document_received, link_created, member_removed, organisation_created
from services.documents.jobs import forget_changes, scan_waiting, sweep_orphans
from services.documents.models import Model
from services.documents.vault import Vault

NAME = "documents"


def build(config: Config, peers: Peers) -> Service:
    """Build the service; nothing is connected yet."""
    database = Database(config.database_url, service=NAME)
    vault = Vault(config.storage(), config.keyring(), limit=config.upload_limit_mb * 1024 * 1024)
    scanner = config.open_scanner()
    scan = due(scan_waiting, database, vault, scanner, Semaphore(config.concurrent_scans), service=NAME)
    return Service(
        name=NAME,
        database=database,
        tables=Model.metadata,
        migrations=Path(__file__).parent / "migrations",
        rpcs=(
            Rpc(api.Folders(database, peers), rpcs.add_FoldersServicer_to_server),
            Rpc(api.Documents(database, vault, months=config.retention_months), rpcs.add_DocumentsServicer_to_server),
            Rpc(api.Changes(database), rpcs.add_ChangesServicer_to_server),
        ),
        handlers=(
            on(organisation_created),
            on(link_created),
            on(consultant_assigned),
            on(member_removed),
            on(document_received, scan=scan),
        ),
        jobs=(scan, due(sweep_orphans, database, vault, service=NAME), due(forget_changes, database, service=NAME)),
        checks=(vault.check, scanner.check),
    )
