"""Settings are strict: everything wrong is said at once, nothing misspelt is ignored, no secret is shown."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from chassis import config
from chassis.config import BadSettings, Process, Secret, describe, load, peer_targets


@dataclass(frozen=True)
class Config:
    """Settings of a service."""

    database_url: Secret  # PostgreSQL
    folder: Path  # where things are
    limit: int = 5  # how many
    strict: bool = True  # whether to be
    names: tuple[str, ...] = ("a", "b")  # who; comma between
    title: str = "Kontor"  # what it is called
    key: Path | None = None  # PEM


def read(**given: str) -> Config:
    return load(Config, "KONTOR_X_", {f"KONTOR_X_{name.upper()}": value for name, value in given.items()})


def test_each_type_is_read() -> None:
    settings = read(database_url="postgresql://x", folder="/tmp/f", limit="7", strict="false", names="c, d,", title="T", key="k.pem")
    assert settings == Config(Secret("postgresql://x"), Path("/tmp/f"), 7, False, ("c", "d"), "T", Path("k.pem"))
    assert read(database_url="x", folder="f") == Config(Secret("x"), Path("f"))


def test_every_mistake_is_reported_at_once() -> None:
    with pytest.raises(BadSettings) as raised:
        read(limit="many", strict="yes", foldr="misspelt")
    lines = str(raised.value).splitlines()[1:]
    assert [line.split()[0].rstrip(":") for line in lines] == [
        "KONTOR_X_DATABASE_URL", "KONTOR_X_FOLDER", "KONTOR_X_FOLDR", "KONTOR_X_LIMIT", "KONTOR_X_STRICT",
    ]  # fmt: skip


def test_settings_of_others_are_theirs_and_unknown_ones_nobodys() -> None:
    environ = {"KONTOR_DOCUMENTS_STORAGE_URL": "x", "HOME": "/"}
    assert load(Process, "KONTOR_", environ, others=["KONTOR_DOCUMENTS_"]) == Process()
    with pytest.raises(BadSettings, match="KONTOR_DOCUMENTS_STORAGE_URL is not a setting"):
        load(Process, "KONTOR_", environ)


def test_a_secret_may_be_in_a_file_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://hidden\n")
    settings = read(database_url_file=str(tmp_path / "url"), folder="f")
    assert settings.database_url == "postgresql://hidden"
    assert "hidden" not in repr(settings)


def test_a_file_that_is_not_there_or_given_twice_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="KONTOR_X_DATABASE_URL: FileNotFoundError"):
        read(database_url_file=str(tmp_path / "none"), folder="f")
    with pytest.raises(BadSettings, match="not both"):
        read(database_url_file=str(tmp_path / "none"), database_url="x", folder="f")


def test_settings_that_cannot_work_together_are_reported() -> None:
    environ = {"KONTOR_TLS_KEY": "key.pem", "KONTOR_PEERS": "identity=dns:///identity:50051,notify", "KONTOR_LOG_LEVEL": "loud"}
    with pytest.raises(BadSettings) as raised:
        load(Process, "KONTOR_", environ)
    assert len(str(raised.value).splitlines()) == 4


def test_peers_are_found_by_name() -> None:
    process = load(Process, "KONTOR_", {"KONTOR_PEERS": "identity=dns:///identity:50051, notify=localhost:1"})
    assert peer_targets(process) == {"identity": "dns:///identity:50051", "notify": "localhost:1"}


def test_the_documentation_is_made_of_the_comments() -> None:
    rows = describe(Config, "KONTOR_X_")
    assert rows[0] == ("KONTOR_X_DATABASE_URL", "required", "PostgreSQL")
    assert rows[3:5] == [("KONTOR_X_STRICT", "true", "whether to be"), ("KONTOR_X_NAMES", "a,b", "who; comma between")]
    assert all(meaning for _, _, meaning in describe(Process, "KONTOR_"))


def test_defaults_give_way_to_what_the_operator_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONTOR_X_TITLE_FILE", "said")
    merged = config.environment({"KONTOR_X_TITLE": "default", "KONTOR_X_LIMIT": "9"})
    assert (merged.get("KONTOR_X_TITLE"), merged["KONTOR_X_LIMIT"]) == (None, "9")
