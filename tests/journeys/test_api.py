"""The main job without the portal: a frontend of one's own over REST, and a back-office system over gRPC with an API key (BEY-15)."""

import hashlib
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest
from kontor.access.v1 import access_pb2
from kontor.documents.v1 import documents_pb2, documents_pb2_grpc
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc

from chassis import clock
from chassis.errors import Denied, Unauthenticated
from demo import data, files
from demo.authenticator import Authenticator
from demo.people import PASSWORD, Person
from tests.journeys.back_office import BackOffice, made
from tests.journeys.rest import Rest
from tests.journeys.stage import BOTH, Company, Stage
from tests.scenario import FIRM
from tests.waiting import eventually

PAYROLL, HR = access_pb2.SERVICE_AREA_PAYROLL, access_pb2.SERVICE_AREA_HR
TODAY = clock.now()
PERIOD = {"period": TODAY.month, "year": TODAY.year}
# What replaces the first version; made once, as a spreadsheet carries the moment of its making.
BETTER = files.payroll("mai", seed=2)


@BOTH
def test_another_frontend_does_the_main_job_over_rest(stage: Stage, request: pytest.FixtureRequest) -> None:
    """ACC-07, ACC-08, ACC-11, ACC-15, ACC-16, ACC-17, ACC-18, ACC-23, ACC-28, ACC-40, ACC-41, ACC-42, ACC-54, ACC-57, ACC-80, ACC-82."""
    company = stage.company(f"rest-{request.node.callspec.id}", language="sv")
    api = Rest(stage.product.url)
    boss = api.as_(stage.world.token(company.administrator))
    member = _adds_a_colleague(boss, company)
    me = api.as_(_first_sign_in(api, stage, company.colleague))
    _accepts_the_terms(me, company)
    _has_no_folder_before_it_is_given(me, boss, company, member)
    document = _uploads(me, company)
    _is_asked_before_a_file_is_replaced(me, company)
    _what_the_scan_stops_is_shared_with_nobody(me, api.as_(stage.world.token(company.payroll)), company)
    _the_firm_reads_and_answers(api, stage, company, document)
    _several_files_come_as_one_zip(me, company)
    _another_month_is_another_file(me, company)
    _folders_and_areas_keep_people_apart(api, stage, company, me)
    _a_tick_taken_away_is_gone_at_once(boss, me, company, member)
    assert me.put("/api/v1/notice-settings", settings={"documents_by_email": True}).ok()["documents_by_email"]
    _removal_ends_access_at_once(boss, me, company, member)
    assert boss.post("/api/v1/session:sign-out").status == 200
    assert boss.get("/api/v1/profile").status == 401


def _adds_a_colleague(boss: Rest, company: Company) -> str:
    who = company.colleague
    added = boss.post("/api/v1/members", email=who.email, first_name=who.first_name, last_name=who.last_name, language=who.language).ok()
    assert added["role"] == "ROLE_WRITE"
    return str(added["membership_id"])


def _first_sign_in(api: Rest, stage: Stage, person: Person) -> str:
    welcome = urlsplit(stage.link(person)).path.rpartition("/")[2]
    assert api.post("/api/v1/links:show", token=welcome).ok()["state"] == "LINK_STATE_OPEN"
    assert api.post("/api/v1/links:verify", token=welcome).ok()["email"] == person.email
    api.post("/api/v1/password-links", email=person.email).ok()
    link = urlsplit(stage.link(person)).path.rpartition("/")[2]
    assert api.post("/api/v1/links:set-password", token=link, password=PASSWORD, password_again=f"{PASSWORD}x").status == 422
    api.post("/api/v1/links:set-password", token=link, password=PASSWORD, password_again=PASSWORD).ok()
    begun = api.post("/api/v1/sign-ins", email=person.email, password=PASSWORD).ok()
    phone = stage.world.phones[person.email] = Authenticator(begun["enrolment"]["key"].replace(" ", ""), used=False)
    api.post("/api/v1/sign-ins:finish", attempt=begun["attempt"], code=phone.code()).ok()
    again = api.post("/api/v1/sign-ins", email=person.email, password=PASSWORD).ok()
    assert not again.get("enrolment")
    return str(api.post("/api/v1/sign-ins:finish", attempt=again["attempt"], code=phone.code()).ok()["session"])


def _accepts_the_terms(me: Rest, company: Company) -> None:
    """NET-36: before that the answer says what to do."""
    refused = me.get(f"/api/v1/organisations/{company.id}/folders")
    assert (refused.status, refused.json["reason"]) == (403, "terms_due")
    version = me.get("/api/v1/profile").ok()["terms_due"]
    assert not me.post("/api/v1/profile:accept-terms", version=version).ok().get("terms_due")


def _has_no_folder_before_it_is_given(me: Rest, boss: Rest, company: Company, member: str) -> None:
    own = f"/api/v1/organisations/{company.id}/folders"
    assert me.get(own).ok().get("folders", []) == []
    boss.put(f"/api/v1/members/{member}/folder-access", folder_ids=[company.folders[PAYROLL]]).ok()
    (folder,) = me.get(own).ok()["folders"]
    assert folder["service_area"] == "SERVICE_AREA_PAYROLL"
    assert me.upload(company.folders[HR], "secret.pdf", files.pdf("HR", []), **PERIOD).status == 404


def _uploads(me: Rest, company: Company) -> dict[str, Any]:
    content = files.payroll("mai")
    begun = me.upload(company.folders[PAYROLL], "Lønn mai.xlsx", content, **PERIOD).ok()
    assert begun["status"] == "STATUS_SCANNING"
    document = _scanned(me, begun["document_id"])
    assert (document["status"], document["version"]) == ("STATUS_PUBLISHED", 1)
    assert document["sha256"] == hashlib.sha256(content).hexdigest()
    return document


def _scanned(api: Rest, document_id: str) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        document: dict[str, Any] = api.get(f"/api/v1/documents/{document_id}").ok()
        return None if document["status"] == "STATUS_SCANNING" else document

    found = eventually(done, seconds=60)
    assert found is not None
    return found


def _is_asked_before_a_file_is_replaced(me: Rest, company: Company) -> None:
    folder = company.folders[PAYROLL]
    (existing,) = me.post(f"/api/v1/folders/{folder}:check-names", names=["Lønn mai.xlsx", "new.csv"], **PERIOD).ok()["existing"]
    assert existing["version"] == 1
    refused = me.upload(folder, "Lønn mai.xlsx", BETTER, **PERIOD)
    assert (refused.status, refused.json["reason"]) == (409, "document_exists")
    me.upload(folder, "Lønn mai.xlsx", BETTER, replace="true", **PERIOD).ok()
    updated = eventually(lambda: [each for each in _listed(me, company) if each["status"] == "STATUS_UPDATED"], seconds=60)
    assert [(each["document_id"], each["version"]) for each in updated] == [(existing["document_id"], 2)]


def _listed(api: Rest, company: Company, **filters: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/api/v1/organisations/{company.id}/documents", **filters).ok().get("documents", [])
    return found


def _what_the_scan_stops_is_shared_with_nobody(me: Rest, consultant: Rest, company: Company) -> None:
    stopped = {
        "virus.txt": (files.test_virus(), "STATUS_QUARANTINE"),
        "packed.zip": (files.zipped(("virus.txt", files.test_virus())), "STATUS_QUARANTINE"),
        "locked.zip": (files.locked_zip(), "STATUS_UNSCANNABLE"),
    }
    for name, (content, status) in stopped.items():
        identifier = me.upload(company.folders[PAYROLL], name, content, **PERIOD).ok()["document_id"]
        assert _scanned(me, identifier)["status"] == status
        refused = me.get(f"/api/v1/documents/{identifier}/file")
        assert (refused.status, refused.json["reason"]) == (409, "not_scanned_clean")
        assert consultant.get(f"/api/v1/documents/{identifier}").status == 404
        assert consultant.get(f"/api/v1/documents/{identifier}/file").status == 404
    assert [each["name"] for each in _listed(consultant, company)] == ["Lønn mai.xlsx"]


def _the_firm_reads_and_answers(api: Rest, stage: Stage, company: Company, document: dict[str, Any]) -> None:
    payroll, hr = (api.as_(stage.world.token(person)) for person in (company.payroll, company.hr))
    notices = eventually(lambda: payroll.get("/api/v1/notices").ok().get("notices"), seconds=60)
    assert document["document_id"] in [notice["subject_id"] for notice in notices]
    got = payroll.get(f"/api/v1/documents/{document['document_id']}/file")
    assert got.content == BETTER
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert hr.get("/api/v1/notices").ok().get("unread", 0) == 0
    assert hr.get(f"/api/v1/documents/{document['document_id']}").status == 404
    assert _listed(hr, company) == []
    begun = payroll.upload(company.folders[PAYROLL], "Payslips.pdf", files.pdf("Payslips", ["May"]), **PERIOD).ok()
    shared = _scanned(payroll, begun["document_id"])
    assert (shared["status"], shared["uploaded_by_firm"]) == ("STATUS_PUBLISHED", True)


def _several_files_come_as_one_zip(me: Rest, company: Company) -> None:
    shared = [each for each in _listed(me, company, years=TODAY.year) if each["status"] in ("STATUS_PUBLISHED", "STATUS_UPDATED")]
    answer = me.get("/api/v1/documents.zip", document_id=[each["document_id"] for each in shared])
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        sums = {hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert sums == {each["sha256"] for each in shared}
    assert len(sums) == 2


def _another_month_is_another_file(me: Rest, company: Company) -> None:
    for elsewhere in ({"period": TODAY.month % 12 + 1, "year": TODAY.year}, {"period": TODAY.month, "year": TODAY.year - 1}):
        begun = me.upload(company.folders[PAYROLL], "Lønn mai.xlsx", BETTER, **elsewhere).ok()
        assert _scanned(me, begun["document_id"])["version"] == 1


def _folders_and_areas_keep_people_apart(api: Rest, stage: Stage, company: Company, me: Rest) -> None:
    boss, payroll, hr = (api.as_(stage.world.token(person)) for person in (company.administrator, company.payroll, company.hr))
    begun = boss.upload(company.folders[HR], "Contract.pdf", files.pdf("Contract", []), **PERIOD).ok()
    path = f"/api/v1/documents/{_scanned(boss, begun['document_id'])['document_id']}"
    assert [each.get(path).status for each in (boss, hr, payroll, me)] == [200, 200, 404, 404]


def _a_tick_taken_away_is_gone_at_once(boss: Rest, me: Rest, company: Company, member: str) -> None:
    boss.put(f"/api/v1/members/{member}/folder-access", folder_ids=[]).ok()
    assert _listed(me, company) == []
    assert me.upload(company.folders[PAYROLL], "late.csv", files.csv(), **PERIOD).status == 404
    boss.put(f"/api/v1/members/{member}/folder-access", folder_ids=[company.folders[PAYROLL]]).ok()
    assert _listed(me, company) != []


def _removal_ends_access_at_once(boss: Rest, me: Rest, company: Company, member: str) -> None:
    boss.delete(f"/api/v1/members/{member}").ok()
    assert me.get(f"/api/v1/organisations/{company.id}/documents").status == 401
    assert me.get("/api/v1/profile").ok().get("memberships", []) == []
    mine = [each for each in _listed(boss, company) if each["name"] == "Lønn mai.xlsx"]
    assert {each["uploaded_by"] for each in mine} == {f"{company.colleague.first_name} {company.colleague.last_name}"}


@pytest.fixture
def back_office(stage: Stage) -> BackOffice:
    """A system of the firm, with a key that its administrator has just made (a fresh sign-in is needed for that)."""
    return BackOffice(stage, made(stage))


@BOTH
def test_a_back_office_system_follows_what_is_published(stage: Stage, back_office: BackOffice, request: pytest.FixtureRequest) -> None:
    """BEY-15, ACC-54: list, upload, download, and a cursor that skips nothing while many upload at once."""
    company = stage.company(f"grpc-{request.node.callspec.id}", language="nb")
    folder, names = company.folders[PAYROLL], [f"Bilag {number:02}.csv" for number in range(20)]
    with stage.world.acting(FIRM) as held:
        _works_for(stage, company, held.current.membership_id)
    followed: list[str] = []
    cursor = ""
    with ThreadPoolExecutor(5) as pool:
        sent = [pool.submit(back_office.upload, folder, name, files.csv(rows=5, seed=at)) for at, name in enumerate(names)]

        def follow() -> bool:
            nonlocal cursor
            page = back_office.changes(company, cursor)
            followed.extend(change.document.document_id for change in page.changes)
            cursor = page.cursor or cursor
            return all(each.done() for each in sent) and {each.result() for each in sent} <= set(followed)

        eventually(follow, seconds=60)
    assert back_office.changes(company, cursor).changes[:] == []
    assert sorted(followed) == sorted(each.result() for each in sent), "each once: nothing was replaced, nobody asked twice"
    _reads_what_it_lists(back_office, company, names)


def _works_for(stage: Stage, company: Company, membership: str) -> None:
    data.assign(stage.world, company.id, membership, ("payroll",))
    stub = documents_pb2_grpc.FoldersStub(stage.world.channel("documents"))
    eventually(lambda: stub.ListFolders(documents_pb2.ListFoldersRequest(organisation_id=company.id)).folders, retry_on=(Denied,))


def _reads_what_it_lists(system: BackOffice, company: Company, names: list[str]) -> None:
    with system.speaking():
        listed = system.documents().ListDocuments(documents_pb2.ListDocumentsRequest(organisation_id=company.id)).documents
        assert sorted(document.name for document in listed) == names
        parts = system.documents().Download(documents_pb2.DownloadRequest(document_id=listed[0].document_id))
        content = b"".join(part.chunk for part in parts)
    assert hashlib.sha256(content).hexdigest() == listed[0].sha256


@BOTH
def test_a_key_that_was_taken_back_opens_nothing(stage: Stage, back_office: BackOffice) -> None:
    """BEY-15: at once, and a plaintext port without a key answers nobody."""
    firm = identity_pb2_grpc.OrganisationsStub(stage.world.channel("identity"))
    with stage.world.acting(FIRM):
        for key in firm.ListApiKeys(identity_pb2.ListApiKeysRequest()).api_keys:
            firm.RevokeApiKey(identity_pb2.RevokeApiKeyRequest(api_key_id=key.api_key_id))
    with pytest.raises(Unauthenticated), back_office.speaking():
        raise AssertionError("the key still opens something")
    with grpc.insecure_channel(stage.product.targets["documents"]) as channel, pytest.raises(grpc.RpcError) as refused:
        documents_pb2_grpc.DocumentsStub(channel).CountDocuments(documents_pb2.CountDocumentsRequest())
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
