"""What checking found: single verdicts and scorecards."""

import math
from dataclasses import dataclass, replace
from enum import Enum
from urllib.parse import urlsplit

from reputable.domain.claims import Claim, check_reference, check_time
from reputable.domain.errors import InvalidInput
from reputable.domain.sources import SourceReference
from reputable.domain.text import check_name, check_text
from reputable.domain.times import Micros, format_time

CREDIBLE_FROM = 0.5
"""A claim counts as found credible from this truthfulness on."""

MAX_REVIEWER_CHARACTERS = 256
MAX_LABEL_CHARACTERS = 128
MAX_URL_CHARACTERS = 2_048
MAX_REASON_CHARACTERS = 1_024
MAX_REQUEST_ID_CHARACTERS = 128
MAX_LEVELS = 32
MAX_LEVEL_COUNT = 1_000_000


class Standing(Enum):
    """How much a reviewer's verdicts weigh."""

    NEW = "new"
    ESTABLISHED = "established"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one reviewer found about one claim; `truthfulness` in [0, 1], None when unproven."""

    claim: Claim
    truthfulness: float | None
    reviewer: str
    reviewed_at: Micros
    label: str = ""
    url: str = ""

    def checked(self, now: Micros) -> "Verdict":
        """Return the verdict in canonical form (itself where it is so already), or raise InvalidInput naming the field.

        A review time that lies ahead within the tolerance for clocks is taken as `now`, so that a
        verdict counts from the moment it is acknowledged.
        """
        truthfulness = self.truthfulness
        if truthfulness is not None:
            truthfulness = check_truthfulness("verdict.truthfulness", truthfulness)
        claim = self.claim.checked(now)
        check_time("verdict.review_time", self.reviewed_at, now)
        if claim.claimed_at is not None and self.reviewed_at < claim.claimed_at:
            raise InvalidInput(
                "verdict.review_time",
                f"{format_time(self.reviewed_at)} lies before the claim's time "
                f"{format_time(claim.claimed_at)}; a claim is reviewed after it is made",
            )
        reviewer = check_name("verdict.reviewer", self.reviewer, MAX_REVIEWER_CHARACTERS)
        label = check_text("verdict.label", self.label, MAX_LABEL_CHARACTERS, least=0) if self.label else ""
        found = (claim, reviewer, min(self.reviewed_at, now), label, check_url("verdict.url", self.url))
        same = truthfulness is self.truthfulness  # Equal they are even where a zero has lost its sign.
        if same and found == (self.claim, self.reviewer, self.reviewed_at, self.label, self.url):
            return self
        return Verdict(claim, truthfulness, *found[1:])


@dataclass(frozen=True, slots=True)
class Level:
    """How many claims were found at one level of truthfulness."""

    truthfulness: float
    count: int


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A reviewer's counts for one source over [period_start, period_end); counts from its end."""

    source: SourceReference
    reviewer: str
    period_start: Micros
    period_end: Micros
    levels: tuple[Level, ...]
    unproven_count: int = 0
    url: str = ""

    def checked(self, now: Micros) -> "Scorecard":
        """Return the scorecard in canonical form, or raise InvalidInput naming the field."""
        check_time("scorecard.period_end_time", self.period_end, now)
        if min(self.period_end, now) <= self.period_start:
            raise InvalidInput("scorecard.period_end_time", "must lie after period_start_time")
        if not 1 <= len(self.levels) <= MAX_LEVELS:
            raise InvalidInput("scorecard.level_counts", f"give 1 to {MAX_LEVELS} levels")
        if len({level.truthfulness for level in self.levels}) != len(self.levels):
            raise InvalidInput("scorecard.level_counts", "give each level of truthfulness once")
        levels = [
            Level(check_truthfulness("scorecard.level_counts", one.truthfulness), one.count) for one in self.levels
        ]
        for level in levels:
            check_count("scorecard.level_counts", level.count)
        check_count("scorecard.unproven_count", self.unproven_count)
        return replace(
            self,
            period_end=min(self.period_end, now),
            source=check_reference("scorecard.", self.source),
            reviewer=check_name("scorecard.reviewer", self.reviewer, MAX_REVIEWER_CHARACTERS),
            levels=tuple(sorted(levels, key=lambda level: level.truthfulness)),
            url=check_url("scorecard.url", self.url),
        )


def check_truthfulness(field: str, value: float) -> float:
    """Return the number, a zero without its sign (SQLite does not keep it), or raise InvalidInput unless in [0, 1]."""
    if not (math.isfinite(value) and 0.0 <= value <= 1.0):
        raise InvalidInput(field, f"{value!r} is not a truthfulness; give a number from 0 to 1")
    return value if value or math.copysign(1.0, value) > 0.0 else 0.0


def check_count(field: str, value: int) -> None:
    """Raise InvalidInput unless `value` is a count from 0 to MAX_LEVEL_COUNT."""
    if not 0 <= value <= MAX_LEVEL_COUNT:
        raise InvalidInput(field, f"{value} is not a count; give 0 to {MAX_LEVEL_COUNT:,}")


def check_url(field: str, url: str) -> str:
    """Return the address, or raise InvalidInput unless it is empty or an http(s) address."""
    if not url:
        return ""
    result = check_name(field, url, MAX_URL_CHARACTERS)
    try:
        parts = urlsplit(result)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise InvalidInput(field, "is not an address; give one that starts with http:// or https://")
    return result


def check_request_id(request_id: str) -> str:
    """Return the idempotency key, or raise InvalidInput."""
    if not (request_id.isascii() and request_id.isprintable() and 1 <= len(request_id) <= MAX_REQUEST_ID_CHARACTERS):
        raise InvalidInput(
            "request_id", f"give 1 to {MAX_REQUEST_ID_CHARACTERS} printable ASCII characters of your own choice"
        )
    return request_id
