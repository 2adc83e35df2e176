"""All of Kontor in one process, its data in one folder: what `make run` starts."""

import base64
import json
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click
import grpc
from joserfc.jwk import OKPKey

from chassis import caller, config, run, telemetry
from chassis.caller import Signer
from chassis.errors import Failure
from demo import data, people
from demo.postgres import Postgres, PostgresError
from demo.session import TookTooLongError, World, caught

Assemble = Callable[[Mapping[str, str]], run.Running]
WITH_DATABASE = ("identity", "documents", "messaging", "linking", "notify")
KEPT = ("files", "mail", "sms", "keys", "demo.json")


@dataclass(frozen=True)
class Laptop:
    """Where the data is, where the portal listens, and whether the demonstration is loaded."""

    folder: Path
    web: str = "127.0.0.1:8080"
    rpc: str = "127.0.0.1:50051"
    admin: str = "127.0.0.1:9090"
    empty: bool = False

    @property
    def accounts(self) -> Path:
        """Present once the demonstration is loaded whole: address to authenticator secret, for /dev/codes."""
        return self.folder / "demo.json"


def run_all(assemble: Assemble, laptop: Laptop) -> None:
    """Start everything, load the demonstration once, and serve until Ctrl-C. Ends the program with 1 when something cannot start."""
    started = time.monotonic()
    laptop = _addresses(laptop)
    if not laptop.empty and not laptop.accounts.exists():
        forget(laptop.folder)
    postgres = None
    try:
        postgres = Postgres(laptop.folder.absolute() / "postgres")
        environ = settings(laptop, postgres.start(WITH_DATABASE))
        running = assemble(environ)
        telemetry.set_up(service="all", log_format=running.process.log_format, log_level=running.process.log_level)
        run.migrate(running.services)
        run.serve(running, started=lambda: _started(laptop, started))
    except (PostgresError, OSError, Failure, TookTooLongError) as why:
        click.echo(f"Kontor cannot start: {why}", err=True)
        sys.exit(1)
    finally:
        if postgres is not None:
            postgres.stop()


def forget(folder: Path) -> None:
    """Throw away the data of the demonstration, and nothing else that is in the folder."""
    Postgres((folder / "postgres").absolute()).forget()
    for name in KEPT:
        held = folder / name
        if held.is_dir():
            shutil.rmtree(held)
        else:
            held.unlink(missing_ok=True)


def settings(laptop: Laptop, databases: Mapping[str, str]) -> dict[str, str]:
    """The environment for all services in one process: what the operator set, and for the rest what suits a laptop."""
    keys = make_keys(laptop.folder / "keys")
    files, mail, sms = (laptop.folder.absolute() / name for name in ("files", "mail", "sms"))
    for each in (files, mail, sms):
        each.mkdir(parents=True, exist_ok=True)
    public_url = f"http://{laptop.web}"
    defaults = {f"KONTOR_{name.upper()}_DATABASE_URL": url for name, url in databases.items()}
    defaults |= {
        "KONTOR_LISTEN": laptop.rpc,
        "KONTOR_ADMIN_LISTEN": laptop.admin,
        "KONTOR_ASSERTION_KEYS": str(keys / "assertion-public.json"),
        "KONTOR_LOG_FORMAT": "text",
        "KONTOR_LOG_LEVEL": "warning",
        "KONTOR_IDENTITY_SIGNING_KEY": str(keys / "identity.json"),
        "KONTOR_IDENTITY_SEALING_KEYS_FILE": str(keys / "identity-sealing.txt"),
        "KONTOR_IDENTITY_PUBLIC_URL": public_url,
        "KONTOR_DOCUMENTS_STORAGE_URL": files.as_uri(),
        "KONTOR_DOCUMENTS_SEALING_KEYS_FILE": str(keys / "sealing.txt"),
        "KONTOR_DOCUMENTS_SCANNER": "marker",
        "KONTOR_NOTIFY_MAIL_URL": mail.as_uri(),
        "KONTOR_NOTIFY_SMS_URL": sms.as_uri(),
        "KONTOR_NOTIFY_PUBLIC_URL": public_url,
        "KONTOR_GATEWAY_LISTEN": laptop.web,
        "KONTOR_GATEWAY_PUBLIC_URL": public_url,
        "KONTOR_GATEWAY_DEV_FOLDER": str(laptop.folder.absolute()),
    }
    return config.environment(defaults)


def make_keys(folder: Path) -> Path:
    """Make what is missing of the installation's keys: identity's signing key, its public half, and what seals files and factors."""
    if not (folder / "sealing.txt").exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        private, public = caller.new_keys("identity")
        (folder / "identity.json").write_text(json.dumps(private.as_dict(private=True)))
        (folder / "assertion-public.json").write_text(json.dumps(public.as_dict(private=False)))
    for name in ("sealing.txt", "identity-sealing.txt"):
        if not (folder / name).exists():
            (folder / name).write_text(f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}")
    for key in folder.iterdir():
        key.chmod(0o600)
    return folder


def _started(laptop: Laptop, began: float) -> None:
    if not laptop.empty and not laptop.accounts.exists():
        click.echo("Loading the demonstration (once, about half a minute)")
        _load(laptop)
    click.echo(f"\nKontor is running at http://{laptop.web} (ready after {time.monotonic() - began:.1f} s; Ctrl-C stops it)\n")
    if laptop.empty:
        return
    click.echo(f"Sign in as one of these, with the password: {people.PASSWORD}")
    for person in people.EVERYBODY:
        click.echo(f"  {person.email:32} {person.first_name} {person.last_name}, {person.part}")
    click.echo(f"\nTheir 6-digit codes   http://{laptop.web}/dev/codes")
    click.echo(f"Mail that was caught  http://{laptop.web}/dev/mailbox")
    click.echo(f"REST API              http://{laptop.web}/api/docs")
    click.echo(f"gRPC                  {laptop.rpc} (plaintext, with reflection)")


def _load(laptop: Laptop) -> None:
    private = OKPKey.import_key(json.loads((laptop.folder / "keys" / "identity.json").read_text()))
    with grpc.insecure_channel(laptop.rpc) as channel:
        world = World(lambda _: channel, caught(laptop.folder / "mail"))
        data.load(world, Signer(private, issuer="identity"), lambda what: click.echo(f"  {what}"))
    laptop.accounts.write_text(json.dumps(world.secrets, indent=1))
    laptop.accounts.chmod(0o600)


def _addresses(laptop: Laptop) -> Laptop:
    """The addresses that will be used: those set in the environment as they are, the others moved where they are taken."""
    said = config.environment()
    return replace(
        laptop,
        web=said.get("KONTOR_GATEWAY_LISTEN") or _free(laptop.web),
        rpc=said.get("KONTOR_LISTEN") or _free(laptop.rpc),
        admin=said.get("KONTOR_ADMIN_LISTEN") or _free(laptop.admin),
    )


def _free(address: str) -> str:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            probe.bind((host, 0))
            click.echo(f"Port {port} is taken; using {probe.getsockname()[1]} instead.")
        return f"{host}:{probe.getsockname()[1]}"
