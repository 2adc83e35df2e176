"""How clients are named in lists, and what makes an assignment."""

import unicodedata
from collections.abc import Iterable


def name_key(name: str) -> str:
    """The name as it is sorted and searched: without difference of case or of ways to write the same letter."""
    # NUL cannot be in a name, and PostgreSQL takes no question that has it.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.replace("\0", "").strip()).casefold())


def areas_in_order(areas: Iterable[int]) -> list[int]:
    """Service areas as they are kept: each once, ascending, so that equal sets are equal lists."""
    return sorted(set(areas))


def may_link(*, firm_id: str, made_by_firm_id: str) -> bool:
    """Whether a firm may record a link without asking: only to a client it has made itself."""
    return bool(firm_id) and firm_id == made_by_firm_id
