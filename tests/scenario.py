"""The beginning of most stories: a firm, its consultants for payroll and HR, and a client company with three folders."""

from dataclasses import dataclass, field

from kontor.identity.v1 import identity_pb2

from demo import data, people
from demo.people import Person
from demo.session import World
from tests.fleet import Product

PAYROLL, _, HR = (each.person for each in people.CONSULTANTS)
FIRM = people.FIRM_ADMINISTRATOR
CLIENT = people.CLIENTS[0]


@dataclass
class Scenario:
    """Who is there. Everybody named here has signed in once; their authenticator secrets are in `world.secrets`."""

    world: World
    client: str  # organisation id
    folders: dict[int, str] = field(default_factory=dict)  # service area to folder id
    memberships: dict[str, str] = field(default_factory=dict)  # e-mail address to membership id


def begin(product: Product, world: World) -> Scenario:
    """Make it, through the public contract; the client's administrator has all folders."""
    data.make_firm(world, product.operator)
    world.activate(FIRM)
    with world.acting(FIRM):
        consultants = {person: data.add_member(world, person, identity_pb2.ROLE_CONSULTANT) for person in (PAYROLL, HR)}
        client = data.make_client(world, CLIENT)
        data.assign(world, client, consultants[PAYROLL], ("payroll",))
        data.assign(world, client, consultants[HR], ("hr",))
    people_: tuple[Person, ...] = (PAYROLL, HR, CLIENT.administrator)
    for person in people_:
        world.activate(person)
    scenario = Scenario(world, client, memberships={person.email: member for person, member in consultants.items()})
    with world.acting(CLIENT.administrator) as held:
        scenario.memberships[CLIENT.administrator.email] = held.current.membership_id
        scenario.folders = data.grant(world, held.current.membership_id, people.AREAS)
    return scenario
