"""The example claims and the starter scorecards fit together."""

import csv
import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
STARTER = ROOT / "server" / "reputable" / "starter"
SCRIPT = ROOT / "scripts" / "make_starter_scorecards.py"
VERDICTS = ROOT.parent / "shared" / "data" / "verdicts" / "politifact_2007_2021.csv"
LEVELS = ["level_0", "level_0_2", "level_0_4", "level_0_6", "level_0_8", "level_1"]
KINDS = {"PERSON", "GOVERNMENT_BODY", "ORGANISATION", "PUBLICATION", "ACCOUNT", "COLLECTIVE"}
CLAIM_FILES = ["border_raid_claims.jsonl", "with_record_claims.jsonl"]


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_scorecards(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def all_sources() -> list[dict[str, Any]]:
    return read_lines(EXAMPLES / "sources.jsonl") + read_lines(STARTER / "sources.jsonl")


def make_scorecards(verdicts: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--verdicts", str(verdicts), "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_raid_has_at_least_30_claims_by_15_sources_each_relayed_by_the_newspaper() -> None:
    claims = read_lines(EXAMPLES / "border_raid_claims.jsonl")
    assert len(claims) >= 30
    assert len({claim["source"] for claim in claims}) >= 15
    assert all(claim["via"] == ["The Guardian"] for claim in claims)


@pytest.mark.parametrize("name", CLAIM_FILES)
def test_every_claim_is_complete_and_its_sources_are_listed(name: str) -> None:
    names = {source["name"] for source in read_lines(EXAMPLES / "sources.jsonl")}
    claims = read_lines(EXAMPLES / name)
    assert len({claim["id"] for claim in claims}) == len(claims)
    assert len({claim["text"] for claim in claims}) == len(claims)
    for claim in claims:
        assert {claim["source"], *claim["via"]} <= names
        assert datetime.fromisoformat(claim["claimed_at"]).tzinfo == UTC
        assert claim["text"].strip()
        assert claim["context"]
        assert claim["topics"]
        assert claim["language"] == "en"


def test_the_claims_with_a_record_are_by_sources_that_have_a_scorecard() -> None:
    scored = {card["source"] for card in read_scorecards(STARTER / "scorecards.csv")}
    claims = read_lines(EXAMPLES / "with_record_claims.jsonl")
    assert len(claims) == 8
    assert {claim["source"] for claim in claims} <= scored


def test_no_two_sources_share_an_id_a_name_or_an_alias() -> None:
    owner: dict[str, dict[str, Any]] = {}
    for source in all_sources():
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,127}", source["id"])
        assert source["kind"] in KINDS
        for word in {source["id"], source["name"], *source["aliases"]}:
            key = re.sub(r"\W+", " ", word.casefold()).removeprefix("the ")
            assert owner.setdefault(key, source) == source, word


def test_a_scorecard_counts_verdicts_of_one_source_in_one_calendar_year() -> None:
    sources = {source["id"]: source for source in read_lines(STARTER / "sources.jsonl")}
    cards = read_scorecards(STARTER / "scorecards.csv")
    assert {card["source_id"] for card in cards} == set(sources)
    assert len(sources) <= 60
    assert len({(card["source_id"], card["period_start"]) for card in cards}) == len(cards)
    for card in cards:
        source, start = sources[card["source_id"]], date.fromisoformat(card["period_start"])
        assert (card["source"], card["kind"]) == (source["name"], source["kind"])
        assert date.fromisoformat(card["period_end"]) == start.replace(year=start.year + 1)
        assert (start.month, start.day) == (1, 1)
        assert sum(int(card[level]) for level in LEVELS) > 0


@pytest.mark.skipif(not VERDICTS.exists(), reason="the verdict file is not on this machine")
def test_counting_the_verdict_file_again_gives_the_scorecards_that_ship(tmp_path: Path) -> None:
    done = make_scorecards(VERDICTS, tmp_path / "scorecards.csv")
    assert done.returncode == 0, done.stderr
    shipped = (STARTER / "scorecards.csv").read_bytes()
    assert (tmp_path / "scorecards.csv").read_bytes() == shipped


def test_counting_refuses_a_verdict_file_that_lacks_a_source(tmp_path: Path) -> None:
    verdicts = tmp_path / "verdicts.csv"
    verdicts.write_text("source,truthfulness,reviewed_at,reviewer\n", encoding="utf-8")
    done = make_scorecards(verdicts, tmp_path / "scorecards.csv")
    assert done.returncode != 0
    assert "no verdict on: Americans for Prosperity" in done.stderr
    assert not (tmp_path / "scorecards.csv").exists()
