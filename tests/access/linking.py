"""Who may do what about who works for whom."""

from kontor.linking.v1 import linking_pb2 as l

from tests.access.callers import KEYS
from tests.access.who import CLIENT_MANAGER, HR, PAYROLL, Table

LINKING: Table = {
    "kontor.linking.v1.Links.CreateLink": (frozenset({"firm"}), lambda stage: l.CreateLinkRequest(organisation_id=stage.client)),
    "kontor.linking.v1.Links.UpdateLink": (
        frozenset({"firm"}),
        lambda stage: l.UpdateLinkRequest(organisation_id=stage.client, service_areas=[PAYROLL]),
    ),
    "kontor.linking.v1.Links.ListClients": (frozenset({"payroll", "hr", "firm"}) | CLIENT_MANAGER | KEYS, lambda _: l.ListClientsRequest()),
    "kontor.linking.v1.Links.ListConsultants": (
        frozenset({"administrator", "payroll", "hr", "firm", "key"}) | CLIENT_MANAGER,
        lambda stage: l.ListConsultantsRequest(organisation_id=stage.client),
    ),
    "kontor.linking.v1.Links.AssignConsultant": (
        # What is assigned already (FNK-06). That a member of the client is no consultant, tests/linking proves.
        frozenset({"firm"}) | CLIENT_MANAGER,
        lambda stage: l.AssignConsultantRequest(organisation_id=stage.client, membership_id=stage.consultant, service_areas=[HR]),
    ),
}
