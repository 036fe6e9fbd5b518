"""Claims, sources and scorecards are read from files."""

import json
from pathlib import Path

import pytest

from reputable.domain.sources import SourceKind
from reputable.domain.times import parse_time
from reputable.domain.verdicts import Level
from reputable.ingest.claim_files import ClaimRow, SourceRow, read_claims, read_sources
from reputable.ingest.rows import FileRefusedError, Reject
from reputable.ingest.scorecard_files import ScorecardRow, read_scorecards

ROOT = Path(__file__).resolve().parents[3]
CARDS = "source_id,source,kind,reviewer,period_start,period_end,level_0,level_0_6,level_1,unproven"


def lines_file(folder: Path, *rows: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def cards_file(folder: Path, *lines: str) -> Path:
    path = folder / "cards.csv"
    path.write_text("\n".join((CARDS, *lines)), encoding="utf-8")
    return path


def test_a_claim_may_name_its_source_by_name_or_by_id(tmp_path: Path) -> None:
    named = {"id": "c1", "text": "Rain fell.", "source": "Jo Doe", "via": ["The Paper"]}
    first, second = read_claims(lines_file(tmp_path, named, {"claim": "Snow.", "source_id": "jo"}))

    assert isinstance(first, ClaimRow)
    assert (first.line, first.id, first.claim.source.name) == (1, "c1", "Jo Doe")
    assert first.claim.via == ("The Paper",)
    assert isinstance(second, ClaimRow)
    assert second.claim.source.id == "jo"


def test_a_claim_that_cannot_be_assessed_is_rejected(tmp_path: Path) -> None:
    path = lines_file(tmp_path, {"text": " ", "source": "Jo"}, {"text": "x" * 10_001, "source": "Jo"})

    assert list(read_claims(path)) == [
        Reject(1, "text: is empty; give 1 to 10,000 characters"),
        Reject(2, "text: has 10,001 characters; at most 10,000 are taken"),
    ]


def test_a_source_has_a_kind_and_aliases(tmp_path: Path) -> None:
    path = lines_file(
        tmp_path,
        {"name": "Ministry of Trade", "kind": "GOVERNMENT_BODY", "aliases": ["MoT"]},
        {"name": "X", "kind": "planet"},
    )

    first, second = read_sources(path)

    assert isinstance(first, SourceRow)
    assert first.source.id == "ministry-of-trade"
    assert (first.source.kind, first.source.aliases) == (SourceKind.GOVERNMENT_BODY, ("MoT",))
    assert isinstance(second, Reject)
    assert second.reason.startswith("kind: 'planet' is not a kind; give one of")


def test_a_scorecard_counts_claims_by_level(tmp_path: Path) -> None:
    (row,) = read_scorecards(cards_file(tmp_path, "jo,Jo Doe,PERSON,The Checker,2019-01-01,2020-01-01,2,0,3,1"))

    assert isinstance(row, ScorecardRow)
    assert row.scorecard.levels == (Level(0.0, 2), Level(1.0, 3))
    assert (row.scorecard.source.id, row.scorecard.unproven_count) == ("jo", 1)
    assert row.scorecard.period_end == parse_time("2020-01-01")
    assert row.source is not None
    assert (row.source.name, row.source.kind) == ("Jo Doe", SourceKind.PERSON)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",Jo,,C,2019-01-01,2020-01-01,0,0,0,0", "level_*: counts no claim"),
        (",Jo,,C,2019-01-01,2020-01-01,1.5,0,0,0", "level_0: 1.5 is not a whole number"),
        (",Jo,,C,2019-01-01,2020-01-01,-1,0,0,0", "level_*: -1 is not a count; give 0 to 1,000,000"),
        (",Jo,,C,2019-01-01,,1,0,0,0", "period_end: is empty"),
        (",Jo,,C,2020-01-01,2019-01-01,1,0,0,0", "period_end: must lie after period_start_time"),
    ],
)
def test_a_scorecard_that_cannot_be_used_is_rejected(tmp_path: Path, line: str, reason: str) -> None:
    assert list(read_scorecards(cards_file(tmp_path, line))) == [Reject(2, reason)]


def test_the_files_that_ship_are_read_without_a_reject() -> None:
    starter = ROOT / "server" / "reputable" / "starter"
    rows = [
        *read_scorecards(starter / "scorecards.csv"),
        *read_sources(starter / "sources.jsonl"),
        *read_sources(ROOT / "examples" / "sources.jsonl"),
        *read_claims(ROOT / "examples" / "border_raid_claims.jsonl"),
        *read_claims(ROOT / "examples" / "with_record_claims.jsonl"),
    ]

    assert len(rows) > 600
    assert [row for row in rows if isinstance(row, Reject)] == []


def test_a_scorecard_file_that_lacks_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cards.csv"
    path.write_text("source,reviewer\n")

    with pytest.raises(FileRefusedError, match="lacks the columns period_start, period_end"):
        list(read_scorecards(path))
