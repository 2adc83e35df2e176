"""Every event goes somewhere: what is emitted is handled, or is a hint that only open pages care about."""

import re
from pathlib import Path

from google.protobuf import descriptor_pool
from kontor.documents.v1 import events_pb2 as documents
from kontor.events.v1 import envelope_pb2
from kontor.identity.v1 import events_pb2 as identity
from kontor.linking.v1 import events_pb2 as linking
from kontor.messaging.v1 import events_pb2 as messaging
from kontor.notify.v1 import events_pb2 as notify

from services import flows

SERVICES = Path(flows.__file__).parent
DECLARED = {
    descriptor
    for module in (documents, identity, linking, messaging, notify)
    for descriptor in descriptor_pool.Default().FindFileByName(module.DESCRIPTOR.name).message_types_by_name.values()
}


def test_every_declared_event_is_emitted_and_handled_or_a_hint() -> None:
    """An event nobody handles would wait in its outbox for ever; a declared one nobody emits is dead."""
    table = [line.split("|") for line in flows.document(SERVICES).splitlines() if re.match(r"\| [A-Z]\w+ \|", line)]
    emitted = {cells[1].strip() for cells in table if cells[2].strip()}
    handled = {cells[1].strip() for cells in table if "handlers/" in cells[3]}
    hints = {event.name for event in DECLARED if event.GetOptions().Extensions[envelope_pb2.hint]}
    assert emitted == {event.name for event in DECLARED}
    assert emitted - handled == hints
