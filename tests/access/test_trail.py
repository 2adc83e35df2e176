"""Every RPC that changes something says which row it leaves in the audit trail, and the service's code writes that row."""

import re

import pytest
from google.api import annotations_pb2  # type: ignore[import-untyped]
from google.protobuf import descriptor_pool

from tests.access.rows import NO_ROW, ROWS, WRITTEN, short
from tests.access.test_matrix import every_rpc
from tests.architecture.tree import modules


def changes(rpc: str) -> bool:
    """Whether it may change something: all but what is fetched by GET."""
    service, _, name = rpc.rpartition(".")
    method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    return bool(method.GetOptions().Extensions[annotations_pb2.http].WhichOneof("pattern") != "get")


def actions(service: str) -> set[str]:
    """The words that the service's code writes into the trail."""
    code = "\n".join(path.read_text() for path in modules(f"services/{service}"))
    return set(re.findall(r'"([a-z_]+\.[a-z_]+)"', code))


def test_no_rpc_that_changes_something_is_without_its_row() -> None:
    """P29, BEY-09: a new one fails here until it says what it writes, or why nothing."""
    assert {short(rpc) for rpc in every_rpc() if changes(rpc)} - {*WRITTEN, *NO_ROW} == set()


@pytest.mark.parametrize("service", ROWS)
def test_the_services_code_writes_these_rows(service: str) -> None:
    """P29."""
    there = {short(rpc) for rpc in every_rpc()}
    rows = {action for rpc, action in ROWS[service].items() if f"{service}.{rpc}" in there}
    assert rows - actions(service) == set()
