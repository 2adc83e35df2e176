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
    "wrong_code": lambda _f: _("The code is wrong or has been used. Wait for the next one in your app, and type that."),
    "attempt_over": lambda _f: _("The sign-in took too long or had too many wrong codes. Start again with your password."),
    "factor_disabled": lambda _f: _(
        "Your authenticator app is blocked after many wrong codes. Contact your accountant, or those who run the portal."
    ),
    "session_ended": lambda _f: _("You have been signed out. Sign in again to go on."),
    "sign_in_needed": lambda _f: _("You have been signed out. Sign in again to go on."),
    "step_up_needed": lambda _f: _("This needs a fresh sign-in. Sign out, sign in again, and do it within 15 minutes."),
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
    "already_member": lambda _f: _("This person is already a user here. You find the name in the list of users."),
    "last_administrator": lambda _f: _("An organisation needs at least one administrator. Make somebody else administrator first."),
    "role_not_here": lambda _f: _("There is no such role here. Choose one from the list."),
    "member_not_found": lambda _f: _("This person is no longer a user here."),
    "membership_not_found": lambda _f: _("You no longer belong to this organisation. Choose another one."),
    "not_permitted": lambda _f: _("Your role does not include this. Contact your company's administrator if you need it."),
    "client_not_found": lambda _f: _("You do not work for this client. Your firm's administrator can change that."),
    "organisation_not_found": lambda _f: _("You do not have access to this company, or it is not served in that area."),
    "organisation_exists": lambda _f: _("A company with this organisation number is here already. Check the number."),
    "organisation_number_invalid": lambda _f: _("There is no such organisation number in that country. Check it, digit by digit."),
    "consultant_not_found": lambda _f: _("This person does not work for this client. Open the list again."),
    "message_empty": lambda _f: _("The message is empty. Write what it is about."),
    "mail_unavailable": lambda _f: _("Mail cannot be sent just now. Try again in a few minutes."),
    "mail_postponed": lambda _f: _("Mail cannot be sent just now. Try again in a few minutes."),
    "mail_refused": lambda _f: _("The mail server says there is no such address. Check it, letter by letter."),
}
DOCUMENTS: dict[str, Told] = {
    "document_exists": lambda _f: _("A file with this name, period and year is already in the folder."),
    "place_taken": lambda _f: _("A file with this name, period and year is already in the folder."),
    "document_not_found": lambda _f: _("The document is no longer there, or its folder is not one of yours."),
    "folder_not_found": lambda _f: _("The folder is no longer there, or not one of yours. Contact your company's administrator."),
    "folder_exists": lambda _f: _("There is already a folder with this name."),
    "folder_name_invalid": lambda _f: _("A folder cannot have this name. Choose one of letters, digits and spaces."),
    "not_scanned_clean": lambda _f: _("This file cannot be opened: the security check has not let it through."),
    "file_empty": lambda _f: _("The file is empty. Check that it was saved, then choose it again."),
    "file_too_large": lambda f: _("The file is larger than %(limit)s MB. Split it or make it smaller.", limit=f.facts.get("limit_mb", "")),
    "request_too_large": lambda _f: _("That was larger than can be received at once. Send fewer or smaller files."),
    "file_name_empty": lambda _f: _("The file has no name. Give it one, then choose it again."),
    "file_name_too_long": lambda _f: _("The file name is too long. Use at most 200 characters."),
    "file_name_path": lambda _f: _("The file name must not contain / or \\. Rename the file, then choose it again."),
    "file_name_control": lambda _f: _("The file name contains characters that cannot be used. Rename the file, then choose it again."),
    "file_name_invisible": lambda _f: _("The file name contains characters nobody can see. Rename the file, then choose it again."),
    "file_name_reserved": lambda _f: _("Windows keeps this file name for itself. Rename the file, then choose it again."),
    "file_name_type": lambda _f: _("Files of this type are not accepted. Save it as PDF, or pack it in a zip, and upload that."),
    "too_many_uploads": lambda _f: _("Many files are being received just now. Try again in a minute."),
    "bad_page_token": lambda _f: _("The list has changed since. Open it again from the start."),
    "storage_unavailable": lambda _f: _("Files cannot be stored or fetched just now. Nothing was changed. Try again in a minute."),
    "download_broken": lambda _f: _("Files cannot be stored or fetched just now. Nothing was changed. Try again in a minute."),
    "cross_site": lambda _f: _("Another page tried to do this in your name, and it was stopped. Open Kontor itself and do it there."),
}
SENTENCES = SIGN_IN | MEMBERS | DOCUMENTS
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
