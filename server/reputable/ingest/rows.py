"""What a reader yields, and how one field of a raw record is read.

A reader yields one row or one `Reject` for each record of its file, in order, and raises
`FileRefused` when the file as a whole cannot be read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from reputable.domain.errors import InvalidInput
from reputable.domain.sources import SourceKind
from reputable.domain.times import Micros, parse_time

_NOT_UTF8 = re.compile("[\udc80-\udcff]")
TRUE_WORDS = frozenset({"1", "true", "yes"})
FALSE_WORDS = frozenset({"", "0", "false", "no"})


class FileRefusedError(Exception):
    """The file as a whole cannot be read; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be used: its line (from 1) and one sentence that says why."""

    line: int
    reason: str


class Record(NamedTuple):
    """A raw record: the line it starts on (from 1) and its values by column."""

    line: int
    values: Mapping[str, object]


def text_in(values: Mapping[str, object], column: str) -> str:
    """The column's text, "" when it is absent or null; InvalidInput when it is not text."""
    value = values.get(column)
    if value is None:
        return ""
    if type(value) is str and value.isascii():
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidInput(column, f"is {_kind_of(value)}; give text")
    text = str(value)
    if _NOT_UTF8.search(text):
        raise InvalidInput(column, "is not UTF-8; save the file as UTF-8")
    return text


def texts_in(values: Mapping[str, object], column: str) -> tuple[str, ...]:
    """The column's list of texts; in a CSV the texts are separated by semicolons."""
    value = values.get(column)
    if isinstance(value, list):
        return tuple(text_in({column: item}, column) for item in value)
    return tuple(part.strip() for part in text_in(values, column).split(";") if part.strip())


def time_in(values: Mapping[str, object], column: str) -> Micros | None:
    """The column's time, None when it is empty; InvalidInput when it is not ISO 8601."""
    value = values.get(column)
    text = value.isoformat() if isinstance(value, date | datetime) else text_in(values, column)
    if not text.strip():
        return None
    try:
        return parse_time(text)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(column, str(error)) from error


def number_in(values: Mapping[str, object], column: str) -> float | None:
    """The column's number, None when it is empty; InvalidInput when it is not one."""
    text = text_in(values, column).strip()
    if not text:
        return None
    try:
        return float(text.replace("_", "?"))
    except ValueError:
        raise InvalidInput(column, f"{text[:40]!r} is not a number") from None


def count_in(values: Mapping[str, object], column: str) -> int:
    """The column's whole number, 0 when it is empty; InvalidInput when it is not one."""
    number = number_in(values, column)
    if number is None:
        return 0
    if not number.is_integer():
        raise InvalidInput(column, f"{number!r} is not a whole number")
    return int(number)


def flag_in(values: Mapping[str, object], column: str) -> bool:
    """The column's yes or no, no when it is empty; InvalidInput when it is neither."""
    value = values.get(column)
    text = str(value).lower() if isinstance(value, bool) else text_in(values, column).strip().lower()
    if text in TRUE_WORDS:
        return True
    if text in FALSE_WORDS:
        return False
    raise InvalidInput(column, f"{text[:40]!r} is neither 1 nor 0")


def kind_in(values: Mapping[str, object], column: str) -> SourceKind:
    """The column's kind in any letter case, UNSPECIFIED when it is empty; InvalidInput otherwise."""
    name = text_in(values, column).strip().lower()
    try:
        return SourceKind(name or SourceKind.UNSPECIFIED.value)
    except ValueError:
        known = ", ".join(kind.value for kind in SourceKind)
        raise InvalidInput(column, f"{name[:40]!r} is not a kind; give one of {known}") from None


def reason_of(error: InvalidInput, columns: Mapping[str, str]) -> str:
    """The refusal in the words of the file: `columns` maps a field's path to its column."""
    column = columns.get(error.field, error.field)
    return f"{column}: {error.description}" if column else error.description


def _kind_of(value: object) -> str:
    names = {dict: "an object", list: "a list", bool: "true or false"}
    return names.get(type(value), type(value).__name__)
