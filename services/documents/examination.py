"""Examine a stored file: is it what was received, is it what its name says, and does it carry malware?"""

import hashlib
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from chassis import telemetry
from services.documents.inspector import Inspection, inspect
from services.documents.scanner import Scanner
from services.documents.sealing import Tampered
from services.documents.vault import Vault
from services.documents.verdict import CLEAN, quarantined

_IN_MEMORY = 8 * 1024 * 1024
_TAMPERED = Inspection(quarantined("tampered"), "application/octet-stream")


def examine(vault: Vault, scanner: Scanner, version_id: str, *, name: str, sha256: str) -> Inspection:
    """The verdict on the assembled whole, and on nothing else than what was received.

    Our own inspector comes first: the scanner says "clean" to what it did not open. Raises Unavailable if store or scanner do not
    answer, Internal if the bytes cannot be had.
    """
    with SpooledTemporaryFile(_IN_MEMORY) as spooled:
        file = cast(BinaryIO, spooled)
        if not _fetched(vault, version_id, file, sha256=sha256):
            telemetry.log(__name__).error("stored file was changed", version_id=version_id)
            return _TAMPERED
        inspection = inspect(file, name)
        if inspection.verdict != CLEAN:
            return inspection
        return Inspection(scanner.scan(file), inspection.content_type)


def _fetched(vault: Vault, version_id: str, file: BinaryIO, *, sha256: str) -> bool:
    digest = hashlib.sha256()
    try:
        for piece in vault.read(version_id):
            digest.update(piece)
            file.write(piece)
    except Tampered:
        return False
    return digest.hexdigest() == sha256
