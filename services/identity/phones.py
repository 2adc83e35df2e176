"""Telephone numbers: one spelling for each (E.164), mobile, and of a country that codes are sent to."""

from collections.abc import Collection

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from chassis.errors import Invalid

# Parts of a country that have a region code of their own and its telephone network.
PART_OF = {"SJ": "NO", "AX": "FI"}
# Numbers that cost whom they are sent to, or earn whoever holds them, are no mobile telephones.
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def normalised(text: str, *, country: str, allowed: Collection[str] | None) -> str:
    """The number as E.164. `country` is assumed where it is written without one.

    Raises Invalid `phone_number_invalid` for what is no mobile number, `phone_country` for one outside `allowed`, where that is said.
    """
    try:
        number = phonenumbers.parse(text, country or None)
    except NumberParseException as why:
        raise _wrong("phone_number_invalid") from why
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in MOBILE:
        raise _wrong("phone_number_invalid")
    if allowed is not None and _country(number) not in allowed:
        raise _wrong("phone_country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country(number: str) -> str:
    """Whose telephone network it belongs to, as ISO 3166-1 alpha-2."""
    return _country(phonenumbers.parse(number))


def _country(number: phonenumbers.PhoneNumber) -> str:
    region = phonenumbers.region_code_for_number(number) or ""
    return PART_OF.get(region, region)


def masked(number: str) -> str:
    """Enough to recognise one's own by: the country's code and the last two digits."""
    parsed = phonenumbers.parse(number)
    return f"+{parsed.country_code} ••• •• {number[-2:]}"


def _wrong(reason: str) -> Invalid:
    return Invalid(reason, "Codes cannot be sent to this number.", fields={"phone_number": reason})
