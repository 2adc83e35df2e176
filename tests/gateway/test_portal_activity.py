"""The audit trail as administrators see it in the portal."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from kontor.access.v1 import access_pb2
from kontor.audit.v1 import audit_pb2 as pb
from kontor.identity.v1 import identity_pb2

from chassis.errors import Denied, Unavailable
from services.__main__ import cli
from services.audit_verify import verify
from services.gateway.pages.administration.acts import ACTS, KINDS
from services.gateway.rest.routes import CONTRACT
from services.gateway.trails import PAGE
from tests.access.rows import ROWS, WRITTEN
from tests.access.test_trail import actions
from tests.gateway.portal import MEMBERSHIP, OWN, words
from tests.gateway.trail import INGRID, JONAS, Chains, told, watched

ACTIVITY, CHECK, FILE = "/administration/activity", "/administration/activity/check", "/administration/activity/file"
# Words of that form in the services' code that are no acts: columns, files, fields, formats.
NO_ACTS = {
    "administrator.email", "identification.system_id", "content.xml", "documents.zip", "exe.fdp", "pdf.exe", "presentationml.presentation",
    "spreadsheetml.sheet", "wordprocessingml.document", "expiry_batches.batch_id",
}  # fmt: skip


def test_every_act_has_a_sentence_and_a_kind() -> None:
    """BEY-09: in five languages, as every text (test_catalogues)."""
    written = {action for service in ROWS for action in actions(service) if not action.endswith(".id")} - NO_ACTS
    assert set(WRITTEN.values()) <= written
    assert sorted(written - ACTS.keys()) == []
    assert sorted(ACTS.keys() - written) == []
    assert sum(len(known) for _, known in KINDS.values()) == len(ACTS)


def test_what_all_services_wrote_is_one_list_newest_first_with_names() -> None:
    """BEY-09: the firm's accesses too; what is newer than the page is shown as it is written."""
    said = words(watched(told()).get(ACTIVITY))
    texts = ("The file of a deleted", "something.new", "Downloaded a document", "Added a user", "Gave the right")
    found = [said.find(text) for text in texts]
    assert -1 not in found
    assert found == sorted(found)
    assert "Downloaded a document Version 2 Jonas Prøvestad Eksempelvik Regnskap AS" in said
    assert "Added a user Read Ingrid Eksempeldal Rita Leser 28 May 2026 22:27" in said
    assert "Gave the right password at attempt 3 Ingrid Eksempeldal 28 May 2026 22:26" in said
    assert "An API key was used from 192.0.2.7 Ingrid Eksempeldal Lønnssystem" in said
    assert "something.new Somebody else with an API key" in said
    assert "removed for good Kontor" in said
    assert (INGRID in said, JONAS in said) == (False, False)


def test_filters_are_the_services_business() -> None:
    """BEY-09: whole days where the organisation is, a person, a kind of act, and a thing; nonsense is left out."""
    asked = watched(told())
    asked.get(f"{ACTIVITY}?kind=keys&person={INGRID}&about={MEMBERSHIP}&since=2026-05-01&until=2026-05-31")
    for service in CONTRACT:
        assert asked.last(f"List{service.title()}Entries") == pb.ListEntriesRequest(
            actions=["api_key.create", "api_key.use", "api_key.revoke", "api_key.refuse"], person=INGRID, subject=MEMBERSHIP,
            since="2026-04-30T22:00:00Z", until="2026-05-31T22:00:00Z", page_size=PAGE + 1,
        )  # fmt: skip
    asked.get(f"{ACTIVITY}?kind=x&person=x&about=x&since=yesterday&until=9999-12-31&page=identity.x-nobody.3")
    assert asked.last("ListIdentityEntries") == pb.ListEntriesRequest(page_size=PAGE + 1)


def test_the_next_page_goes_on_in_each_service_where_this_one_ended() -> None:
    """BEY-09: nothing is shown twice or left out, however the services' entries lie between each other."""
    chains = Chains()
    for minute in range(PAGE):
        chains.write("identity", "session.open", minute=2 * minute)
        chains.write("documents", "folder.create", minute=2 * minute + 1)
    asked = watched(chains)
    body = asked.get(ACTIVITY).get_data(as_text=True)
    (page,) = re.findall(r'activity\?page=([a-z0-9.-]+)"', body)
    assert page == "documents.26-identity.26"
    asked.get(f"{ACTIVITY}?page={page}")
    assert [asked.last(f"List{service}Entries").before for service in ("Documents", "Identity", "Notify")] == [26, 26, 0]


def test_a_service_that_is_down_is_missed_and_the_others_are_shown() -> None:
    """P23."""
    asked = watched(told())
    asked.book.answers["ListDocumentsEntries"] = Unavailable("database_unavailable")
    said = words(asked.get(ACTIVITY))
    assert "some entries are missing here" in said
    assert "Added a user" in said


def test_whoever_has_no_name_is_still_filtered_by() -> None:
    said = words(watched(told()).get(f"{ACTIVITY}?about={OWN}&person={OWN}"))
    assert f"Only about: {OWN}" in said
    assert "All Somebody else Ingrid Eksempeldal" in said
    assert "Nora" not in said


def test_an_empty_page_says_what_to_do() -> None:
    assert "Choose other days" in words(watched(Chains()).get(f"{ACTIVITY}?since=2026-01-01"))


def test_a_chain_that_holds_is_said_to() -> None:
    """P29, BEY-09: counted over all services."""
    said = words(watched(told()).post(CHECK))
    assert "6 entries are as they were written." in said


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (lambda chains: chains.rows["identity"][0].update(subject="forged"), "First wrong entry of identity: number 1"),
        (lambda chains: chains.rows["documents"][1].update(digest=b"\x01" * 32), "First wrong entry of documents: number 2"),
    ],
)
def test_a_changed_entry_is_named(broken: object, named: str) -> None:
    """P29."""
    chains = told()
    broken(chains)  # type: ignore[operator]
    said = words(watched(chains).post(CHECK))
    assert named in said
    assert "Tell whoever runs Kontor" in said


def test_checking_needs_a_fresh_code_asked_for_in_place() -> None:
    """NET-05, BEY-09."""
    asked = watched(told())
    asked.book.answers["ExportIdentityEntries"] = Denied("step_up_needed")
    assert "Confirm that it is you" in words(asked.post(CHECK))
    assert "Confirm that it is you" in words(asked.get(FILE))


def test_the_file_is_what_the_command_checks(tmp_path: Path) -> None:
    """BEY-09, P29: offline; and a byte that is changed in it is found."""
    answer = watched(told()).get(FILE)
    assert re.fullmatch(r'attachment; filename="kontor-audit-20\d\d-\d\d-\d\d.jsonl"', answer.headers["Content-Disposition"])
    (tmp_path / "trail.jsonl").write_bytes(answer.data)
    assert CliRunner().invoke(cli, ["audit", "verify", str(tmp_path / "trail.jsonl")]).exit_code == 0
    assert OWN.encode() in answer.data.splitlines()[0]
    found = verify(answer.data.replace(b"document.download", b"document.preview", 1))
    assert found is not None
    assert found.place == "documents row 1"


def test_only_administrators_have_the_page() -> None:
    """ACC-13."""
    reader = watched(told(), permissions=(access_pb2.PERMISSION_SESSION_USE,))
    assert [reader.get(ACTIVITY).status_code, reader.post(CHECK).status_code, reader.get(FILE).status_code] == [403] * 3
    firm = watched(told(), kind=identity_pb2.ORGANISATION_KIND_FIRM)
    assert "What was done at a client stands in the client's own list." in words(firm.get(ACTIVITY))
