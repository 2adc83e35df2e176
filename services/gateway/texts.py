"""What people read, in their language: texts, dates, sizes and months."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import babel.dates
import babel.numbers
from babel import Locale
from flask import Flask, g
from google.protobuf.timestamp_pb2 import Timestamp

from chassis import clock
from chassis.language import LANGUAGES, Catalogues, Translator, offered

COOKIE = "language"
DEFAULT_ZONE = "Europe/Oslo"
FOLDER = Path(__file__).parent / "locale"
NAMES = {"nb": "Norsk", "sv": "Svenska", "fi": "Suomi", "da": "Dansk", "en": "English"}
# Weekday and day as a heading has them; Babel has only abbreviated ones without the year.
WEEKDAYS = {"nb": "EEEE d. MMMM", "sv": "EEEE d MMMM", "fi": "cccc d. MMMM", "da": "EEEE d. MMMM", "en": "EEEE d MMMM"}
MORNING, FORENOON, EVENING = 5, 10, 18
KB, MB, GB = 10**3, 10**6, 10**9
# What Babel names beside countries: unions, and what stands for none.
NO_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "QO", "ZZ"}


def _(message: str, **values: object) -> str:
    """`message` in the reader's language, with `values` filled in."""
    text = translator().gettext(message)
    return text % values if values else text


def _n(singular: str, plural: str, count: int, **values: object) -> str:
    """The form for so many in the reader's language; `%(number)s` is filled in."""
    return translator().ngettext(singular, plural, count) % {"number": number(count), **values}


def translator() -> Translator:
    """The texts for the request at hand."""
    held: Translator = g.translator
    return held


def language() -> str:
    """The reader's language: nb, sv, fi, da or en."""
    return translator().language


@cache
def catalogues() -> Catalogues:
    """All of them, read once."""
    return Catalogues(FOLDER, "portal")


def choose(catalogues: Catalogues, *, profile: str, cookie: str, accepted: list[str]) -> Translator:
    """The person's own language, else the one chosen before signing in, else the browser's first that is offered (ACC-20, ACC-71)."""
    if profile:
        return catalogues.translator(profile)
    if cookie in LANGUAGES:
        return catalogues.translator(cookie)
    first = next((each for each in accepted if offered(each) != "en" or each.lower().startswith("en")), "en")
    return catalogues.translator(first)


def moment(at: Timestamp | datetime, *, relative: bool = False) -> str:
    """Date and minute as the reader writes them, in the organisation's time zone (ACC-49)."""
    when = _local(at)
    time = babel.dates.format_time(when, "short", tzinfo=when.tzinfo, locale=_locale())
    days = (_local(clock.now()).date() - when.date()).days
    if relative and days == 0:
        return _("today %(time)s", time=time)
    if relative and days == 1:
        return _("yesterday %(time)s", time=time)
    return f"{_short(when)} {time}"


def day(at: Timestamp | datetime) -> str:
    """The date alone, written out."""
    return babel.dates.format_date(_local(at), "long", locale=_locale())


def is_today(at: Timestamp) -> bool:
    """Whether it was on the present day, as days are counted in the organisation's time zone."""
    return _local(at).date() == _local(clock.now()).date()


def today() -> str:
    """The present day with its weekday, to begin a sentence with."""
    text = babel.dates.format_date(_local(clock.now()), WEEKDAYS[language()], locale=_locale())
    return text[:1].upper() + text[1:]


def greeting(name: str) -> str:
    """How one is greeted at this hour."""
    hour = _local(clock.now()).hour
    if MORNING <= hour < FORENOON:
        return _("Good morning, %(name)s", name=name)
    return _("Good evening, %(name)s", name=name) if hour >= EVENING else _("Hello, %(name)s", name=name)


def month(number: int, year: int = 0, *, inside: bool = False) -> str:
    """The name of a month (a period), with the year where one is given; `inside` a sentence as the language writes it there."""
    name: str = Locale.parse(_locale()).months["stand-alone"]["wide"][number]
    name = name if inside else name[:1].upper() + name[1:]
    return f"{name} {year}" if year else name


def size(number: int) -> str:
    """Bytes for people: 4 kB, 2.3 MB."""
    scale, unit = (KB, "kB") if number < MB else (MB, "MB") if number < GB else (GB, "GB")
    value = max(number / scale, 0.1)
    return f"{babel.numbers.format_decimal(round(value, 0 if value >= 10 else 1), locale=_locale())} {unit}"


def number(value: int) -> str:
    """A number with the reader's separators."""
    return babel.numbers.format_decimal(value, locale=_locale())


def zone() -> ZoneInfo:
    """The organisation's time zone."""
    held: Any = g.get("held")
    return ZoneInfo((held.organisation.time_zone if held else "") or DEFAULT_ZONE)


def place() -> str:
    """The city by which people know that time zone."""
    name: str = babel.dates.get_timezone_location(zone(), locale=_locale(), return_city=True)
    return name


def area(value: int) -> str:
    """The name of a service area."""
    return {1: _("Accounting"), 2: _("Payroll"), 3: _("HR"), 4: _("Support for the portal")}.get(value, "")


def role(value: int) -> str:
    """The name of a role."""
    return {1: _("Administrator"), 2: _("Write"), 3: _("Read"), 4: _("Consultant"), 5: _("Programme administrator")}.get(value, "")


def programme(value: int) -> str:
    """The name of a programme of the product."""
    return {1: _("Client manager"), 2: _("Documents"), 3: _("News")}.get(value, "")


def countries() -> dict[str, str]:
    """Code to name of the countries in which a client can be registered."""
    return {"NO": _("Norway"), "SE": _("Sweden"), "FI": _("Finland"), "DK": _("Denmark")}


def invitation(value: int) -> str:
    """What became of an invitation by code."""
    return {
        1: _("Invitation is being sent"), 2: _("Invitation sent"), 3: _("Code entered"), 4: _("SMS sent"), 5: _("Identification completed"),
        6: _("Invitation expired"), 7: _("Invitation cancelled"), 8: _("Too many wrong codes"),
    }.get(value, "")  # fmt: skip


def all_countries() -> dict[str, str]:
    """Code to name of every country, by name in the reader's language."""
    named = {code: name for code, name in Locale.parse(_locale()).territories.items() if len(code) == 2 and code.isalpha()}
    return dict(sorted(((code, name) for code, name in named.items() if code not in NO_COUNTRIES), key=lambda each: each[1].casefold()))


def method(value: int) -> str:
    """The name of a second proof."""
    return {
        1: _("Authenticator app"), 2: _("Code by SMS"), 3: _("Recovery code"), 4: _("Code from your administrator"), 5: _("Passkey"),
    }.get(value, "")  # fmt: skip


def install(app: Flask) -> None:
    """Make the texts and formats known to the templates."""
    known: dict[str, Callable[..., Any]] = {
        "_": _, "_n": _n, "moment": moment, "day": day, "today": today, "greeting": greeting, "month": month, "size": size,
        "number": number, "language": language, "area_text": area, "role_text": role, "programme_text": programme,
        "method_text": method, "invitation_text": invitation,
    }  # fmt: skip
    app.jinja_env.globals.update(known, languages=NAMES)
    app.jinja_env.filters.update(area_text=area, programme_text=programme)


def _locale() -> str:
    # English here is what is read in Europe: day before month, 24 hours.
    return "en_GB" if language() == "en" else language()


def _short(when: datetime) -> str:
    return babel.dates.format_date(when, "d MMM y" if language() == "en" else "short", locale=_locale())


def _local(at: Timestamp | datetime) -> datetime:
    when = at if isinstance(at, datetime) else datetime.fromtimestamp(0, tz=UTC) + timedelta(seconds=at.seconds)
    return when.astimezone(zone())
