"""Somebody without a national electronic identity: added by an identifier, invited by code, and what the invited person types."""

from dataclasses import dataclass, replace

from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import invitations_pb2 as inv
from kontor.identity.v1.invitations_pb2_grpc import InvitationsStub

from chassis import caller, clock
from chassis.caller import Caller
from tests.identity.world import PASSWORD, Somebody, World

# A mobile number that nobody has, as none of the tests' numbers.
NUMBER = "+46701740605"
EMAIL = "juri@bakeri.example.no"


def identification(identifier: str = "38001085718", **given: object) -> pb.Identification:
    """As an administrator writes it down: by default an Estonian number that fits its check digit."""
    written = {"country": "EE", "registered": pb.REGISTERED_NO, "phone_number": NUMBER, **given}
    return pb.Identification(identifier=identifier, **written)  # type: ignore[arg-type]


def added(world: World, by: Caller, who: pb.Identification | None = None, **given: object) -> pb.Member:
    """A new member who is known by an identifier."""
    person = {"email": EMAIL, "first_name": "Juri", "last_name": "Tamm", **given}
    return world.organisations(by).AddMember(pb.AddMemberRequest(identification=who or identification(), **person))  # type: ignore[arg-type]


@dataclass
class Inviting:
    """Who invites whom."""

    world: World
    by: Caller
    membership_id: str
    email: str = EMAIL

    @property
    def stub(self) -> InvitationsStub:
        """As somebody who has just given a second factor, at whatever time it is."""
        return stub(self.world, replace(self.by, authenticated_at=int(clock.now().timestamp())))

    @property
    def shown(self) -> inv.Invitee:
        return self.stub.ShowInvitee(inv.ShowInviteeRequest(membership_id=self.membership_id))

    @property
    def state(self) -> str:
        """What the list of members says."""
        member = self.world.organisations(self.by).GetMember(pb.GetMemberRequest(membership_id=self.membership_id))
        return pb.InvitationState.Name(member.invitation).removeprefix("INVITATION_STATE_").lower()

    def invite(self, *, checked: bool = True) -> inv.Invitee:
        return self.stub.Invite(inv.InviteRequest(membership_id=self.membership_id, identity_checked=checked))

    def cancel(self) -> inv.Invitee:
        return self.stub.CancelInvitation(inv.CancelInvitationRequest(membership_id=self.membership_id))

    def make_code(self) -> inv.MakeCodeResponse:
        return self.stub.MakeCode(inv.MakeCodeRequest(membership_id=self.membership_id))

    def mailed(self) -> str:
        """The 16 digits of the newest mail."""
        return self.world.mail(self.email).activation_code

    def entered(self) -> str:
        """Invite, and enter the 16 digits; answers the entry."""
        self.invite()
        return enter(self.world, self.mailed()).entry


def stub(world: World, who: Caller = caller.NOBODY) -> InvitationsStub:
    return InvitationsStub(world.channel(who))


def enter(world: World, code: str) -> inv.EnterCodeResponse:
    return stub(world).EnterCode(inv.EnterCodeRequest(code=code, language="en"))


def send(world: World, entry: str) -> inv.InvitationEntry:
    return stub(world).SendCode(inv.SendCodeRequest(entry=entry))


def confirm(world: World, entry: str, code: str) -> inv.ConfirmCodeResponse:
    return stub(world).ConfirmCode(inv.ConfirmCodeRequest(entry=entry, code=code))


def inviting(world: World, by: Caller, **given: object) -> Inviting:
    """Somebody just added, to be invited by `by`."""
    return Inviting(world, by, added(world, by, **given).membership_id)  # type: ignore[arg-type]


def with_account(world: World, email: str = EMAIL) -> Somebody:
    """Follow the mail to a password, then enrol an app: the central account (NET-34)."""
    world.sign_in.SetPassword(pb.SetPasswordRequest(token=world.token(email), password=PASSWORD, password_again=PASSWORD))
    somebody = Somebody(email)
    world.signed_in(somebody)
    return somebody
