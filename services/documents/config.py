"""Settings of the documents service."""

from dataclasses import dataclass

from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_HR, SERVICE_AREA_PAYROLL

from chassis.config import BadSettings, Secret
from services.documents.rules import Terms
from services.documents.scanner import Scanner, open_scanner
from services.documents.sealing import Keyring
from services.documents.storage import Storage, open_storage

_PREFIX = "KONTOR_DOCUMENTS_"
_AREAS: dict[str, int] = {"accounting": SERVICE_AREA_ACCOUNTING, "payroll": SERVICE_AREA_PAYROLL, "hr": SERVICE_AREA_HR}
_LONGEST = 1200


@dataclass(frozen=True)
class Config:
    """Where files lie, how they are sealed and scanned, and the limits."""

    database_url: Secret  # PostgreSQL, as postgresql+psycopg://user:password@host/database
    storage_url: str  # file:///directory, s3://ACCESSKEY@host/bucket?region=… or s3+http://ACCESSKEY@host:port/bucket
    sealing_keys: Secret  # keys that seal files, as name:base64 of 32 random bytes, the current one first, older ones after commas
    scanner: str  # clamd://host:port, or marker: only the EICAR test file is found, for trying Kontor
    storage_secret_key: Secret = Secret("")  # the secret that belongs to ACCESSKEY
    upload_limit_mb: int = 100  # largest file accepted
    scanner_limit_mb: int = 100  # StreamMaxLength of clamd; a larger file becomes unscannable
    scanner_seconds: int = 120  # how long clamd may take for a file
    concurrent_scans: int = 1  # files scanned at once in a process; each may need a processor of its own
    preview_limit_mb: int = 50  # largest file that is previewed
    preview_memory_mb: int = 512  # address space of the process that renders a page of a preview
    preview_seconds: int = 5  # processor time of that process
    concurrent_previews: int = 2  # such processes at once
    retention_months: int = 6  # how long a document is kept after its upload (ACC-45)
    retention_months_by_area: str = ""  # where that is otherwise: accounting=60,payroll=6

    def __post_init__(self) -> None:
        """Raises BadSettings for what has the right type and still cannot be used."""
        mistakes = []
        for name, read in (
            ("SEALING_KEYS", self.keyring), ("STORAGE_URL", self.storage), ("SCANNER", self.open_scanner),
            ("RETENTION_MONTHS_BY_AREA", self.terms),
        ):  # fmt: skip
            try:
                read()
            except ValueError as why:
                mistakes.append(f"{_PREFIX}{name}: {why}")
        counts: tuple[str, ...] = ("upload_limit_mb", "scanner_limit_mb", "scanner_seconds", "concurrent_scans", "retention_months")
        counts += ("preview_limit_mb", "preview_memory_mb", "preview_seconds", "concurrent_previews")
        mistakes += [f"{_PREFIX}{name.upper()}: must be at least 1" for name in counts if getattr(self, name) < 1]
        if mistakes:
            raise BadSettings("\n".join(mistakes))

    def keyring(self) -> Keyring:
        """The keys that seal files."""
        return Keyring.from_setting(self.sealing_keys)

    def storage(self) -> Storage:
        """Where files lie."""
        return open_storage(self.storage_url, secret_key=self.storage_secret_key)

    def terms(self) -> Terms:
        """How long documents are kept. Raises ValueError for an area that does not exist or months that are none."""
        by_area: dict[int, int] = {}
        for entry in filter(None, map(str.strip, self.retention_months_by_area.split(","))):
            name, _, months = map(str.strip, entry.partition("="))
            if name not in _AREAS or not months.isdecimal() or not 1 <= int(months) <= _LONGEST:
                raise ValueError(f"write area=months, separated by commas; areas are {', '.join(_AREAS)}, months 1 to {_LONGEST}")
            by_area[_AREAS[name]] = int(months)
        return Terms(self.retention_months, by_area)

    def open_scanner(self) -> Scanner:
        """Who looks for malware."""
        return open_scanner(self.scanner, timeout=self.scanner_seconds, max_bytes=self.scanner_limit_mb * 1024 * 1024)
