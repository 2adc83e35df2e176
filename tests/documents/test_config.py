"""Settings of the documents service: every mistake is named at once, and no secret is shown."""

import pytest

from chassis.config import BadSettings, load
from services.documents.config import Config
from services.documents.scanner import ClamdScanner, MarkerScanner
from services.documents.storage import DirectoryStorage, S3Storage
from tests.documents.conftest import KEY

PREFIX = "KONTOR_DOCUMENTS_"
GOOD = {
    "KONTOR_DOCUMENTS_DATABASE_URL": "postgresql+psycopg://localhost/documents",
    "KONTOR_DOCUMENTS_STORAGE_URL": "file:///var/lib/kontor/files",
    "KONTOR_DOCUMENTS_SEALING_KEYS": KEY,
    "KONTOR_DOCUMENTS_SCANNER": "clamd://clamd:3310",
}


def test_good_settings_give_storage_keys_and_scanner() -> None:
    """Twelve-factor settings."""
    config = load(Config, PREFIX, GOOD)
    assert isinstance(config.storage(), DirectoryStorage)
    assert isinstance(config.open_scanner(), ClamdScanner)
    assert config.keyring().current == "test1"
    assert "test1" not in repr(config)


def test_an_s3_store_and_the_marker_can_be_chosen() -> None:
    """Twelve-factor settings."""
    chosen = {"KONTOR_DOCUMENTS_STORAGE_URL": "s3+http://KEY@s3:8333/files", "KONTOR_DOCUMENTS_SCANNER": "marker"}
    with pytest.raises(BadSettings, match="STORAGE_URL"):
        load(Config, PREFIX, GOOD | chosen)
    config = load(Config, PREFIX, GOOD | chosen | {"KONTOR_DOCUMENTS_STORAGE_SECRET_KEY": "secret"})
    assert isinstance(config.storage(), S3Storage)
    assert isinstance(config.open_scanner(), MarkerScanner)


def test_every_setting_that_cannot_be_used_is_named_and_none_is_shown() -> None:
    """Strict configuration."""
    wrong = {
        "KONTOR_DOCUMENTS_STORAGE_URL": "s3://KEY:verysecret@host/files",
        "KONTOR_DOCUMENTS_SEALING_KEYS": "a:verysecret",
        "KONTOR_DOCUMENTS_SCANNER": "http://clamd",
        "KONTOR_DOCUMENTS_UPLOAD_LIMIT_MB": "0",
    }
    with pytest.raises(BadSettings) as refused:
        load(Config, PREFIX, GOOD | wrong)
    assert all(name in str(refused.value) for name in wrong)
    assert "verysecret" not in str(refused.value)
