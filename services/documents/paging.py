"""Pages of lists whose token is the id of the last row shown."""

from uuid import UUID

from chassis.errors import Invalid

SIZE = 50
BEFORE_ALL = str(UUID(int=2**128 - 1))


def page_size(asked: int) -> int:
    """How many rows a page has."""
    return asked or SIZE


def after(token: str) -> str:
    """The id that the page begins behind. Raises Invalid for a token that is not ours."""
    try:
        return str(UUID(token)) if token else BEFORE_ALL
    except ValueError as error:
        raise Invalid("bad_page_token", "The page token is not one of ours.", fields={"page_token": "bad_page_token"}) from error
