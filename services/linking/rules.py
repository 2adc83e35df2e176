"""How clients are named in lists, and what makes an assignment."""

import unicodedata
from collections.abc import Iterable

# Accounting, payroll and HR, as the contract numbers them: what a firm does for a client where nobody says otherwise.
ALL_AREAS = (1, 2, 3)
# Help with the portal itself: part of what every firm does for every client.
PORTAL_SUPPORT = 4


def name_key(name: str) -> str:
    """The name as it is sorted and searched: without difference of case or of ways to write the same letter."""
    # NUL cannot be in a name, and PostgreSQL takes no question that has it.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.replace("\0", "").strip()).casefold())


def areas_in_order(areas: Iterable[int]) -> list[int]:
    """Service areas as they are kept: each once, ascending, so that equal sets are equal lists."""
    return sorted(set(areas))


def firm_areas(asked: Iterable[int]) -> list[int]:
    """What a firm does for a client: what is asked for, or everything."""
    return areas_in_order(asked) or list(ALL_AREAS)


def may_link(*, firm_id: str, made_by_firm_id: str) -> bool:
    """Whether a firm may record a link without asking: only to a client it has made itself."""
    return bool(firm_id) and firm_id == made_by_firm_id
