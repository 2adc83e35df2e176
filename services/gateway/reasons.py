"""What people are told when something did not work: for each reason a sentence with what happened and what to do."""

from collections.abc import Callable

from chassis.errors import Failure
from services.gateway.texts import _, _n

Told = Callable[[Failure], str]
TWO_MINUTES = 120

# Reasons are words of the services (their READMEs list them). A reason without a sentence gets the one of its kind.
SIGN_IN: dict[str, Told] = {
    "wrong_credentials": lambda _f: _("The e-mail address and the password do not belong together. Try again, or make a new password."),
    "too_many_attempts": lambda f: _("Too many attempts in a row. Wait %(wait)s, then try again.", wait=_wait(f)),
    "too_busy": lambda _f: _("Many people are signing in just now. Try again in a minute."),
    "wrong_code": lambda _f: _("The code is wrong or has been used. Look once more, or wait for the next one."),
    "code_over": lambda _f: _("This code no longer works. Ask for another one."),
    "method_not_here": lambda _f: _("You have not set up this method. Use another one."),
    "too_many_codes": lambda f: _("So many SMS cannot be sent in a short time. Wait %(wait)s, or use another method.", wait=_wait(f)),
    "phone_number_invalid": lambda _f: _("This is not a mobile number. Write it with all its digits."),
    "phone_country": lambda _f: _("Codes cannot be sent to numbers of this country. Use another number, or an app."),
    "sms_not_offered": lambda _f: _("Codes by SMS are not sent here. Use another method."),
    "sms_unavailable": lambda _f: _("The SMS could not be sent just now. Try again in a minute, or use another method."),
    "sms_busy": lambda _f: _("The SMS could not be sent just now. Try again in a minute, or use another method."),
    "sms_refused": lambda _f: _("SMS cannot be sent to this number. Check it, digit by digit, or use another one."),
    "sms_blocked": lambda _f: _("This number has answered STOP to an earlier SMS. Send START to the sender, or use another number."),
    "signature_wrong": lambda _f: _("This report was not signed by whoever sends our SMS."),
    "sms_report_unreadable": lambda _f: _("This report about an SMS cannot be read."),
    "setup_over": lambda _f: _("This took too long or had too many wrong codes. Start again."),
    "factor_not_found": lambda _f: _("It has been removed already."),
    "last_factor": lambda _f: _("One method must stay. Add another one first."),
    "passkey_over": lambda _f: _("This took too long. Try once more."),
    "passkey_refused": lambda _f: _("This passkey was not accepted. Try another one, or sign in with your password."),
    "passkey_unverified": lambda _f: _(
        "Your device did not check that it is you. Sign in with your password, and use the passkey after it."
    ),
    "passkey_not_found": lambda _f: _("It has been removed already."),
    "too_many_passkeys": lambda _f: _("You have 20 passkeys, which is the most there can be. Remove one first."),
    "passkeys_not_here": lambda _f: _("Passkeys do not work at this address of the portal. Use another method."),
    "provider_not_found": lambda _f: _("This way to sign in is no longer offered. Use another one."),
    "provider_unavailable": lambda _f: _("The sign-in there does not work just now. Try again in a minute, or use another way."),
    "provider_sign_in_over": lambda _f: _("This sign-in took too long, or was finished already. Start again."),
    "provider_cancelled": lambda _f: _("The sign-in there was stopped. Try again, or use another way."),
    "provider_refused": lambda _f: _("What came back does not prove who you are. Try again, or use another way."),
    "provider_email_unverified": lambda _f: _("Your e-mail address is not confirmed there. Confirm it there, or use another way."),
    "nobody_known": lambda _f: _("Nobody has given you access here. Ask your company's administrator."),
    "provider_binding_not_found": lambda _f: _("It has been removed already."),
    "provider_needed": lambda _f: _(
        "You sign in here in another way than with a password. Use that, or ask your company's administrator for a code."
    ),
    "identity_not_checked": lambda _f: _("First make sure who is asking, and tick the box."),
    "vouch_for_oneself": lambda _f: _("You cannot do this for yourself. Ask another administrator, or your accountant."),
    "vouch_elsewhere": lambda _f: _("This person works at a firm too. The firm's administrator can help."),
    "nothing_to_replace": lambda _f: _("This person has not signed in here yet. A code can only be made for somebody who has."),
    "attempt_over": lambda _f: _("The sign-in took too long or had too many wrong codes. Start again with your password."),
    "factor_disabled": lambda _f: _(
        "This method is blocked after many wrong codes. Use another one. "
        "If you have none, your company's administrator or your accountant can help."
    ),
    "session_ended": lambda _f: _("You have been signed out. Sign in again to go on."),
    "sign_in_needed": lambda _f: _("You have been signed out. Sign in again to go on."),
    "step_up_needed": lambda _f: _("This needs a fresh confirmation that it is you. Open the page again, and confirm."),
    "link_not_found": lambda _f: _("This link does not work. Check that the whole link was copied, or ask for a new one."),
    "link_used": lambda _f: _("This link has been used. Sign in, or ask for a new one."),
    "link_expired": lambda _f: _("This link has expired. Ask for a new one."),
    "link_cancelled": lambda _f: _("A newer link has been sent. Use the one in the newest mail."),
    "passwords_differ": lambda _f: _("The two passwords are not the same. Type the same one twice."),
    "password_too_short": lambda _f: _("Use at least 15 characters. A few words in a row are easy to remember."),
    "password_too_long": lambda _f: _("Use at most 128 characters."),
    "password_too_common": lambda _f: _("This password is easy to guess. Choose words that do not belong together."),
    "wrong_password": lambda _f: _("This is not your present password. Type it again."),
    "password_changed_meanwhile": lambda _f: _("The password was changed somewhere else a moment ago. Sign in with the new one."),
}
MEMBERS: dict[str, Told] = {
    "email_invalid": lambda _f: _("Write an e-mail address like name@company.com."),
    "name_missing": lambda _f: _("Write first and last name."),
    "already_member": lambda _f: _("This person is already a user here. You find the name in the list of users."),
    "last_administrator": lambda _f: _("An organisation needs at least one administrator. Make somebody else administrator first."),
    "role_not_here": lambda _f: _("There is no such role here. Choose one from the list."),
    "programmes_missing": lambda _f: _("Choose at least one programme."),
    "replacement_pending": lambda _f: _("This address is being replaced already. Give that up first."),
    "replacement_not_found": lambda _f: _("The new address has been used already, or the replacing was given up."),
    "beta_needed": lambda _f: _("This is not finished yet. To try it, switch on the beta programme under “My account”."),
    "validity_invalid": lambda _f: _("Choose a day that exists, and a last day that is not before the first."),
    "member_not_found": lambda _f: _("This person is no longer a user here."),
    "membership_not_found": lambda _f: _("You no longer belong to this organisation. Choose another one."),
    "not_permitted": lambda _f: _("Your role does not include this. Contact your company's administrator if you need it."),
    "client_not_found": lambda _f: _("You do not work for this client. Your firm's administrator can change that."),
    "organisation_not_found": lambda _f: _("You do not have access to this company, or it is not served in that area."),
    "organisation_exists": lambda _f: _("A company with this organisation number is here already. Check the number."),
    "organisation_number_invalid": lambda _f: _("There is no such organisation number in that country. Check it, digit by digit."),
    "consultant_not_found": lambda _f: _("This person does not work for this client. Open the list again."),
    "thread_not_found": lambda _f: _("This conversation is no longer there, or you do not take part in it."),
    "sensitive_number": lambda _f: _(
        "The text holds a personal identity number, an account number or a card number. Take it out, mask it, or send it as a document."
    ),
    "message_empty": lambda _f: _("The message is empty. Write what it is about."),
    "locked_switch": lambda _f: _("Notices about security and links cannot be switched off, and those about deletion not in the portal."),
    "mail_unavailable": lambda _f: _("Mail cannot be sent just now. Try again in a few minutes."),
    "mail_postponed": lambda _f: _("Mail cannot be sent just now. Try again in a few minutes."),
    "mail_refused": lambda _f: _("The mail server says there is no such address. Check it, letter by letter."),
}
DOCUMENTS: dict[str, Told] = {
    "document_exists": lambda _f: _("A file with this name, period and year is already in the folder."),
    "place_taken": lambda _f: _("A file with this name, period and year is just being checked. Try again in a minute."),
    "changed_meanwhile": lambda _f: _(
        "Somebody else has changed the document in the meantime. Look at it again, then make your change."
    ),
    "document_not_shared": lambda _f: _("The document can be changed once it has passed the security check."),
    "version_not_found": lambda _f: _("This version of the document is no longer there."),
    "document_not_found": lambda _f: _("The document is no longer there, or its folder is not one of yours."),
    "folder_not_found": lambda _f: _("The folder is no longer there, or not one of yours. Contact your company's administrator."),
    "folder_exists": lambda _f: _("There is already a folder with this name."),
    "folder_not_empty": lambda _f: _("There are still documents in the folder. Move or delete them first."),
    "folder_name_invalid": lambda _f: _("A folder cannot have this name. Choose one of letters, digits and spaces."),
    "on_legal_hold": lambda _f: _("The document is on legal hold and cannot be deleted. Your firm's administrators can end the hold."),
    "file_on_hold": lambda _f: _("The document is on legal hold and cannot be deleted. Your firm's administrators can end the hold."),
    "reason_empty": lambda _f: _("Write why, in at least three letters. It stays on record."),
    "tombstone_not_found": lambda _f: _("Nothing of that kind was deleted, or its folder is not one of yours."),
    "hold_not_found": lambda _f: _("There is no such legal hold. Open the list again."),
    "not_scanned_clean": lambda _f: _("This file cannot be opened: the security check has not let it through."),
    "file_empty": lambda _f: _("The file is empty. Check that it was saved, then choose it again."),
    "file_incomplete": lambda _f: _("The file did not arrive whole. Send it again."),
    "file_too_large": lambda f: _("The file is larger than %(limit)s MB. Split it or make it smaller.", limit=f.facts.get("limit_mb", "")),
    "request_too_large": lambda _f: _("That was larger than can be received at once. Send fewer or smaller files."),
    "file_name_empty": lambda _f: _("The file has no name. Give it one, then choose it again."),
    "file_name_too_long": lambda _f: _("The file name is too long. Use at most 200 characters."),
    "file_name_path": lambda _f: _("The file name must not contain / or \\. Rename the file, then choose it again."),
    "file_name_control": lambda _f: _("The file name contains characters that cannot be used. Rename the file, then choose it again."),
    "file_name_invisible": lambda _f: _("The file name contains characters nobody can see. Rename the file, then choose it again."),
    "file_name_reserved": lambda _f: _("Windows keeps this file name for itself. Rename the file, then choose it again."),
    "file_name_type": lambda _f: _("Files of this type are not accepted. Save it as PDF, or pack it in a zip, and upload that."),
    "file_name_type_changed": lambda _f: _("The ending of the file name must stay, for it says what kind of file it is."),
    "too_many_uploads": lambda _f: _("Many files are being received just now. Try again in a minute."),
    "preview_page_not_found": lambda _f: _("The preview does not have this page. Go back to its first page."),
    "previews_busy": lambda f: _("Several previews are being made just now. Wait %(wait)s, then try again.", wait=_wait(f)),
    "previews_unavailable": lambda _f: _("Previews cannot be made just now. Download the document to look at it."),
    "bad_page_token": lambda _f: _("The list has changed since. Open it again from the start."),
    "storage_unavailable": lambda _f: _("Files cannot be stored or fetched just now. Nothing was changed. Try again in a minute."),
    "download_broken": lambda _f: _("Files cannot be stored or fetched just now. Nothing was changed. Try again in a minute."),
    "cross_site": lambda _f: _("Another page tried to do this in your name, and it was stopped. Open Kontor itself and do it there."),
}
NEWS: dict[str, Told] = {
    "article_not_found": lambda _f: _("The article is no longer there, or it is not for you."),
    "article_empty": lambda _f: _("Write a title and a text."),
    "article_language_twice": lambda _f: _("An article has one text in each language."),
    "publish_time_far": lambda _f: _("Choose a time within a year from now."),
    "article_changed": lambda _f: _("Somebody else has changed this article meanwhile. Compare, and write your change once more."),
    "article_published": lambda _f: _("The article is published already, or must be withdrawn first."),
    "article_not_published": lambda _f: _("The article is not published, so there is nothing to withdraw."),
}
KEYS: dict[str, Told] = {
    "key_permissions_invalid": lambda _f: _("A key cannot be given this. Choose among what is offered."),
    "key_clients_invalid": lambda _f: _("Choose all clients, or at least one and at most 50 of your firm's."),
    "too_many_api_keys": lambda _f: _("Your firm has 100 keys, which is the most there can be. Revoke one first."),
    "api_key_not_found": lambda _f: _("There is no such key any more. Open the list again."),
}
INVITATIONS: dict[str, Told] = {
    "invitation_used": lambda _f: _("This code has been used. If it was not by you, tell the person who invited you."),
    "invitation_expired": lambda _f: _("The invitation has expired. Ask the person who invited you for a new one."),
    "invitation_cancelled": lambda _f: _("The invitation was cancelled, or a newer one has been sent. Use the code in the newest mail."),
    "entry_over": lambda _f: _("The invitation is no longer valid. Ask the person who invited you for a new one."),
    "invitation_over": lambda _f: _("The invitation is no longer valid. Send a new one."),
    "no_more_codes": lambda _f: _("No more codes can be sent. Ask the person who invited you for a confirmation code."),
    "code_not_entered": lambda _f: _("The person has not entered the 16 digits yet. Only then can a confirmation code be made."),
    "nothing_to_cancel": lambda _f: _("No invitation is under way, so there is nothing to cancel."),
    "phone_number_missing": lambda _f: _("Write the person's mobile number first: the confirmation code goes there."),
    "invitee_changed": lambda _f: _(
        "The person's details have changed since the last invitation. Contact customer service to invite again."
    ),
    "names_are_the_owners": lambda _f: _("This person has an account and writes their own name there."),
    "system_id_unknown": lambda _f: _("Nobody has this identifier. Ask the person, who finds it under My account."),
}
DEVICES: dict[str, Told] = {
    "device_challenge_over": lambda _f: _("This took too long. Try once more."),
    "device_refused": lambda _f: _("This device is not set up any more. Sign in with your password, and set it up again."),
    "pin_invalid": lambda _f: _("A PIN has 4 to 8 digits."),
    "pins_differ": lambda _f: _("The two PINs are not the same. Type the same one twice."),
    "wrong_pin": lambda f: _n(
        "This is not your PIN. You can try once more.", "This is not your PIN. You can try %(number)s more times.",
        int(f.facts.get("tries_left") or 1),
    ),
    "pin_forgotten": lambda _f: _("The PIN opens nothing here any more. Sign in with your password to set a new one."),
    "too_many_devices": lambda _f: _("You have 20 devices, which is the most there can be. Remove one first."),
    "device_not_found": lambda _f: _("It has been removed already."),
    "device_needed": lambda _f: _("This browser has no PIN, so it cannot be locked. Sign out, or set a PIN first."),
    "other_proof_needed": lambda _f: _(
        "You logged out from all devices. Sign in with an app or a passkey to set up one again, or ask for a new invitation."
    ),
    "terms_due": lambda _f: _("Accept the terms first."),
    "terms_outdated": lambda _f: _("The terms have changed meanwhile. Read the new ones, and accept them."),
    "web_sign_in_over": lambda _f: _("This code has expired. Scan the one that the computer shows now."),
}  # fmt: skip
SENTENCES = INVITATIONS | SIGN_IN | DEVICES | MEMBERS | DOCUMENTS | NEWS | KEYS
KINDS: dict[int, Told] = {
    401: lambda _f: _("You have been signed out. Sign in again to go on."),
    403: lambda _f: _("You do not have access to this. Contact your company's administrator if you need it."),
    404: lambda _f: _("It is no longer there, or you do not have access to it."),
    409: lambda _f: _("This is not possible as things are now. Look at the page again, and try once more."),
    413: lambda _f: _("That was larger than can be received at once. Send fewer or smaller files."),
    422: lambda _f: _("Something in the form is not right. Check the marked fields."),
    429: lambda f: _("That was too often in a short time. Wait %(wait)s, then try again.", wait=_wait(f)),
    503: lambda _f: _("A part of Kontor does not answer just now. Nothing is lost. Try again in a minute."),
    504: lambda _f: _("Kontor is slow to answer just now. Nothing is lost. Try again in a minute."),
}


def sentence(failure: Failure) -> str:
    """What happened and what to do, in the reader's language."""
    told = SENTENCES.get(failure.reason) or KINDS.get(failure.http_status)
    return told(failure) if told else _("Something went wrong on our side. Try again. If it happens again, tell us the number below.")


def problems(failure: Failure, field: str) -> dict[str, str]:
    """Sentences by field of a form; what belongs to no field of the request stands at `field`."""
    if failure.reason == "step_up_needed":
        raise failure  # no mistake in the form: the proofs are asked for in place (pages/step_up.py)
    if not failure.fields:
        return {field: sentence(failure)}
    return {name: _field(what, failure) for name, what in failure.fields.items()}


def _field(what: str, failure: Failure) -> str:
    told = SENTENCES.get(what)
    return told(failure) if told else _("This is not right. Check it, and try again.")


def _wait(failure: Failure) -> str:
    """How long to wait, as people say it."""
    text = failure.facts.get("retry_after", "")
    seconds = int(float(text)) if text.replace(".", "", 1).isdecimal() else 60
    if seconds < TWO_MINUTES:
        return _n("%(number)s second", "%(number)s seconds", seconds)
    return _n("%(number)s minute", "%(number)s minutes", -(-seconds // 60))
