"""What people are told when something did not work: for each reason a sentence with what happened and what to do."""

from collections.abc import Callable

from chassis.errors import Failure
from services.gateway.texts import _

# Reasons are words of the services (their READMEs list them). A reason without a sentence gets the one of its kind.
SENTENCES: dict[str, Callable[[Failure], str]] = {
    "wrong_credentials": lambda _f: _("The e-mail address or the password is not right. Check both, or make a new password."),
    "too_many_attempts": lambda f: _(
        "Too many attempts. Wait %(seconds)s seconds, then try again.", seconds=f.facts.get("retry_after", "60")
    ),
    "wrong_code": lambda _f: _("The code is not right, or it has been used. Wait for the next one in your app and type that."),
    "attempt_over": lambda _f: _("This sign-in took too long or had too many wrong codes. Start again with your password."),
    "factor_disabled": lambda _f: _("Your authenticator is blocked after too many wrong codes. Contact your administrator."),
    "session_ended": lambda _f: _("You have been signed out. Sign in again to go on."),
    "passwords_differ": lambda _f: _("The two passwords are not the same. Type the same one twice."),
    "password_too_short": lambda _f: _("Use at least 15 characters. A few words in a row are easy to remember."),
    "password_too_long": lambda _f: _("Use at most 128 characters."),
    "password_too_common": lambda _f: _("This password is easy to guess. Choose words that do not belong together."),
    "wrong_password": lambda _f: _("The present password is not right."),
    "link_not_found": lambda _f: _("This link does not work. Ask for a new one."),
    "link_used": lambda _f: _("This link has been used. Sign in, or ask for a new one."),
    "link_expired": lambda _f: _("This link has expired. Ask for a new one."),
    "link_cancelled": lambda _f: _("A newer link was sent. Use that one."),
    "already_member": lambda _f: _("This person is already a member of the organisation."),
    "last_administrator": lambda _f: _("An organisation needs at least one administrator. Make somebody else administrator first."),
    "email_invalid": lambda _f: _("Write an e-mail address like name@company.no."),
    "document_exists": lambda _f: _("A file with this name, period and year is already in the folder."),
    "file_too_large": lambda f: _(
        "The file is larger than %(limit)s MB. Split it, or make it smaller.", limit=f.facts.get("limit_mb", "100")
    ),
    "file_empty": lambda _f: _("The file is empty. Check that it was saved, and choose it again."),
    "file_name_missing": lambda _f: _("The file has no name. Give it one and choose it again."),
    "file_name_too_long": lambda _f: _("The file name is too long. Use at most 200 characters."),
    "file_name_forbidden": lambda _f: _("The file name has characters that cannot be used. Rename the file and choose it again."),
    "not_scanned_clean": lambda _f: _("The file cannot be opened, because the security check did not let it through."),
    "document_not_found": lambda _f: _("The document is not there any more, or you do not have access to its folder."),
    "folder_not_found": lambda _f: _(
        "The folder is not there any more, or you do not have access to it. Ask your company's administrator."
    ),
    "folder_exists": lambda _f: _("There is already a folder with this name."),
    "not_permitted": lambda _f: _("Your role does not include this. Ask your company's administrator."),
    "bus_unavailable": lambda _f: _("Part of Kontor does not answer just now. Nothing is lost. Try again in a minute."),
    "storage_unavailable": lambda _f: _("Files cannot be stored or fetched just now. Nothing was saved. Try again in a minute."),
}
KINDS: dict[int, Callable[[Failure], str]] = {
    401: lambda _f: _("You have been signed out. Sign in again to go on."),
    403: lambda _f: _("You do not have access to this. Ask your company's administrator."),
    404: lambda _f: _("This is not there any more, or you do not have access to it."),
    409: lambda _f: _("This cannot be done as things stand now. Look at the page again and try once more."),
    422: lambda _f: _("Something in the form is not right. Check the marked fields."),
    429: lambda f: _(
        "That was too often in a short time. Wait %(seconds)s seconds, then try again.", seconds=f.facts.get("retry_after", "60")
    ),
    503: lambda _f: _("Part of Kontor does not answer just now. Nothing is lost. Try again in a minute."),
    504: lambda _f: _("Kontor is slow to answer just now. Nothing is lost. Try again in a minute."),
}


def sentence(failure: Failure) -> str:
    """What happened and what to do, in the reader's language."""
    told = SENTENCES.get(failure.reason) or KINDS.get(failure.http_status)
    return told(failure) if told else _("Something went wrong on our side. Try again; if it happens again, tell us the number below.")


def problems(failure: Failure, field: str) -> dict[str, str]:
    """Sentences by field of a form; what belongs to no field of the request stands at `field`."""
    if not failure.fields:
        return {field: sentence(failure)}
    return {name: _field(what, failure) for name, what in failure.fields.items()}


def _field(what: str, failure: Failure) -> str:
    told = SENTENCES.get(what)
    return told(failure) if told else _("This is not right. Check it and try again.")
