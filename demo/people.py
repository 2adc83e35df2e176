"""The people and companies of the demonstration. None of them exists; their addresses end in .example."""

from dataclasses import dataclass

PASSWORD = "gran furu bjerk hassel"  # noqa: S105 - shown to everybody who starts the demonstration; it opens nothing else


@dataclass(frozen=True)
class Person:
    """Somebody to sign in as."""

    email: str
    first_name: str
    last_name: str
    language: str
    part: str  # what they may do, for the list that is printed


@dataclass(frozen=True)
class Consultant:
    """Somebody at the firm, with the service areas served at every client."""

    person: Person
    areas: tuple[str, ...]


@dataclass(frozen=True)
class Client:
    """A client company with its administrator and a colleague, who has the folders of these areas."""

    name: str
    number: str
    country: str
    administrator: Person
    colleague: Person
    colleague_areas: tuple[str, ...]


FIRM_NAME, FIRM_NUMBER = "Eksempelvik Regnskap AS", "899000005"
FIRM_ADMINISTRATOR = Person("kari@eksempelvik.example", "Kari", "Prøvestad", "nb", "the firm's administrator")
CONSULTANTS = (
    Consultant(Person("jonas@eksempelvik.example", "Jonas", "Prøvestad", "nb", "consultant, payroll"), ("payroll",)),
    Consultant(Person("liv@eksempelvik.example", "Liv", "Testnes", "nb", "consultant, accounting"), ("accounting",)),
    Consultant(Person("maja@eksempelvik.example", "Maja", "Testnes", "nb", "consultant, HR"), ("hr",)),
)
CLIENTS = (
    Client(
        "Testdal Bakeri AS",
        "899000013",
        "NO",
        Person("ingrid@testdal.example", "Ingrid", "Eksempeldal", "nb", "administrator of Testdal Bakeri"),
        Person("ola@testdal.example", "Ola", "Prøvesen", "nb", "colleague at Testdal Bakeri, payroll only"),
        ("payroll",),
    ),
    Client(
        "Provlunda Trädgård AB",
        "5500000004",
        "SE",
        Person("anna@provlunda.example", "Anna", "Exempelgren", "sv", "administrator of Provlunda Trädgård"),
        Person("nils@provlunda.example", "Nils", "Provberg", "sv", "colleague at Provlunda Trädgård, accounting only"),
        ("accounting",),
    ),
    Client(
        "Esimerkkilä Oy",
        "99900008",
        "FI",
        Person("aino@esimerkkila.example", "Aino", "Esimerkkinen", "fi", "administrator of Esimerkkilä"),
        Person("eero@esimerkkila.example", "Eero", "Mallinen", "fi", "colleague at Esimerkkilä, HR only"),
        ("hr",),
    ),
)
FOLDERS = {
    "NO": ("Bank", "Lønnsslipper", "Kontrakter"),
    "SE": ("Bank", "Lönebesked", "Avtal"),
    "FI": ("Pankki", "Palkkalaskelmat", "Sopimukset"),
}
AREAS = ("accounting", "payroll", "hr")
EVERYBODY = (
    FIRM_ADMINISTRATOR,
    *(each.person for each in CONSULTANTS),
    *(person for each in CLIENTS for person in (each.administrator, each.colleague)),
)
