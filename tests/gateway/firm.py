"""What the services answer about a firm with one client, in whose payroll nobody works."""

from typing import Any

from kontor.documents.v1 import documents_pb2
from kontor.identity.v1 import identity_pb2
from kontor.linking.v1 import linking_pb2

from tests.gateway.portal import FOLDER, MEMBERSHIP, OTHER, OWN, SECOND


def answers() -> dict[str, Any]:
    """By RPC."""
    client = linking_pb2.Client(organisation_id=OTHER, name="Prøvelund AS", firm_areas=[1, 2], unserved_areas=[2])  # type: ignore[list-item]
    organisation = identity_pb2.Organisation(organisation_id=OTHER, name="Prøvelund AS", organisation_number="899000013", firm_id=OWN)
    folder = documents_pb2.Folder(folder_id=FOLDER, organisation_id=OTHER, name="Lønnsslipper", service_area=2)  # type: ignore[arg-type]
    people = [
        identity_pb2.Member(membership_id=SECOND, first_name="Liv", last_name="Testnes", email="liv@firm.example", activated=True),
        identity_pb2.Member(membership_id=MEMBERSHIP, first_name="Jonas", last_name="Prøvestad", role=4),  # type: ignore[arg-type]
    ]
    consultant = linking_pb2.Consultant(membership_id=SECOND, service_areas=[1, 3])  # type: ignore[list-item]
    return {
        "ListClients": linking_pb2.ListClientsResponse(clients=[client], unserved_clients=1),
        "GetOrganisation": organisation,
        "CreateClient": organisation,
        "CreateLink": linking_pb2.Link(organisation_id=OTHER),
        "ListClientFolders": documents_pb2.ListClientFoldersResponse(folders=[documents_pb2.ClientFolder(folder=folder, members=3)]),
        "ListConsultants": linking_pb2.ListConsultantsResponse(consultants=[consultant]),
        "ListMembers": identity_pb2.ListMembersResponse(members=people, total=2, total_invited=1),
    }
