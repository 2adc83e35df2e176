"""What a resolved session or API key is handed: one signed assertion for each service, valid for a minute."""

from collections.abc import Mapping

from chassis.caller import Caller, Signer

# Documents, messaging and linking ask identity about members on the caller's behalf, so theirs are good there too.
AUDIENCES: Mapping[str, tuple[str, ...]] = {
    "identity": ("identity",),
    "documents": ("documents", "identity"),
    "messaging": ("messaging", "identity"),
    "linking": ("linking", "identity"),
    "notify": ("notify",),
}


def assertions(signer: Signer, caller: Caller) -> dict[str, str]:
    """Service name to assertion. One who works in no organisation is known to identity only."""
    wanted = AUDIENCES if caller.organisation_id else {"identity": AUDIENCES["identity"]}
    return {service: signer.sign(caller, audience=audience) for service, audience in wanted.items()}
