"""Page sizes and page tokens."""

from collections.abc import Iterable
from itertools import accumulate, takewhile
from typing import TypeVar

from google.protobuf.message import Message

from reputable.domain.errors import InvalidInput

DEFAULT_PAGE = 100
MAX_PAGE = 1_000
MAX_PAGE_BYTES = 4 * 1024 * 1024 - 64 * 1024
"""A page ends before the answer would pass what callers take, 4 MiB."""
_PREFIX = "p1."

M = TypeVar("M", bound=Message)


def decode_page_size(size: int) -> int:
    """How many items a page holds; 0 means the default."""
    if not 0 <= size <= MAX_PAGE:
        raise InvalidInput("page_size", f"{size} is not a size; give 1 to {MAX_PAGE:,}, or 0 for {DEFAULT_PAGE}")
    return size or DEFAULT_PAGE


def decode_page_token(token: str) -> str:
    """The item after which the page starts; empty for the first page."""
    if not token:
        return ""
    if not token.startswith(_PREFIX) or len(token) == len(_PREFIX):
        raise bad_page_token()
    return token.removeprefix(_PREFIX)


def bad_page_token() -> InvalidInput:
    """The refusal of a token that no page gave out."""
    return InvalidInput("page_token", "is not a token; give back a next_page_token as received")


def encode_page_token(last: str) -> str:
    """The token of the page after the item `last`."""
    return _PREFIX + last


def fitting(items: Iterable[M]) -> list[M]:
    """The first of the items, as many as fit an answer, at least one where there is one."""
    found = list(items)
    sizes = accumulate(item.ByteSize() + 8 for item in found)
    return found[: max(1, sum(1 for _ in takewhile(lambda size: size <= MAX_PAGE_BYTES, sizes)))]
