"""More clients for one consultant of the demonstration, so that long lists can be seen. They have no documents yet."""

from collections.abc import Iterator
from itertools import count, islice, product

import stdnum.no.orgnr
from kontor.access.v1.access_pb2 import SERVICE_AREA_PAYROLL
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from kontor.linking.v1 import linking_pb2, linking_pb2_grpc

from demo import people
from demo.people import Person
from demo.session import World

CLIENTS = 37
PLACES = ("Prøvelia", "Eksempelnes", "Testbakken", "Prøvestrand", "Eksempelhaug", "Testvika", "Prøvemo", "Eksempelå")
TRADES = ("Rør", "Elektro", "Blomster", "Transport", "Tannklinikk")


def names() -> Iterator[str]:
    """What the companies are called."""
    return islice((f"{place} {trade} AS" for trade, place in product(TRADES, PLACES)), CLIENTS)


def load(world: World, consultant: str) -> None:
    """Make them, as the firm's administrator; the member `consultant` does their payroll."""
    numbers = (str(number) for number in count(899_100_000) if stdnum.no.orgnr.is_valid(str(number)))
    with world.acting(people.FIRM_ADMINISTRATOR):
        for at, (name, number) in enumerate(zip(names(), numbers, strict=False), 1):
            _make(world, name, number, Person(f"post@kunde{at:02}.example", "Kim", "Prøvesen", "nb", ""), consultant)


def _make(world: World, name: str, number: str, administrator: Person, consultant: str) -> None:
    first = identity_pb2.FirstAdministrator(
        email=administrator.email, first_name=administrator.first_name, last_name=administrator.last_name, language=administrator.language
    )
    request = identity_pb2.CreateClientRequest(name=name, organisation_number=number, country="NO", administrator=first)
    client = identity_pb2_grpc.OrganisationsStub(world.channel("identity")).CreateClient(request).organisation_id
    links = linking_pb2_grpc.LinksStub(world.channel("linking"))
    links.CreateLink(linking_pb2.CreateLinkRequest(organisation_id=client))
    links.AssignConsultant(
        linking_pb2.AssignConsultantRequest(organisation_id=client, membership_id=consultant, service_areas=[SERVICE_AREA_PAYROLL])
    )
