"""Numbers made up for tests: some that people must not write, and plenty that they write every day. None is anybody's."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

from stdnum import luhn
from stdnum.dk import cpr
from stdnum.iso7064 import mod_97_10
from stdnum.no import fodselsnummer, kontonr, orgnr

LETTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def digits(chance: random.Random, count: int) -> str:
    """So many digits."""
    return "".join(str(chance.randrange(10)) for _ in range(count))


def birthday(chance: random.Random) -> date:
    """Of somebody who works."""
    return date(1950, 1, 1) + timedelta(days=chance.randrange(18_000))


def norwegian(chance: random.Random) -> str:
    """A fødselsnummer, or in one of four cases a D-nummer."""
    while True:
        born = birthday(chance)
        day = born.day + (40 if chance.random() < 0.25 else 0)
        start = f"{day:02}{born:%m%y}{chance.randrange(500):03}"
        first = fodselsnummer.calc_check_digit1(start)
        number = start + first + fodselsnummer.calc_check_digit2(start + first)
        if len(number) == 11 and fodselsnummer.is_valid(number):
            return number


def swedish(chance: random.Random) -> str:
    """A personnummer, or in one of four cases a samordningsnummer."""
    born = birthday(chance)
    start = f"{born:%y%m}{born.day + (60 if chance.random() < 0.25 else 0):02}{digits(chance, 3)}"
    return start + luhn.calc_check_digit(start)


def finnish(chance: random.Random) -> str:
    """A henkilötunnus."""
    number = f"{birthday(chance):%d%m%y}{chance.randrange(2, 900):03}"
    return f"{number[:6]}-{number[6:]}{LETTERS[int(number) % 31]}"


def danish(chance: random.Random) -> str:
    """A CPR number with its check digit."""
    while True:
        number = f"{birthday(chance):%d%m%y}{chance.randrange(1, 4000):04}"
        if cpr.checksum(number) == 0 and cpr.is_valid(number):
            return number


def account(chance: random.Random) -> str:
    """An IBAN: Norwegian, Danish or Finnish."""
    country, length = chance.choice([("NO", 11), ("DK", 14), ("FI", 14)])
    inner = {"NO": bank, "DK": lambda c: digits(c, length), "FI": _finnish_bank}[country](chance)
    return f"{country}{mod_97_10.calc_check_digits(inner + country)}{inner}"


def _finnish_bank(chance: random.Random) -> str:
    start = "1" + digits(chance, 12)
    return start + luhn.calc_check_digit(start)


def card(chance: random.Random) -> str:
    """A card number of one of four kinds."""
    start = chance.choice(["4" + digits(chance, 14), "5" + str(chance.randrange(1, 6)) + digits(chance, 13), "37" + digits(chance, 12)])
    return start + luhn.calc_check_digit(start)


def bank(chance: random.Random) -> str:
    """A Norwegian bank account."""
    return _completed(digits(chance, 10), kontonr.is_valid) or bank(chance)


def organisation(chance: random.Random) -> str:
    """A Norwegian organisation number."""
    return _completed("9" + digits(chance, 7), orgnr.is_valid) or organisation(chance)


def payment(chance: random.Random, count: int) -> str:
    """A payment reference (KID, OCR) with a check digit."""
    start = digits(chance, count - 1)
    return start + luhn.calc_check_digit(start)


def amount(chance: random.Random) -> str:
    """With a space for thousands."""
    return f"{chance.randrange(1, 10 ** chance.randrange(3, 9)):,}".replace(",", " ")


def day(chance: random.Random) -> str:
    """A date, a period, or a moment."""
    first, last = birthday(chance), date(2024, 1, 1) + timedelta(days=chance.randrange(900))
    return chance.choice([
        f"{last:%d.%m.%Y}", f"{last:%Y-%m-%d}", f"{last:%d.%m.%y}", f"{first:%d.%m.%Y} - {last:%d.%m.%Y}", f"{last:%Y-%m-%d} 14:30",
        f"{last:%d.%m.%y} {amount(chance)} kr",
    ])  # fmt: skip


def telephone(chance: random.Random) -> str:
    """As people in the four countries write it."""
    n = partial(digits, chance)
    return chance.choice([
        f"9{n(2)} {n(2)} {n(3)}", f"+47 4{n(1)} {n(2)} {n(2)} {n(2)}", f"0047 9{n(7)}", f"07{n(1)}-{n(3)} {n(2)} {n(2)}",
        f"+46 7{n(1)} {n(3)} {n(2)} {n(2)}", f"04{n(1)} {n(3)} {n(4)}", f"+358 4{n(1)} {n(7)}", f"{n(2)} {n(2)} {n(2)} {n(2)}",
        f"+45 {n(8)}", f"tlf. 07{n(8)}",
    ])  # fmt: skip


def invoice(chance: random.Random) -> str:
    """Numbers of invoices and orders."""
    return chance.choice([f"faktura {digits(chance, chance.randrange(4, 10))}", f"2025-{digits(chance, 4)}", f"F{digits(chance, 8)}"])


SENSITIVE: dict[str, Callable[[random.Random], str]] = {
    "norwegian_identity_number": norwegian, "swedish_identity_number": swedish, "finnish_identity_code": finnish,
    "danish_identity_number": danish, "iban": account, "payment_card": card,
}  # fmt: skip


def _completed(start: str, valid: Callable[[str], bool]) -> str:
    return next((start + last for last in "0123456789" if valid(start + last)), "")
