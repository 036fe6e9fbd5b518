"""ClaimReview documents become verdicts."""

import json
from pathlib import Path

import pytest

from reputable.domain.times import parse_time
from reputable.ingest.rows import Reject
from reputable.ingest.verdict_files import VerdictRow, read_verdicts

NOW = parse_time("2026-01-01")


def review(**changed: object) -> dict[str, object]:
    made: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "url": "https://checker.example/1",
        "datePublished": "2020-02-03",
        "claimReviewed": "Rain fell on Monday.",
        "author": {"@type": "Organization", "name": "The Checker"},
        "itemReviewed": {
            "@type": "Claim",
            "author": {"@type": "Person", "name": "Jo Doe"},
            "datePublished": "2020-02-01",
        },
        "reviewRating": {
            "@type": "Rating",
            "ratingValue": "4",
            "worstRating": 1,
            "bestRating": 5,
            "alternateName": "Mostly true",
        },
    }
    return made | changed


def read(folder: Path, document: object, name: str = "reviews.jsonld") -> list[VerdictRow | Reject]:
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return list(read_verdicts(path, now=NOW))


def test_a_review_is_a_verdict_on_the_normalised_scale(tmp_path: Path) -> None:
    (row,) = read(tmp_path, review())

    assert isinstance(row, VerdictRow), row
    verdict = row.verdict
    assert (verdict.truthfulness, verdict.label) == (0.75, "Mostly true")
    assert (verdict.claim.text, verdict.claim.source.name) == ("Rain fell on Monday.", "Jo Doe")
    assert (verdict.reviewer, verdict.url) == ("The Checker", "https://checker.example/1")
    assert verdict.claim.claimed_at == parse_time("2020-02-01")
    assert verdict.reviewed_at == parse_time("2020-02-03")


@pytest.mark.parametrize(
    "document",
    [
        [review(), review()],
        {"@graph": [review(), {"@type": "WebPage"}, review()]},
        {"dataFeedElement": [{"item": [review()]}, {"item": review()}]},
    ],
)
def test_reviews_are_found_wherever_they_stand(tmp_path: Path, document: object) -> None:
    found = read(tmp_path, document)

    assert [(type(row), row.line) for row in found] == [(VerdictRow, 1), (VerdictRow, 2)]


def test_reviews_may_be_lines_of_a_json_lines_file(tmp_path: Path) -> None:
    (row,) = read(tmp_path, review(), name="reviews.jsonl")

    assert isinstance(row, VerdictRow)
    assert row.verdict.truthfulness == 0.75


def test_a_review_without_a_value_is_unproven_and_keeps_its_label(tmp_path: Path) -> None:
    (row,) = read(tmp_path, review(reviewRating={"alternateName": "No evidence"}))

    assert isinstance(row, VerdictRow)
    assert (row.verdict.truthfulness, row.verdict.label) == (None, "No evidence")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"reviewRating": {"ratingValue": 9}}, "reviewRating: 9 lies outside of its scale 1 to 5"),
        (
            {"reviewRating": {"ratingValue": 1, "worstRating": 2, "bestRating": 2}},
            "reviewRating: its best (2) is not above its worst (2)",
        ),
        ({"reviewRating": {"ratingValue": "good"}}, "ratingValue: 'good' is not a number"),
        ({"claimReviewed": ""}, "claim: is empty; give 1 to 10,000 characters"),
        ({"itemReviewed": []}, "source: is missing; give source_id, or source_name as written"),
    ],
)
def test_a_review_that_cannot_be_used_is_rejected(tmp_path: Path, changed: dict[str, object], reason: str) -> None:
    assert read(tmp_path, review(**changed)) == [Reject(1, reason)]
