"""Rows in lots, so that a file of any size is worked through in constant memory."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Row = TypeVar("Row")
ROWS_AT_ONCE = 512


def chunks(rows: Iterable[Row], size: int = ROWS_AT_ONCE) -> Iterator[list[Row]]:
    """The rows in lists of at most `size`, in order."""
    waiting = iter(rows)
    while chunk := list(islice(waiting, size)):
        yield chunk
