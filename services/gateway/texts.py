"""What people read, in their language: texts, dates, sizes and months."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import babel.dates
import babel.numbers
from babel import Locale
from flask import Flask, g
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.language import LANGUAGES, Catalogues, Translator, offered

COOKIE = "language"
DEFAULT_ZONE = "Europe/Oslo"
FOLDER = Path(__file__).parent / "locale"
NAMES = {"nb": "Norsk", "sv": "Svenska", "fi": "Suomi", "da": "Dansk", "en": "English"}


def _(message: str, **values: object) -> str:
    """`message` in the reader's language, with `values` filled in."""
    text = translator().gettext(message)
    return text % values if values else text


def _n(singular: str, plural: str, number: int, **values: object) -> str:
    """The form for `number` of the reader's language; `%(number)s` is filled in."""
    return translator().ngettext(singular, plural, number) % {"number": babel.numbers.format_decimal(number, locale=language()), **values}


def translator() -> Translator:
    """The texts for the request at hand."""
    held: Translator = g.translator
    return held


def language() -> str:
    """The reader's language: nb, sv, fi, da or en."""
    return translator().language


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
    if relative and when.date() == datetime.now(when.tzinfo).date():
        return _("today %(time)s", time=babel.dates.format_time(when, "HH:mm", tzinfo=when.tzinfo, locale=language()))
    return f"{babel.dates.format_date(when, 'short' if language() == 'en' else 'dd.MM.yyyy', locale=language())} {when:%H:%M}"


def day(at: Timestamp | datetime) -> str:
    """The date alone, written out."""
    return babel.dates.format_date(_local(at), "long", locale=language())


def month(number: int, year: int = 0) -> str:
    """The name of a month (a period), with the year where one is given."""
    name = Locale.parse(language()).months["stand-alone"]["wide"][number]
    return f"{name} {year}" if year else name.capitalize()


def size(number: int) -> str:
    """Bytes for people: 4 kB, 2.3 MB."""
    for unit, limit in (("kB", 10**6), ("MB", 10**9)):
        if number < limit:
            value = number / (limit / 1000)
            return f"{babel.numbers.format_decimal(round(value, 0 if value >= 10 else 1) or 0.1, locale=language())} {unit}"
    return f"{babel.numbers.format_decimal(round(number / 10**9, 1), locale=language())} GB"


def number(value: int) -> str:
    """A number with the reader's separators."""
    return babel.numbers.format_decimal(value, locale=language())


def zone() -> ZoneInfo:
    """The organisation's time zone."""
    held: Any = getattr(g, "held", None)
    return ZoneInfo((held.organisation.time_zone if held else "") or DEFAULT_ZONE)


def install(app: Flask) -> None:
    """Make the texts and formats known to the templates."""
    known: dict[str, Callable[..., Any]] = {
        "_": _, "_n": _n, "moment": moment, "day": day, "month": month, "size": size, "number": number, "language": language,
        "area_text": area, "role_text": role,
    }  # fmt: skip
    app.jinja_env.globals.update(known, languages=NAMES)


def _local(at: Timestamp | datetime) -> datetime:
    when = at if isinstance(at, datetime) else datetime.fromtimestamp(at.seconds, tz=ZoneInfo("UTC"))
    return when.astimezone(zone())


def area(value: int) -> str:
    """The name of a service area."""
    return {1: _("Accounting"), 2: _("Payroll"), 3: _("HR")}.get(value, "")


def role(value: int) -> str:
    """The name of a role."""
    return {1: _("Administrator"), 2: _("Write"), 3: _("Read"), 4: _("Consultant")}.get(value, "")
