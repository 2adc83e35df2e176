"""Who may do what, written down once: every RPC with the callers it lets in. A new RPC fails the matrix until it has a line here."""

import uuid

from kontor.access.v1.access_pb2 import PERMISSION_DOCUMENT_READ
from kontor.identity.v1 import identity_pb2 as i

from tests.access.administration import ADMINISTRATION
from tests.access.callers import KEYS
from tests.access.devices import DEVICES
from tests.access.documents import DOCUMENTS
from tests.access.invitations import INVITATIONS
from tests.access.linking import LINKING
from tests.access.messaging import MESSAGING
from tests.access.notify import NOTIFY
from tests.access.passkeys import PASSKEYS
from tests.access.providers import PROVIDERS
from tests.access.trails import TRAILS
from tests.access.who import ADMINISTRATORS, CLIENT_MANAGER, EVERYBODY, NOBODY, NOWHERE, OPERATOR, SIGNED_IN, TOKEN, Table


def _administrator(name: str) -> i.FirstAdministrator:
    return i.FirstAdministrator(email=f"{name}@matrix.example", first_name="M", last_name="Atrix")


# For an RPC about one's own things, whoever is let in reaches nothing of anybody else's; the services' own tests prove that.
TABLE: Table = {
    "kontor.identity.v1.SignIn.RequestPasswordLink": (EVERYBODY, lambda _: i.RequestPasswordLinkRequest(email="nobody@matrix.example")),
    "kontor.identity.v1.SignIn.ShowLink": (EVERYBODY, lambda _: i.ShowLinkRequest(token=TOKEN)),
    "kontor.identity.v1.SignIn.VerifyAccount": (EVERYBODY, lambda _: i.VerifyAccountRequest(token=TOKEN)),
    "kontor.identity.v1.SignIn.SetPassword": (EVERYBODY, lambda _: i.SetPasswordRequest(token=TOKEN, password="p", password_again="p")),
    "kontor.identity.v1.SignIn.StartSignIn": (EVERYBODY, lambda _: i.StartSignInRequest(email="nobody@matrix.example", password="p")),
    "kontor.identity.v1.SignIn.SendSmsCode": (EVERYBODY, lambda _: i.SendSmsCodeRequest(attempt=TOKEN)),
    "kontor.identity.v1.SignIn.FinishSignIn": (EVERYBODY, lambda _: i.FinishSignInRequest(attempt=TOKEN, code="000000")),
    "kontor.identity.v1.Sessions.ResolveSession": (EVERYBODY, lambda _: i.ResolveSessionRequest(session=TOKEN)),
    "kontor.identity.v1.Sessions.ExchangeApiKey": (EVERYBODY, lambda _: i.ExchangeApiKeyRequest(api_key=TOKEN)),
    "kontor.identity.v1.Sessions.ChooseOrganisation": (SIGNED_IN, lambda _: i.ChooseOrganisationRequest(membership_id=NOWHERE)),
    "kontor.identity.v1.Sessions.StepUp": (SIGNED_IN, lambda _: i.StepUpRequest(method=i.METHOD_RECOVERY_CODE, code="wrong")),
    "kontor.identity.v1.Sessions.SendStepUpCode": (SIGNED_IN, lambda _: i.SendStepUpCodeRequest()),
    "kontor.identity.v1.Sessions.ListSessions": (SIGNED_IN, lambda _: i.ListSessionsRequest()),
    "kontor.identity.v1.Sessions.EndSessions": (SIGNED_IN, lambda _: i.EndSessionsRequest(session_id=NOWHERE)),
    "kontor.identity.v1.Factors.ListFactors": (SIGNED_IN, lambda _: i.ListFactorsRequest()),
    "kontor.identity.v1.Factors.StartFactor": (SIGNED_IN, lambda _: i.StartFactorRequest(method=i.METHOD_TOTP)),
    "kontor.identity.v1.Factors.ConfirmFactor": (SIGNED_IN, lambda _: i.ConfirmFactorRequest(setup=TOKEN, code="000000")),
    # A factor of nobody's: that one's own is found, and no other, tests/identity/test_factors.py proves.
    "kontor.identity.v1.Factors.PreferFactor": (NOBODY, lambda _: i.PreferFactorRequest(factor_id=NOWHERE)),
    "kontor.identity.v1.Factors.RemoveFactor": (NOBODY, lambda _: i.RemoveFactorRequest(factor_id=NOWHERE)),
    "kontor.identity.v1.Factors.RegenerateRecoveryCodes": (SIGNED_IN, lambda _: i.RegenerateRecoveryCodesRequest()),
    **PASSKEYS,
    **DEVICES,
    **INVITATIONS,
    **ADMINISTRATION,
    **PROVIDERS,
    "kontor.identity.v1.Sessions.SignOut": (SIGNED_IN, lambda _: i.SignOutRequest()),
    "kontor.identity.v1.Account.GetProfile": (SIGNED_IN | KEYS, lambda _: i.GetProfileRequest()),
    "kontor.identity.v1.Account.UpdateProfile": (SIGNED_IN, lambda _: i.UpdateProfileRequest(last_name=str(uuid.uuid4()))),
    "kontor.identity.v1.Account.ChangePassword": (
        SIGNED_IN,
        lambda _: i.ChangePasswordRequest(present_password="wrong", password="p", password_again="p"),
    ),
    "kontor.identity.v1.Organisations.CreateFirm": (
        OPERATOR,
        lambda _: i.CreateFirmRequest(name="F", organisation_number="899000021", country="NO", administrator=_administrator("firm")),
    ),
    "kontor.identity.v1.Organisations.CreateClient": (
        frozenset({"firm"}),
        lambda _: i.CreateClientRequest(name="C", organisation_number="899000048", country="NO", administrator=_administrator("client")),
    ),
    "kontor.identity.v1.Organisations.GetOrganisation": (
        frozenset({"other_folder", "reader", "administrator", "payroll", "hr", "programme_administrator", "firm", "key"}),
        lambda stage: i.GetOrganisationRequest(organisation_id=stage.client),
    ),
    "kontor.identity.v1.Organisations.ListMembers": (ADMINISTRATORS | CLIENT_MANAGER, lambda _: i.ListMembersRequest()),
    "kontor.identity.v1.Organisations.GetMember": (
        frozenset({"administrator"}),
        lambda stage: i.GetMemberRequest(membership_id=stage.member),
    ),
    "kontor.identity.v1.Organisations.AddMember": (
        ADMINISTRATORS,
        lambda _: i.AddMemberRequest(email=f"{uuid.uuid4()}@matrix.example", first_name="M", last_name="A"),
    ),
    "kontor.identity.v1.Organisations.AddMembers": (
        ADMINISTRATORS,
        lambda _: i.AddMembersRequest(members=[i.NewMember(email=f"{uuid.uuid4()}@matrix.example", first_name="M", last_name="S")]),
    ),
    "kontor.identity.v1.Organisations.ChangeRole": (
        frozenset({"administrator"}),
        lambda stage: i.ChangeRoleRequest(membership_id=stage.member, role=i.ROLE_READ),
    ),
    "kontor.identity.v1.Organisations.SetMemberValidity": (
        frozenset({"administrator"}),
        lambda stage: i.SetMemberValidityRequest(membership_id=stage.member),
    ),
    "kontor.identity.v1.Organisations.RemoveMember": (
        NOBODY,
        # A membership that does not exist: what is asked is only who gets past the permission; whom it removes has tests of its own.
        lambda _: i.RemoveMemberRequest(membership_id=NOWHERE),
    ),
    "kontor.identity.v1.Organisations.VouchForMember": (
        frozenset({"administrator", "firm"}),
        lambda stage: i.VouchForMemberRequest(membership_id=stage.member, identity_checked=True),
    ),
    # Of the reader: to the stranger nobody has that id, and is told of nobody.
    "kontor.identity.v1.Organisations.ResolveNames": (
        frozenset({"administrator", "firm"}),
        lambda stage: i.ResolveNamesRequest(ids=[stage.member]),
    ),
    "kontor.identity.v1.Organisations.CreateApiKey": (
        frozenset({"firm"}),
        lambda _: i.CreateApiKeyRequest(label="matrix", valid_days=1, permissions=[PERMISSION_DOCUMENT_READ], all_clients=True),
    ),
    "kontor.identity.v1.Organisations.ListApiKeys": (frozenset({"firm"}), lambda _: i.ListApiKeysRequest()),
    "kontor.identity.v1.Organisations.RevokeApiKey": (NOBODY, lambda _: i.RevokeApiKeyRequest(api_key_id=NOWHERE)),
    **DOCUMENTS,
    **MESSAGING,
    **LINKING,
    **NOTIFY,
    **TRAILS,
}
