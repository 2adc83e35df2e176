"""The command `kontor`: run the services, all in one process or each on its own, and look after them."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import click

from chassis import config, run, telemetry
from chassis.config import PREFIX, BadSettings, Process
from chassis.errors import Failure
from chassis.language import LANGUAGES
from chassis.service import Service
from services import audit_export, audit_verify, flows, trail

FOLDER = Path(__file__).parent
# Identity first: the others resolve members with it.
NAMES = tuple(sorted((path.parent.name for path in FOLDER.glob("*/config.py")), key=lambda name: (name != "identity", name)))


def prefix(name: str) -> str:
    """How the settings of a service start."""
    return f"{PREFIX}{name.upper()}_"


def assemble(names: Sequence[str], environ: Mapping[str, str], *, parts: frozenset[str] = run.PARTS) -> run.Running:
    """Build the named services with settings from `environ`. Raises BadSettings listing every mistake in any of them."""
    mistakes: list[str] = []
    builds: dict[str, run.Build] = {}
    process = None
    try:
        process = config.load(Process, PREFIX, environ, others=[*map(prefix, NAMES), f"{PREFIX}TEST_"])
    except BadSettings as why:
        mistakes.append(str(why))
    for name in names:
        try:
            settings = config.load(importlib.import_module(f"services.{name}.config").Config, prefix(name), environ)
            builds[name] = partial(trail.readable, partial(importlib.import_module(f"services.{name}.service").build, settings))
        except BadSettings as why:
            mistakes.append(str(why))
    if mistakes or process is None:
        raise BadSettings("\n".join(mistakes))
    return run.assemble(process, builds, parts=parts)


@click.group()
def cli() -> None:
    """Kontor: the client portal of an accounting firm."""
    # Until the settings are known; what logs by default prints the values of local variables with a traceback.
    telemetry.log_as("json", "info")


@cli.command("run")
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--part", "parts", multiple=True, type=click.Choice(sorted(run.PARTS)), help="Only these parts of the services.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("var"), help="Where the data is kept (all services in one process)."
)
@click.option("--web", default="127.0.0.1:8080", help="Where the portal listens (all services in one process).")
@click.option("--empty", is_flag=True, help="No demonstration data (all services in one process).")
def run_services(names: tuple[str, ...], parts: tuple[str, ...], folder: Path, web: str, *, empty: bool) -> None:
    """Run the named services in this process; without names all of them, on a database in var/, with demonstration data."""
    if names:
        _run(names, frozenset(parts) or run.PARTS)
    else:
        from demo.laptop import Laptop, run_all  # here only: a deployed service does not load the demonstration

        run_all(partial(assemble, NAMES), Laptop(folder, web, empty=empty))


@cli.command()
@click.argument("name", type=click.Choice(NAMES))
def relay(name: str) -> None:
    """Carry the events of one service to the broker, in a process of its own."""
    _run([name], frozenset({"relay"}))


@cli.command()
@click.argument("name", type=click.Choice(NAMES))
def worker(name: str) -> None:
    """Handle the events and do the jobs of one service, in a process of its own."""
    _run([name], frozenset({"consumer", "jobs"}))


@cli.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
def migrate(names: tuple[str, ...]) -> None:
    """Bring the databases of these services (all, without names) and the broker's queues to this version."""
    running = _assembled(names or NAMES)
    for service in running.services:
        click.echo(f"{service.name}: ", nl=False)
        run.migrate([service])
        click.echo("up to date" if service.database else "has no database")
    running.declare()


@cli.command()
@click.argument("name")
@click.option("--number", required=True, help="Its organisation number.")
@click.option("--country", required=True, type=click.Choice(["NO", "SE", "FI", "DK"]), help="Where it is registered.")
@click.option("--email", required=True, help="Address of its first administrator.")
@click.option("--first-name", required=True, help="The administrator's first name.")
@click.option("--last-name", required=True, help="The administrator's last name.")
@click.option("--language", default="", type=click.Choice(["", *LANGUAGES]), help="The administrator's language; else the country's.")
def firm(name: str, number: str, country: str, email: str, first_name: str, last_name: str, language: str) -> None:
    """Make the firm NAME and invite its first administrator. Runs where identity runs, with identity's settings."""
    from kontor.identity.v1 import identity_pb2 as pb  # here only: a service loads its own contract

    from services import first_firm

    first = pb.FirstAdministrator(email=email, first_name=first_name, last_name=last_name, language=language)
    request = pb.CreateFirmRequest(name=name, organisation_number=number, country=country, administrator=first)
    running = _assembled(["identity"])
    signing_key = config.load(_config("identity"), prefix("identity"), config.environment()).signing_key
    try:
        made = first_firm.make(running, signing_key, request)
    except Failure as why:
        details = "".join(f"\n  {field}: {what}" for field, what in why.fields.items())
        raise click.ClickException(f"{why.message} ({why.reason}){details}") from why
    finally:
        running.stop()
    click.echo(f"{made.name} is made, as {made.organisation_id}.")
    click.echo(f"{email} gets a welcome mail within a minute, while identity and notify run: its link verifies the")
    click.echo("address; then a password is made in the portal, an authenticator app enrolled, and clients and colleagues are added there.")


@cli.command()
@click.argument("address")
@click.option("--remove", is_flag=True, help="End it: from the next request on the person is no operator.")
def operator(address: str, *, remove: bool) -> None:
    """Make the owner of ADDRESS, an activated account, an operator of the platform. Runs where identity runs, with identity's settings."""
    from services import operators  # here only: no other service loads identity's code

    running = _assembled(["identity"])
    try:
        changed = operators.change(running, address, remove=remove)
    except Failure as why:
        raise click.ClickException(f"{why.message} ({why.reason})") from why
    finally:
        running.stop()
    already = "" if changed else " already: nothing was changed"
    click.echo(f"{address} is {'no' if remove else 'an'} operator{' any more' if remove and changed else ''}{already}.")


@cli.command()
@click.option("--reset", is_flag=True, help="Throw away all data of the demonstration first.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("var"), help="Where the data is kept.")
def demo(folder: Path, *, reset: bool) -> None:
    """Run everything with demonstration data; with --reset from the start again."""
    from demo.laptop import Laptop, forget, run_all

    if reset:
        forget(folder)
    run_all(partial(assemble, NAMES), Laptop(folder))


@cli.group()
def dlq() -> None:
    """Events that could not be handled and were set aside."""


@dlq.command("list")
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
def dlq_list(names: tuple[str, ...]) -> None:
    """List them: service, id, event, error."""
    for service in _with_inbox(names):
        for event_id, kind, error in run.inbox_of(service).parked():
            click.echo(f"{service.name}\t{event_id}\t{kind}\t{error}")


@dlq.command()
@click.argument("name", type=click.Choice(NAMES))
@click.argument("ids", nargs=-1)
def redrive(name: str, ids: tuple[str, ...]) -> None:
    """Handle these parked events of one service again (all, without ids)."""
    (service,) = _with_inbox((name,))
    inbox = run.inbox_of(service)
    outcomes = [(each, inbox.redrive(each)) for each in ids or [row[0] for row in inbox.parked()]]
    for event_id, handled in outcomes:
        click.echo(f"{event_id}: {'handled' if handled else 'parked again'}")
    if not all(handled for _, handled in outcomes):
        sys.exit(1)


@cli.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
@click.argument("organisation", type=click.UUID)
@click.argument("file", type=click.File("wb"))
def export(organisation: UUID, file: BinaryIO) -> None:
    """Write the audit trail of ORGANISATION in all services to FILE. Runs where the databases can be reached."""
    running = _assembled(NAMES)
    try:
        databases = {service.name: service.database for service in running.services if service.database}
        file.writelines(audit_export.export(databases, str(organisation)))
    finally:
        running.stop()


@audit.command()
@click.argument("file", type=click.File("rb"))
@click.option("--earlier", type=click.File("rb"), help="An older export of the same organisation, which FILE must go on from.")
def verify(file: BinaryIO, earlier: BinaryIO | None) -> None:
    """Check the export FILE, without any server; name the first row that was altered, is missing or stands elsewhere, and end with 1."""
    found = audit_verify.verify(file.read(), earlier=earlier.read() if earlier else b"")
    if found:
        click.echo(f"{found.place}: {found.what}", err=True)
        sys.exit(1)
    click.echo("Every row is there, in its place, as it was written.")


@cli.command()
@click.argument("event", required=False)
def flow(event: str | None) -> None:
    """Print what happens after EVENT (e.g. DocumentReceived), or the whole map of events."""
    click.echo(flows.chain(FOLDER, event) if event else flows.document(FOLDER), nl=False)


@cli.command()
def settings() -> None:
    """Print every setting as the table in docs/operations.md."""
    click.echo(settings_table(), nl=False)


def settings_table() -> str:
    """All settings of all services, as Markdown."""
    lines = []
    for title, kind, start in [("every process", Process, PREFIX), *((name, _config(name), prefix(name)) for name in NAMES)]:
        lines += [f"### {title}\n", "| setting | default | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | {default and f'`{default}`'} | {meaning} |" for name, default, meaning in config.describe(kind, start)]
        lines.append("")
    return "\n".join(lines)


def _config(name: str) -> type[Any]:
    kind: type[Any] = importlib.import_module(f"services.{name}.config").Config
    return kind


def _run(names: Sequence[str], parts: frozenset[str]) -> None:
    run.serve(_assembled(names, parts))


def _assembled(names: Sequence[str], parts: frozenset[str] = run.PARTS) -> run.Running:
    running = assemble(names, config.environment(), parts=parts)
    telemetry.set_up(service="-".join(names), log_format=running.process.log_format, log_level=running.process.log_level)
    return running


def _with_inbox(names: Sequence[str]) -> list[Service]:
    return [service for service in _assembled(names or NAMES).services if service.database is not None]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; mistakes in settings are listed and end it with 2."""
    try:
        cli(args=list(arguments) if arguments is not None else None)
    except BadSettings as why:
        click.echo(str(why), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
