"""Add many users from a pasted list: one a line, each with a result of its own (ACC-77, AMI-04)."""

from dataclasses import dataclass

from flask import render_template, request
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway import reasons, texts
from services.gateway.pages.administration import roles
from services.gateway.pages.administration.adding import looks_like_address
from services.gateway.reasons import problems
from services.gateway.texts import _

AT_MOST = 200
# One call must answer in time, also on a busy day.
AT_ONCE = 25


@dataclass
class Line:
    """What somebody pasted, who that is, and why the person was not added; nobody where the line cannot be read."""

    written: str
    person: identity_pb2.NewMember | None
    told: str = ""


class Several:
    """The form and its results."""

    def __init__(self, peers: Peers) -> None:
        self._members = identity_pb2_grpc.OrganisationsStub(peers.channel("identity"))

    def several(self) -> str | tuple[str, int]:
        """Add those whose line can be read; the other lines stay in the form, each with what is wrong."""
        if request.method != "POST":
            return _shown([])
        lines = [_line(each) for each in request.form.get("people", "").splitlines() if each.strip()]
        if not 0 < len(lines) <= AT_MOST:
            return _shown(lines, told={"people": _("Write at least one line, and at most 200.")}), 422
        readable = [each for each in lines if each.person]
        for first in range(0, len(readable), AT_ONCE):
            self._add(readable[first : first + AT_ONCE])
        return _shown(lines), 200 if not any(each.told for each in lines) else 422

    def _add(self, lines: list[Line]) -> None:
        wanted = identity_pb2.AddMembersRequest(members=[each.person for each in lines if each.person], language=texts.language())
        try:
            results = list(self._members.AddMembers(wanted).results)
        except Failure as failure:
            problems(failure, "people")  # where a fresh code is needed, it is asked for in place
            results = [identity_pb2.AddedMember(reason=failure.reason)] * len(lines)
        for line, result in zip(lines, results, strict=True):
            line.told = reasons.sentence(Failure(result.reason)) if result.reason else ""


def _shown(lines: list[Line], *, told: dict[str, str] | None = None) -> str:
    left = "\n".join(each.written for each in lines if each.told or told)
    added = 0 if told else sum(not each.told for each in lines)
    return render_template(
        "administration/several.html", left=left, failed=[each for each in lines if each.told], added=added, problems=told or {},
        roles=[texts.role(each) for each in roles.offered()],
    )  # fmt: skip


def _line(written: str) -> Line:
    name, email, role = [*(part.strip() for part in written.split(";")), "", ""][:3]
    first_name, _space, last_name = name.rpartition(" ")
    chosen = _role(role)
    if not first_name or len(name) > 100:
        return Line(written, None, _("Write first and last name, then the e-mail address, with a semicolon between them."))
    if not looks_like_address(email):
        return Line(written, None, _("Write an e-mail address like name@company.com."))
    if chosen is None:
        return Line(written, None, _("There is no such role here. Choose one from the list."))
    return Line(written, identity_pb2.NewMember(email=email, first_name=first_name.strip(), last_name=last_name, role=chosen))


def _role(written: str) -> "identity_pb2.Role.ValueType | None":
    """The role by its name in the reader's language; the usual one where none was written."""
    if not written:
        return identity_pb2.ROLE_UNSPECIFIED
    return next((each for each in roles.offered() if texts.role(each).casefold() == written.casefold()), None)
