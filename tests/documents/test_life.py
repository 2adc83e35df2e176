"""Whatever people do to documents, in whatever order, everybody sees what a simple model says, and no content gets lost."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import documents_pb2 as pb

from chassis import clock
from chassis.caller import Caller
from chassis.errors import Failure
from tests.documents import corpus, endings
from tests.documents.life import Model, Place, Sent
from tests.documents.portal import Portal, new_id

# Few places, so that documents meet.
FOLDERS, NAMES, PERIODS = ("bank", "payroll"), ("a.txt", "b.txt"), (1,)
AREAS = {"bank": SERVICE_AREA_ACCOUNTING, "payroll": SERVICE_AREA_PAYROLL}
PEOPLE = ("member", "other", "consultant")
places = st.tuples(st.sampled_from(FOLDERS), st.sampled_from(NAMES), st.sampled_from(PERIODS))
# Most is done by the one who may do it.
people = st.sampled_from(("member", "member", "member", "other", "consultant"))


class Life(RuleBasedStateMachine):
    """A client with two folders, two members and a consultant."""

    def __init__(self, portal: Portal) -> None:
        super().__init__()
        self.portal, self.model = portal, Model()
        self.company = portal.company()
        self.ids = {name: portal.folder(self.company, name, area) for name, area in AREAS.items()}
        self.folders = {folder_id: name for name, folder_id in self.ids.items()}
        self.callers: dict[str, Caller] = {
            "member": portal.member(self.company, *self.ids.values()),
            "other": portal.member(self.company, self.ids["bank"]),
            "consultant": portal.consultant(self.company, SERVICE_AREA_PAYROLL),
        }
        self.usable = {"member": set(FOLDERS), "other": {"bank"}, "consultant": {"payroll"}}
        self.assignments = 1
        self.keeper, self.deleter = endings.keeper(portal), endings.consultant(portal, self.company, *AREAS.values())

    @initialize()
    def begin(self) -> None:
        """Two documents, one of them in its second version."""
        for place in (("bank", "a.txt", 1), ("bank", "a.txt", 1), ("payroll", "b.txt", 1)):
            self.upload("member", place, bad=False, overwrite=True)
            self.scan()

    @rule(who=people, place=places, bad=st.sampled_from([False, False, True]), overwrite=st.booleans())
    def upload(self, who: str, place: Place, bad: bool, overwrite: bool) -> None:
        """A file is sent; the same name, period and folder needs a decision."""
        content = corpus.MARKER if bad else new_id().encode()
        folder, name, period = place
        expected = ""
        if folder not in self.usable[who]:
            expected = "folder_not_found"
        elif self.model.taken(place) and not overwrite:
            expected = "document_exists"
        document_id, refused = "", ""
        try:
            document_id = self.portal.upload(
                self.callers[who], self.ids[folder], name, content, period=period, overwrite=overwrite
            ).document_id
        except Failure as why:
            refused = why.reason
        assert refused == expected
        if not refused:
            self.model.waiting.append(Sent(document_id, place, content, self.side(who), bad))

    @rule()
    @precondition(lambda self: self.model.waiting)
    def scan(self) -> None:
        """What waits is settled."""
        self.portal.scan()
        self.model.scan()

    @rule(who=people, place=places, overwrite=st.booleans(), data=st.data())
    @precondition(lambda self: self.model.shared)
    def edit(self, who: str, place: Place, overwrite: bool, data: st.DataObject) -> None:
        """A document gets another name, folder or period."""
        document_id = data.draw(st.sampled_from(sorted(self.model.shared)))
        if self.model.shared[document_id].place[0] not in self.usable[who]:
            expected = "document_not_found"
        elif place[0] not in self.usable[who]:
            expected = "folder_not_found"
        else:
            expected = self.model.move(document_id, place, replace=overwrite)
        assert self.outcome(who, document_id, place, overwrite=overwrite) == expected

    @rule(data=st.data())
    @precondition(lambda self: len(self.model.shared) > 1)
    def put_on_top(self, data: st.DataObject) -> None:
        """A document goes where another one is, and both become one."""
        document_id, other = data.draw(st.permutations(sorted(self.model.shared)))[:2]
        place = self.model.shared[other].place
        assert self.outcome("member", document_id, place, overwrite=True) == self.model.move(document_id, place, replace=True) == ""

    @rule(who=people, place=places, data=st.data())
    @precondition(lambda self: self.model.failed or self.model.waiting)
    def edit_what_is_not_shared(self, who: str, place: Place, data: st.DataObject) -> None:
        """Nobody changes what waits or has failed; to others it is not there."""
        sent = data.draw(st.sampled_from([*self.model.failed, *self.model.waiting]))
        seen = sent.side == self.side(who) and sent.place[0] in self.usable[who]
        expected = "document_not_shared" if seen else "document_not_found"
        assert self.outcome(who, sent.document_id, place, overwrite=True) == expected

    @rule(folders=st.sets(st.sampled_from(FOLDERS)))
    def tick(self, folders: set[str]) -> None:
        """The other member's folders change."""
        self.portal.allow(self.company, self.callers["other"], *(self.ids[each] for each in sorted(folders)))
        self.usable["other"] = folders

    @rule(folders=st.sets(st.sampled_from(FOLDERS)))
    def assign(self, folders: set[str]) -> None:
        """The consultant's areas change."""
        self.assignments += 1
        areas = [AREAS[each] for each in sorted(folders)]
        self.portal.assign(self.company, self.callers["consultant"], *areas, version=self.assignments)
        self.usable["consultant"] = folders

    @rule(data=st.data())
    @precondition(lambda self: self.model.shared)
    def hold(self, data: st.DataObject) -> None:
        """A document is put on hold, by itself or under an id that led to it."""
        leading = [name for name, leads in self.model.became.items() if leads in self.model.shared]
        document_id = data.draw(st.sampled_from(sorted([*self.model.shared, *leading])))
        (held,) = endings.hold(self.portal, self.keeper, self.company, document_id)
        self.model.holds[held.hold_id] = document_id

    @rule(data=st.data())
    @precondition(lambda self: self.model.holds)
    def release(self, data: st.DataObject) -> None:
        """A hold ends."""
        hold_id = data.draw(st.sampled_from(sorted(self.model.holds)))
        endings.release(self.portal, self.keeper, self.company, hold_id)
        del self.model.holds[hold_id]

    @rule(data=st.data())
    @precondition(lambda self: self.model.shared)
    def delete(self, data: st.DataObject) -> None:
        """The firm deletes a document."""
        document_id = data.draw(st.sampled_from(sorted(self.model.shared)))
        refused = ""
        try:
            stones = endings.delete(self.portal, self.deleter, document_id)
            assert len(stones) == len(self.model.shared[document_id].versions)
        except Failure as why:
            refused = why.reason
        assert refused == self.model.delete(document_id)

    @rule()
    def half_a_year_passes(self) -> None:
        """For what there is now: somebody is told of it, and it goes unless something holds it."""
        with clock.moved(timedelta(days=160)):
            for announcement in endings.announced(self.portal):
                endings.delivered(self.portal, announcement, self.callers["member"])
        with clock.moved(timedelta(days=190)):
            endings.purge(self.portal)
        self.model.expire()

    @invariant()
    def what_is_gone_is_gone(self) -> None:
        """ACC-44, ACC-45: under every id."""
        for name in self.model.gone:
            assert self.portal.refusal(self.callers["member"], name) == "document_not_found"

    @invariant()
    def everybody_sees_what_is_theirs(self) -> None:
        """ACC-03, ACC-58, ACC-59: what is shared in their folders, and what their side has sent there."""
        for who in PEOPLE:
            shared = {
                each: (kept.place, self.status(len(kept.versions)), len(kept.versions))
                for each, kept in self.model.shared.items() if kept.place[0] in self.usable[who]
            }  # fmt: skip
            states = ((self.model.waiting, pb.STATUS_SCANNING), (self.model.failed, pb.STATUS_QUARANTINE))
            own = {
                sent.document_id: (sent.place, status, 1)
                for some, status in states for sent in some if sent.side == self.side(who) and sent.place[0] in self.usable[who]
            }  # fmt: skip
            listed = self.portal.listed(self.callers[who], self.company)
            assert {each.document_id: (self.place(each), each.status, each.version) for each in listed} == shared | own

    @invariant()
    def no_version_is_lost(self) -> None:
        """ACC-42: each is downloaded as it was sent."""
        for document_id, kept in self.model.shared.items():
            for number, content in enumerate(kept.versions, start=1):
                request = pb.DownloadRequest(document_id=document_id, version=number)
                parts = self.portal.documents(self.callers["member"]).Download(request)
                assert b"".join(part.chunk for part in parts) == content

    @invariant()
    def leads_on(self) -> None:
        """ACC-42: the id of an upload, or of a document that was put on top of another, leads to what it became."""
        for name, document_id in self.model.became.items():
            newest = self.model.shared[document_id].versions[-1]
            assert self.portal.download(self.callers["member"], name) == newest

    def side(self, who: str) -> str:
        return self.callers[who].organisation_id

    def status(self, versions: int) -> Any:
        return pb.STATUS_PUBLISHED if versions == 1 else pb.STATUS_UPDATED

    def place(self, document: pb.Document) -> Place:
        return self.folders[document.folder_id], document.name, document.period

    def outcome(self, who: str, document_id: str, place: Place, *, overwrite: bool) -> str:
        """Why a change was refused, if it was."""
        folder, name, period = place
        request = pb.UpdateDocumentRequest(
            document_id=document_id, folder_id=self.ids[folder], name=name, period=period, replace=overwrite
        )
        try:
            self.portal.documents(self.callers[who]).UpdateDocument(request)
        except Failure as why:
            return why.reason
        return ""


@pytest.mark.timeout(900)
def test_documents_live_as_the_model_says(portal: Portal) -> None:
    """ACC-03, ACC-40, ACC-42, ACC-44, ACC-45, BEY-02, P18, ACC-52, ACC-53, ACC-58, ACC-59, ACC-80."""
    plan = settings(
        max_examples=20, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(lambda: Life(portal), settings=plan)  # type: ignore[arg-type]  # it takes whatever makes one
