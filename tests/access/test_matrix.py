"""Every RPC of every service against every kind of caller: nobody gets further than the table says."""

import importlib
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from sqlalchemy import text

from chassis.db import Database
from chassis.errors import Denied, Failure, Internal, NotFound, Unauthenticated
from demo.people import Person
from demo.session import World
from tests.access.callers import CALLERS, PEOPLE, READER, Stage, set_up
from tests.access.rows import ROWS, WRITTEN, short
from tests.access.table import TABLE
from tests.architecture.tree import ROOT
from tests.fleet import Product, together
from tests.journeys.rest import Rest

PROTOS = [path.relative_to(ROOT / "proto").with_suffix("") for path in sorted((ROOT / "proto").glob("kontor/*/v1/*.proto"))]
# Whoever is let in is out: nobody of the others could be asked after it.
ENDING = ("kontor.identity.v1.Sessions.SignOut", "kontor.identity.v1.Devices.SignOutEverywhere")
# What is asked for here is so already, or about nothing that there is, so that nobody else's place changes; and where the row is shown.
NOTHING_CHANGES = {
    "documents.Folders.SetFolderAccess": "the reader has the folder: tests/documents/test_scanning.py",
    "documents.Folders.SetFolderMembers": "the same row: tests/documents/test_scanning.py",
    "identity.Administration.RemoveMemberships": "of nobody; the same row as one removal: tests/identity/test_members.py",
    "identity.Organisations.ChangeRole": "the reader reads: tests/identity/test_members.py",
    "identity.Sessions.EndSessions": "of nobody: tests/identity/test_audit.py",
    "identity.WebSignIns.ClaimWebSignIn": "nobody has confirmed it: tests/identity/test_web_sign_ins.py",
    "linking.Links.AssignConsultant": "the consultant does HR: tests/linking/test_linking.py",
    "linking.Links.CreateLink": "the client is linked: tests/linking/test_linking.py",
    "messaging.Threads.AssignThread": "to nobody, as it is: tests/messaging/test_thread_lists.py",
    "notify.Notices.MarkRead": "of nobody: tests/notify/test_notices.py",
}
ADMINISTRATOR = {"email": "boss@matrix.example", "first_name": "M", "last_name": "Atrix"}
# An answer that is empty is a refusal for RPCs that leave out what one may not see.
CONTENT = (
    "documents", "folders", "messages", "counts", "changes", "consultants", "clients", "tombstones",
    "threads", "enquiry_types", "recipients", "names",
)  # fmt: skip


def every_rpc() -> list[str]:
    """Full names of all RPCs, from the compiled contract."""
    files = [importlib.import_module(f"{'.'.join(proto.parts)}_pb2").DESCRIPTOR for proto in PROTOS]
    services = [service for file in files for service in file.services_by_name.values()]
    return sorted(f"{service.full_name}.{method.name}" for service in services for method in service.methods)


EVERY_RPC = every_rpc()  # which also knows every message of the contract, for whichever test comes first


@pytest.fixture(scope="module")
def trails(new_database: Callable[[str], str]) -> Iterator[dict[str, Database]]:
    """The databases of the services, each with its audit trail."""
    held = {name: Database(new_database(name), service=name) for name in ROWS}
    yield held
    for database in held.values():
        database.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, trails: dict[str, Database]) -> Iterator[Stage]:
    """The product with everybody in it."""
    there = {f"KONTOR_{name.upper()}_DATABASE_URL": database.url for name, database in trails.items()}
    product: Product = together(tmp_path_factory.mktemp("matrix"), environ=there)
    with product.world() as world:
        yield set_up(product, world, trails["identity"])
    product.stop()


def test_the_table_names_every_rpc() -> None:
    """P10: no RPC is outside the matrix, and the matrix names none that does not exist."""
    assert sorted(TABLE) == EVERY_RPC


@pytest.mark.xdist_group("matrix")
@pytest.mark.parametrize("rpc", sorted(set(TABLE) - set(ENDING)))
def test_rpc_lets_in_exactly_whom_the_table_says_and_what_it_does_is_on_record(
    stage: Stage, trails: dict[str, Database], rpc: str
) -> None:
    """P10, P29, ACC-03, ACC-04, ACC-12, ACC-13, FNK-16: anonymous, other organisation and folder, all roles, the operator."""
    allowed, request = TABLE[rpc]
    service, action = rpc.split(".")[1], WRITTEN.get(short(rpc), "")
    let_in, done, before = set(), False, _written(trails[service], action)
    for who in CALLERS:
        with stage.acting(who):
            outcome = _call(stage.world, rpc, request(stage))
        if _let_in(outcome, rpc):
            let_in.add(who)
        done |= not isinstance(outcome, Failure)
    assert let_in == allowed
    if action and done and short(rpc) not in NOTHING_CHANGES:
        assert _written(trails[service], action) > before


@pytest.mark.xdist_group("matrix")
def test_over_rest_the_operator_alone_helps_the_invited_and_makes_firms(stage: Stage) -> None:
    """NET-17, NET-26, ACC-06, P10: others are told that they may not, and nothing of whether there is such a person."""
    invite = f"/api/v1/invitees/{stage.member}:invite-again"
    firm = {"name": "Matrix AS", "organisation_number": "123456789", "country": "NO", "administrator": ADMINISTRATOR}
    rest = Rest(stage.url)
    for who in sorted(PEOPLE):
        asked = rest.as_(stage.world.token(cast(Person, CALLERS[who])))
        answers = [
            asked.post("/api/v1/invitees:find", email=READER.email), asked.post("/api/v1/invitees:find", email="nobody@matrix.example"),
            asked.post(invite, identity_checked=False), asked.post("/api/v1/firms", **firm),
        ]  # fmt: skip
        # The operator's own are stopped further on: by the tick that is missing, and by a number that is none.
        assert [each.status for each in answers] == ([200, 200, 422, 422] if who == "operator" else [403] * 4), who
        assert who == "operator" or {each.json["reason"] for each in answers} == {"not_permitted"}


def _written(trail: Database, action: str) -> int:
    return int(trail.read(text("select count(*) from audit where action = :action"), {"action": action})[0][0])


@pytest.mark.xdist_group("matrix")
@pytest.mark.parametrize("rpc", ENDING)
def test_signing_out_needs_a_session(stage: Stage, rpc: str) -> None:
    """P10, ACC-28, NET-41: nobody can end a session without being in one."""
    allowed, request = TABLE[rpc]
    outcome = _call(stage.world, rpc, request(stage))
    assert isinstance(outcome, Unauthenticated)
    assert "anonymous" not in allowed


def _call(world: World, rpc: str, request: Any) -> Message | list[Message] | Failure:
    service, _, name = rpc.rpartition(".")
    method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    channel = world.channel(service.split(".")[1])
    kind = "stream_unary" if method.client_streaming else "unary_stream" if method.server_streaming else "unary_unary"
    reply = message_factory.GetMessageClass(method.output_type)
    call = getattr(channel, kind)(
        f"/{service}/{name}", request_serializer=lambda each: each.SerializeToString(), response_deserializer=reply.FromString
    )
    try:
        answer = call(request)
        return list(answer) if kind == "unary_stream" else answer
    except Failure as failure:
        return failure


def _let_in(outcome: Message | list[Message] | Failure, rpc: str) -> bool:
    assert not isinstance(outcome, Internal), f"{rpc} broke: {outcome.facts}"
    if isinstance(outcome, Unauthenticated) and rpc.startswith(
        tuple(f"kontor.identity.v1.{name}" for name in ("Si", "Sessions", "Account", "Passkeys", "Devices"))
    ):
        # Wrong credentials, code, token or password: past the guard, stopped by the missing secret.
        return outcome.reason != "sign_in_needed"
    if isinstance(outcome, NotFound) and rpc.startswith(("kontor.identity.v1.SignIn", "kontor.identity.v1.Sessions")):
        return True
    if isinstance(outcome, (Denied, NotFound, Unauthenticated)):
        return False
    if isinstance(outcome, (Failure, list)):
        return True
    lists = [field.name for field in outcome.DESCRIPTOR.fields if field.is_repeated]
    held = [getattr(outcome, name) for name in CONTENT if name in lists]
    return not held or any(len(each) for each in held)
