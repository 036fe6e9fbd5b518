"""ClaimReview (https://schema.org/ClaimReview) as JSON-LD: one review, a list, a graph or a feed."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from reputable.domain.errors import InvalidInput
from reputable.ingest.records import parse_json, text_lines
from reputable.ingest.rows import FileRefusedError, Record, Reject, number_in, reason_of, text_in

SUFFIXES = frozenset({".json", ".jsonld"})
DEFAULT_WORST = 1.0
DEFAULT_BEST = 5.0
"""schema.org's ends of a rating's scale where a review names none."""


def read_reviews(path: Path) -> Iterator[Record | Reject]:
    """Each ClaimReview of the document as a verdict record; `line` counts them from 1.

    Raises:
        FileRefusedError: It cannot be opened, is not JSON, or holds no ClaimReview.
    """
    try:
        document = parse_json("".join(text_lines(path)))
    except OSError as error:
        raise FileRefusedError(f"{path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise FileRefusedError(f"{path.name} {error}.") from error
    number = 0
    for number, review in enumerate(_reviews_in(document), start=1):
        yield record_of(number, review)
    if not number:
        raise FileRefusedError(f"{path.name} holds no ClaimReview.")


def is_review(values: Mapping[str, object]) -> bool:
    """Whether a JSON object is a ClaimReview."""
    kind = values.get("@type")
    return kind == "ClaimReview" or (isinstance(kind, list) and "ClaimReview" in kind)


def record_of(line: int, review: Mapping[str, object]) -> Record | Reject:
    """The review in the columns of a verdict file."""
    claim = _object_in(review, "itemReviewed")
    rating = _object_in(review, "reviewRating")
    try:
        values: dict[str, object] = {
            "claim": text_in(review, "claimReviewed"),
            "source": _name_in(claim, "author"),
            "truthfulness": _truthfulness(rating),
            "claimed_at": text_in(claim, "datePublished"),
            "reviewed_at": text_in(review, "datePublished"),
            "reviewer": _name_in(review, "author"),
            "label": text_in(rating, "alternateName"),
            "url": text_in(review, "url"),
        }
    except InvalidInput as error:
        return Reject(line, reason_of(error, {}))
    return Record(line, values)


def _reviews_in(document: object) -> Iterator[dict[str, object]]:
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(reversed(node))
        elif isinstance(node, dict):
            if is_review(node):
                yield node
            else:
                waiting.extend(reversed(list(node.values())))


def _truthfulness(rating: Mapping[str, object]) -> float | None:
    """(value - worst) / (best - worst), None without a value: the review settles nothing."""
    value = number_in(rating, "ratingValue")
    if value is None:
        return None
    worst, best = number_in(rating, "worstRating"), number_in(rating, "bestRating")
    worst = DEFAULT_WORST if worst is None else worst
    best = DEFAULT_BEST if best is None else best
    if not worst < best:
        raise InvalidInput("reviewRating", f"its best ({best:g}) is not above its worst ({worst:g})")
    if not worst <= value <= best:
        raise InvalidInput("reviewRating", f"{value:g} lies outside of its scale {worst:g} to {best:g}")
    return (value - worst) / (best - worst)


def _object_in(values: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = values.get(key)
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, dict) else {}


def _name_in(values: Mapping[str, object], key: str) -> str:
    found = _object_in(values, key)
    return text_in(found, "name") if found else text_in(values, key)
