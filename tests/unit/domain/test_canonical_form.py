"""Checking gives the canonical form: the same object where it is so already, another where anything differs."""

from dataclasses import replace

import pytest

from reputable.domain.claims import Claim
from reputable.domain.findings import of_verdict
from reputable.domain.sources import SourceReference
from reputable.domain.times import DAY
from reputable.domain.verdicts import Level, Scorecard, Verdict
from tests.builders import NOON

CLAIM = Claim(
    "The bridge stands.", SourceReference(name="Ministry of Works"), NOON - 2 * DAY, "a speech", ("bridges", "roads"),
    "en", ("The Gazette",),
)  # fmt: skip
VERDICT = Verdict(CLAIM, 0.5, "Desk", NOON - DAY, "half true", "https://example.org/1")


def test_what_is_canonical_is_returned_itself() -> None:
    assert CLAIM.checked(NOON) is CLAIM
    assert VERDICT.checked(NOON) is VERDICT
    bare = Verdict(Claim("The bridge stands.", SourceReference(id="works")), None, "Desk", NOON)
    assert bare.checked(NOON) is bare


@pytest.mark.parametrize(
    "change",
    [
        {"text": " The  bridge stands."}, {"source": SourceReference(name="Ministry  of Works")},
        {"context": "a speech "}, {"topics": ("roads", "Bridges")}, {"language": "EN"}, {"via": ("The Gazette\n",)},
    ],
)  # fmt: skip
def test_of_a_claim_every_field_is_brought_into_form(change: dict[str, object]) -> None:
    assert replace(CLAIM, **change).checked(NOON) == CLAIM  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"claim": replace(CLAIM, text="The bridge stands. ")}, {"reviewer": " Desk"}, {"label": "half  true"},
        {"url": " https://example.org/1"},
    ],
)  # fmt: skip
def test_of_a_verdict_every_field_is_brought_into_form(change: dict[str, object]) -> None:
    assert replace(VERDICT, **change).checked(NOON) == VERDICT  # type: ignore[arg-type]


def test_a_zero_has_no_sign() -> None:
    found = replace(VERDICT, truthfulness=-0.0).checked(NOON)
    assert repr(found.truthfulness) == "0.0"
    zero = replace(VERDICT, truthfulness=0.0)
    assert zero.checked(NOON) is zero
    levels = (Level(-0.0, 3), Level(1.0, 1))
    card = Scorecard(SourceReference(id="works"), "Desk", NOON - 2 * DAY, NOON - DAY, levels)
    assert repr(card.checked(NOON).levels[0].truthfulness) == "0.0"


def test_a_sign_in_an_old_row_spoils_no_other() -> None:
    old, new = (of_verdict(replace(VERDICT, truthfulness=zero)) for zero in (-0.0, 0.0))
    assert old.content_digest(b"key") != new.content_digest(b"key")
    assert repr(new.levels[0].truthfulness) == "0.0"


def test_a_review_a_little_ahead_counts_from_now() -> None:
    assert replace(VERDICT, reviewed_at=NOON + 1_000_000).checked(NOON) == replace(VERDICT, reviewed_at=NOON)


def test_of_a_source_with_an_id_the_name_is_left_out() -> None:
    both = replace(CLAIM, source=SourceReference(id="works", name="Ministry of Works"))
    assert both.checked(NOON).source == SourceReference(id="works")
