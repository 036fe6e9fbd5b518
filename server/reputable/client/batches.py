"""Batches that fit in a message, either way."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from reputable.client.errors import CallError
from reputable.v1.credibility_pb2 import AssessClaimRequest, Explanation

MAX_ITEMS = 4096
"""Items a batch may have."""
BATCH_SIZE = 512
"""Items a batch has unless told otherwise: nearly as fast as the largest, and soon answered."""
MAX_BYTES = 4 * 1024 * 1024 - 4096
"""Bytes a batch may have, less some for the call around it."""

_ITEM_BYTES = 8
"""At most what a message of under 4 MiB costs besides its own bytes in a repeated field."""
_ANSWER_BYTES = {
    Explanation.EXPLANATION_UNSPECIFIED: 1024,
    Explanation.EXPLANATION_NONE: 1024,
    Explanation.EXPLANATION_SUMMARY: 8192,
    Explanation.EXPLANATION_FULL: 16384,
}

Item = TypeVar("Item", bound=Message)


def batches(items: Iterable[Item], most: int = MAX_ITEMS) -> Iterator[list[Item]]:
    """Split items, in order, into the longest batches of at most `most` items and MAX_BYTES.

    Room is kept for the answers too. A single item over MAX_BYTES is sent alone, for the service
    to refuse.
    """
    batch: list[Item] = []
    asked = answered = 0
    for item in items:
        size, answer = item.ByteSize() + _ITEM_BYTES, _answer_bytes(item)
        if batch and (len(batch) >= most or asked + size > MAX_BYTES or answered + answer > MAX_BYTES):
            yield batch
            batch, asked, answered = [], 0, 0
        batch.append(item)
        asked += size
        answered += answer
    if batch:
        yield batch


def halves(batch: list[Item], error: CallError) -> tuple[list[Item], ...]:
    """The two halves of a batch that was refused for its size; nothing for any other error."""
    refused = error.status is grpc.StatusCode.INVALID_ARGUMENT and error.field == "requests"
    if not refused or len(batch) < 2:
        return ()
    middle = len(batch) // 2
    return batch[:middle], batch[middle:]


def _answer_bytes(item: Message) -> int:
    if not isinstance(item, AssessClaimRequest):
        return _ANSWER_BYTES[Explanation.EXPLANATION_NONE]
    return _ANSWER_BYTES.get(item.explanation, 0) + 4 * len(item.claim.source_name)
