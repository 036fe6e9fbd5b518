"""`reputable train` and `reputable evaluate` work on any file in the documented columns."""

import csv
import json
import random
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from reputable.cli.exits import Exit
from tests.unit.cli.conftest import Run

WORDS = ("tax", "rain", "crime", "jobs", "schools", "percent", "budget", "the", "of", "and", "more", "less")
HEADER = ("id", "claim", "source", "truthfulness", "claimed_at", "reviewed_at", "context", "crowd_source")
ROWS = 800
START = date(2015, 1, 1)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up verdicts over four years: some sources tell the truth more often than others."""
    chance = random.Random(7)
    path = tmp_path_factory.mktemp("learn") / "verdicts.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(ROWS):
            source = chance.randrange(20)
            truthful = chance.random() < (0.5 + source / 40 if source % 2 else 0.5 - source / 40)
            found = 0.2 * chance.randrange(3, 6) if truthful else 0.2 * chance.randrange(3)
            day = START + timedelta(days=number * 1400 // ROWS)
            claim = " ".join(chance.choices(WORDS, k=12))
            context = chance.choice(("speech", "TV ad", ""))
            row = (day, day + timedelta(days=3), context, int(source == 0))
            writer.writerow((f"r{number}", claim, f"Source {source}", f"{found:.1f}", *row))
        writer.writerow(("bad", "x", "Source 1", "7", START, START, "", 0))
    return path


@pytest.fixture(scope="module")
def model(verdicts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on the first three years."""
    folder = tmp_path_factory.mktemp("models") / "made-up-1"
    arguments = ["train", "--verdicts", str(verdicts), "--until", "2018-01-01", "--out", str(folder)]
    command = [sys.executable, "-m", "reputable", *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    return folder


def test_a_model_is_a_folder_of_data_under_its_name(model: Path) -> None:
    manifest = json.loads((model / "manifest.json").read_text())

    assert manifest["version"] == "made-up-1"
    assert manifest["window_end"].startswith("2017-12-31")


def test_an_evaluation_compares_with_the_baselines(run: Run, verdicts: Path, model: Path) -> None:
    outcome = run("evaluate", "--verdicts", verdicts, "--from", "2018-01-01", "--model", model, "--json")

    assert outcome.code == Exit.OK
    assert "line 802: truthfulness: 7.0 is not a truthfulness" in outcome.err
    figures = json.loads(outcome.out)["figures"]["named sources"]
    assert figures["reputable"]["auc"] > 0.6
    assert figures["reputable"]["brier"] < figures["constant"]["brier"]


def test_predictions_have_a_row_for_each_claim_from_the_date_on_crowds_too(
    run: Run, verdicts: Path, model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "predictions.csv"
    outcome = run("evaluate", "--verdicts", verdicts, "--from", "2018-01-01", "--model", model, "--predictions", path)

    with verdicts.open(newline="") as file:
        expected = {row["id"] for row in csv.DictReader(file) if row["claimed_at"] >= "2018-01-01"}
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert outcome.code == Exit.OK
    assert "named sources" in outcome.out
    assert tuple(rows[0]) == ("id", "credibility", "lower", "upper", "evidence_count", "basis")
    assert len(rows) == len(expected)
    assert {row["id"] for row in rows} == expected
    assert all(0 < float(row["lower"]) <= float(row["credibility"]) <= float(row["upper"]) < 1 for row in rows)


def test_a_report_is_one_page_that_needs_nothing_beside_itself(
    run: Run, verdicts: Path, model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"

    outcome = run("evaluate", "--verdicts", verdicts, "--from", "2018-01-01", "--model", model, "--report", path)

    page = path.read_text(encoding="utf-8")
    assert outcome.code == Exit.OK
    for title in ("Calibration", "By year", "Beside the baselines", "What each factor is worth", "Sources over time"):
        assert f">{title}</h2>" in page
    assert page.count('src="data:image/svg+xml;base64,') >= 5
    assert "src=" not in page.replace('src="data:', "")
    assert not re.search(r"https?://", page)


def test_figures_on_claims_from_the_time_of_training_come_with_a_caution(run: Run, verdicts: Path, model: Path) -> None:
    early = run("evaluate", "--verdicts", verdicts, "--from", "2017-06-01", "--model", model, "--json")
    later = run("evaluate", "--verdicts", verdicts, "--from", "2018-01-01", "--model", model, "--json")

    assert "trained on verdicts reviewed up to 2017-12-31" in early.err
    assert "flatter" not in later.err


def test_later_years_without_a_context_and_with_odd_rows_are_evaluated_claim_by_claim(
    run: Run, verdicts: Path, model: Path, tmp_path: Path
) -> None:
    odd, predictions = tmp_path / "odd.csv", tmp_path / "predictions.csv"
    rows = [
        ("a", "The tax is less than the budget.", "Source 1", "unproven", "2022-05-01", "2022-05-02", "0"),
        ("b", "Jobs and\x90more jobs.", "Source 2", "0.8", "2022-06-01", "2022-06-05", "0"),
        ("c", "Viral rain.", "Posts", "0", "2022-06-02", "2022-06-05", "1"),
        ("d", "Crime is more than schools.", "Nobody yet", "0.4", "2023-01-02", "2023-01-01", "0"),
        ("e", "Nobody's schools.", "Nobody yet", "1", "2025-12-31T23:59:59Z", "2025-12-31T23:59:59Z", "0"),
    ]
    with odd.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([name for name in HEADER if name != "context"])
        writer.writerows(rows)

    outcome = run(
        "evaluate", "--verdicts", odd, "--from", "2022-01-01", "--model", model, "--predictions", predictions, "--json"
    )

    with predictions.open(newline="") as file:
        scores = {row["id"]: float(row["credibility"]) for row in csv.DictReader(file)}
    assert outcome.code == Exit.OK, outcome.err
    assert sorted(scores) == ["a", "b", "c", "d", "e"]
    assert all(0.0 < score < 1.0 for score in scores.values())
    assert "2 rows mended" in outcome.err
    assert json.loads(outcome.out)["figures"]["named sources"]["reputable"]["count"] == 3


def test_a_file_whose_claims_are_all_unproven_is_still_scored(run: Run, model: Path, tmp_path: Path) -> None:
    path, report = tmp_path / "unproven.csv", tmp_path / "report.html"
    path.write_text(
        "claim,source,truthfulness,claimed_at,reviewed_at\nRain.,Jo Doe,,2022-01-01,2022-01-02\n", encoding="utf-8"
    )

    scored = run("evaluate", "--verdicts", path, "--from", "2022-01-01", "--model", model)
    reported = run("evaluate", "--verdicts", path, "--from", "2022-01-01", "--model", model, "--report", report)

    assert scored.code == Exit.OK
    assert reported.code == Exit.FAILED
    assert "nothing to report on" in reported.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "--until", "2015-02-01", "--out", "new"), "training needs at least"),
        (("train", "--out", "."), "is there already; name a new folder"),
        (("train", "--out", "Not A Version"), "--version"),
        (("evaluate", "--from", "2030-01-01"), "has no claim made at or after 2030-01-01"),
        (("evaluate", "--from", "2018-01-01", "--model", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_done_ends_with_1_and_a_sentence(
    run: Run,
    verdicts: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    name, *options = arguments
    if name == "evaluate" and "--model" not in options:
        options += ["--model", str(model)]

    outcome = run(name, "--verdicts", verdicts, *options)

    assert outcome.code == Exit.FAILED
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_a_damaged_model_is_refused(run: Run, verdicts: Path, model: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "made-up-1"
    damaged.mkdir()
    for file in model.iterdir():
        (damaged / file.name).write_bytes(file.read_bytes())
    (damaged / "ngrams.npy").write_bytes(b"\0" * (model / "ngrams.npy").stat().st_size)

    outcome = run("evaluate", "--verdicts", verdicts, "--from", "2018-01-01", "--model", damaged)

    assert outcome.code == Exit.FAILED
    assert "ngrams.npy" in outcome.err
