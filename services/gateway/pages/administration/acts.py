"""What was done, in words: a sentence for each word that the services write into the audit trail, by kind."""

from collections.abc import Callable

from services.gateway.texts import _

Said = Callable[[], str]
SIGNING_IN: dict[str, Said] = {
    "sign_in.start": lambda: _("Gave the right password"),
    "sign_in.refuse": lambda: _("Was refused at sign-in: wrong code"),
    "session.open": lambda: _("Signed in"),
    "session.end": lambda: _("Signed out"),
    "session.choose": lambda: _("Chose this organisation"),
    "session.step_up": lambda: _("Confirmed who it is with a fresh code"),
    "session.refuse": lambda: _("Was refused: wrong code or password"),
    "account.verify": lambda: _("Confirmed the e-mail address"),
    "password.set": lambda: _("Made a password"),
    "password.change": lambda: _("Changed the password"),
    "profile.change": lambda: _("Changed name or language"),
    "factor.start": lambda: _("Began to connect an app or a phone"),
    "factor.enrol": lambda: _("Connected an app or a phone"),
    "factor.prefer": lambda: _("Chose which method is asked for first"),
    "factor.remove": lambda: _("Removed an app or a phone"),
    "factor.disable": lambda: _("A method was blocked after many wrong codes"),
    "recovery_codes.make": lambda: _("Made new recovery codes"),
    "recovery_code.use": lambda: _("Used a recovery code"),
    "vouched_code.use": lambda: _("Used a code from an administrator"),
    "sms_code.send": lambda: _("Had a code sent by SMS"),
    "passkey.add": lambda: _("Added a passkey"),
    "passkey.rename": lambda: _("Renamed a passkey"),
    "passkey.remove": lambda: _("Removed a passkey"),
    "provider.bind": lambda: _("Connected another sign-in"),
    "provider.unbind": lambda: _("Disconnected another sign-in"),
    "device.enrol": lambda: _("Connected a device"),
    "device.refuse": lambda: _("A device was refused: wrong PIN or signature"),
    "device.disable": lambda: _("A device was blocked after many wrong attempts"),
    "device.end": lambda: _("Disconnected a device"),
    "device.end_all": lambda: _("Signed out from all devices"),
    "device.copied": lambda: _("A sign-in was ended because it had been copied"),
    "session.lock": lambda: _("Locked the device"),
    "web_sign_in.confirm": lambda: _("Let a computer in with the phone"),
    "terms.accept": lambda: _("Accepted the terms"),
    "link.make": lambda: _("A link was sent by e-mail"),
}
PEOPLE: dict[str, Said] = {
    "organisation.create": lambda: _("Made the organisation"),
    "operator.appoint": lambda: _("Became an operator of the platform"),
    "operator.dismiss": lambda: _("Is no operator of the platform any more"),
    "member.add": lambda: _("Added a user"),
    "member.come_in": lambda: _("Came in for the first time"),
    "member.change": lambda: _("Changed the data of a user"),
    "member.change_role": lambda: _("Changed the role of a user"),
    "member.set_validity": lambda: _("Changed the days on which a user has access"),
    "member.remove": lambda: _("Removed a user"),
    "member.vouch": lambda: _("Made a code for a user who lost app and phone"),
    "member.replace_address": lambda: _("Began to replace the address of a user"),
    "member.keep_address": lambda: _("Kept the address of a user"),
    "invitation.send": lambda: _("Sent an invitation"),
    "invitation.replace": lambda: _("Replaced an older invitation"),
    "invitation.cancel": lambda: _("Cancelled an invitation"),
    "invitation.make_code": lambda: _("Made a code for an invitation"),
    "invitation.enter": lambda: _("Entered the code of an invitation"),
    "invitation.ask": lambda: _("Asked for a code by SMS for an invitation"),
    "invitation.refuse": lambda: _("Was refused: wrong code of an invitation"),
    "invitation.complete": lambda: _("Completed an invitation"),
    "folder_access.save": lambda: _("Changed which folders a user may use"),
    "link.create": lambda: _("The firm began to work for the company"),
    "link.update": lambda: _("Changed what the firm does for the company"),
    "consultant.assign": lambda: _("Changed the areas in which a consultant works for the company"),
}
DOCUMENTS: dict[str, Said] = {
    "document.upload": lambda: _("Uploaded a document"),
    "document.publish": lambda: _("A document passed the security check and was shared"),
    "document.quarantine": lambda: _("A document did not pass the security check"),
    "document.download": lambda: _("Downloaded a document"),
    "document.preview": lambda: _("Looked at a document"),
    "document.edit": lambda: _("Changed a document"),
    "document.delete": lambda: _("A document was deleted"),
    "document.removed": lambda: _("The file of a deleted document was removed for good"),
    "folder.create": lambda: _("Made a folder"),
    "folder.rename": lambda: _("Renamed a folder"),
    "folder.remove": lambda: _("Removed a folder"),
    "hold.set": lambda: _("Set a legal hold"),
    "hold.release": lambda: _("Ended a legal hold"),
}
MESSAGES: dict[str, Said] = {
    "message.send": lambda: _("Sent a message"),
    "thread.read": lambda: _("Read a conversation"),
    "thread.assign": lambda: _("Said who takes care of a conversation"),
    "thread.close": lambda: _("Closed a conversation"),
    "thread.reopen": lambda: _("Opened a conversation again"),
    "news.save": lambda: _("Wrote news"),
    "news.publish": lambda: _("Published news"),
    "news.withdraw": lambda: _("Withdrew news"),
    "news.delete": lambda: _("Deleted a draft of news"),
    "news.read": lambda: _("Read news"),
    "notice.read": lambda: _("Read notices"),
    "notice_settings.update": lambda: _("Changed which notices and e-mails come"),
    "notice_settings.unsubscribe": lambda: _("Ended e-mails by the link in one"),
}
KEYS: dict[str, Said] = {
    "api_key.create": lambda: _("Made an API key"),
    "api_key.use": lambda: _("An API key was used"),
    "api_key.revoke": lambda: _("Revoked an API key"),
    "api_key.refuse": lambda: _("An API key was refused"),
}
KINDS: dict[str, tuple[Said, dict[str, Said]]] = {
    "sign-in": (lambda: _("Sign-in and security"), SIGNING_IN),
    "people": (lambda: _("People and access"), PEOPLE),
    "documents": (lambda: _("Documents and folders"), DOCUMENTS),
    "messages": (lambda: _("Messages, news and notices"), MESSAGES),
    "keys": (lambda: _("API keys"), KEYS),
}
ACTS = SIGNING_IN | PEOPLE | DOCUMENTS | MESSAGES | KEYS
_METHODS: dict[str, Said] = {
    "totp": lambda: _("Authenticator app"), "sms": lambda: _("Code by SMS"), "recovery_code": lambda: _("Recovery code"),
    "vouched_code": lambda: _("Code from your administrator"), "passkey": lambda: _("Passkey"), "password": lambda: _("Password"),
}  # fmt: skip
_ROLES: dict[str, Said] = {
    "administrator": lambda: _("Administrator"), "write": lambda: _("Write"), "read": lambda: _("Read"),
    "consultant": lambda: _("Consultant"),
}  # fmt: skip
_FAULTS: dict[str, Said] = {
    "revoked": lambda: _("It had been revoked"), "expired": lambda: _("It had expired"),
    "member": lambda: _("Its maker no longer has access"), "certificate": lambda: _("Its certificate was not shown"),
}  # fmt: skip
# Facts that are told, and the words for what they say; others, such as checksums, stand in the file that is exported.
_TOLD: dict[str, dict[str, Said]] = {"method": _METHODS, "kind": _METHODS, "was": _ROLES, "role": _ROLES, "why": _FAULTS}


def sentence(action: str) -> str:
    """What was done; the word itself where it is newer than this list."""
    return ACTS[action]() if action in ACTS else action


def details(facts: dict[str, str]) -> list[str]:
    """What else is worth knowing of it."""
    told = [words[facts[name]]() for name, words in _TOLD.items() if facts.get(name) in words]
    if facts.get("version", "0") != "0":
        told.append(_("Version %(number)s", number=facts["version"]))
    if facts.get("tries"):
        told.append(_("at attempt %(number)s", number=facts["tries"]))
    if facts.get("address"):
        told.append(_("from %(address)s", address=facts["address"]))
    return told
