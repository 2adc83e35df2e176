"""Which bytes of a file somebody wants (RFC 9110 § 14)."""

from chassis.errors import Invalid


def wanted(size: int, *, offset: int, length: int, last: int) -> range | None:
    """The bytes asked for, of a file of ``size`` bytes: ``length`` from ``offset`` on, or the ``last`` ones. None for all of them.

    A length of 0 means all that follow; what goes past the end is cut off. Raises Invalid ``range_not_satisfiable`` for what begins there.
    """
    if not (offset or length or last):
        return None
    if last:
        return range(max(0, size - last), size)
    if offset >= size:
        raise Invalid("range_not_satisfiable", "The file has no such bytes.", facts={"size": str(size)})
    return range(offset, min(size, offset + length) if length else size)
