"""`reputable train` and `reputable evaluate`: models from verdict files, and how right they are."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reputable.cli.exits import CommandError, Exit
from reputable.cli.options import JsonOption, parsed_time

if TYPE_CHECKING:
    from rich.table import Table

    from reputable.learning.evaluation import Evaluation
    from reputable.learning.history import Example
    from reputable.learning.predictor import Predictor

TRAIN_HELP = """Train a model on a file of verdicts.

Uses what was reviewed before --until (all of it without), and writes a folder that the service can
score with: put it under REPUTABLE_MODELS_DIR. Takes some minutes.

Example: reputable train --verdicts verdicts.csv --until 2019-01-01 --out models/up-to-2018
"""
EVALUATE_HELP = """Score the claims of a file as the service would have, and compare with what was found.

The model is fixed; records and prior epochs move on as verdicts are reviewed. Rows before --from
only fill the records. --predictions writes one row for each claim made at or after --from;
--report writes a page with plots, which needs matplotlib (the extra "report").

Example: reputable evaluate --verdicts verdicts.csv --from 2019-01-01 --model models/up-to-2018
"""
FIGURES = ("auc", "brier", "log_loss", "calibration_error")
_VerdictsOption = Annotated[Path, typer.Option(help="A verdict file: CSV, JSONL, Parquet or ClaimReview.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="train", help=TRAIN_HELP)(train)
    app.command(name="evaluate", help=EVALUATE_HELP)(evaluate)


def train(
    verdicts: _VerdictsOption,
    out: Annotated[Path, typer.Option(help="The folder to write; must not be there.")],
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Use only what was reviewed before.")] = None,
    version: Annotated[str | None, typer.Option(help="The model's version; the folder's name without.")] = None,
) -> None:
    """Train a model."""
    import time

    from reputable.domain.models import check_version
    from reputable.learning import artifact, training
    from reputable.learning.estimators import to_bytes
    from reputable.learning.vectors import SentenceEncoder

    if out.exists():
        raise CommandError(f"{out} is there already; name a new folder.")
    named = check_version("--version", version or out.name)
    now = time.time_ns() // 1000
    moment = now if until is None else parsed_time(until, "--until")
    examples = _examples(verdicts)
    trained = training.train(examples, until=moment, version=named, report=_say, embedder=SentenceEncoder())
    metrics = {"example_count": float(trained.example_count)}
    artifact.save(out, trained.model, to_bytes(trained), trained_at=now, metrics=metrics)
    typer.echo(f"Model {named}, trained on {trained.example_count:,} verdicts, is in {out}.")


def evaluate(
    verdicts: _VerdictsOption,
    start: Annotated[str, typer.Option("--from", metavar="DATE", help="Score claims made from then on.")],
    model: Annotated[Path | None, typer.Option(help="A model's folder; the package's without.")] = None,
    predictions: Annotated[Path | None, typer.Option(metavar="FILE", help="Write each prediction: CSV.")] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with plots: HTML.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a model."""
    from reputable.cli.terminal import console, progress
    from reputable.domain.assessments import Explanation
    from reputable.learning import evaluation
    from reputable.learning.vectors import SentenceEncoder

    if report is not None:
        _require_matplotlib()
    moment = parsed_time(start, "--from")
    predictor = _predictor(model)
    examples = _examples(verdicts)
    with progress() as bar:
        task = bar.add_task("Scoring", total=None)
        found = evaluation.evaluate(
            examples,
            moment,
            predictor,
            lambda done, total: bar.update(task, completed=done, total=total),
            SentenceEncoder() if predictor.remembers else None,
            explanation=Explanation.NONE if report is None else Explanation.SUMMARY,
        )
    caution = _caution(predictor, moment)
    if caution:
        _say(caution)
    if not found.predictions:
        raise CommandError(f"{verdicts.name} has no claim made at or after {start}.")
    if predictions is not None:
        _write(predictions, found)
    if report is not None:
        _write_report(report, found, predictor.version, start, caution)
    if as_json:
        document = {"model_version": predictor.version, "from": start, "figures": _finite(found.figures)}
        typer.echo(json.dumps(document))
        return
    console().print(f"Model {predictor.version}; {len(found.predictions):,} claims made from {start} on\n")
    console().print(_table(found.figures))


def _predictor(folder: Path | None) -> "Predictor":
    from reputable.learning import artifact

    return artifact.load(folder or artifact.MODELS_FOLDER / artifact.DEFAULT_VERSION)


def _examples(path: Path) -> "list[Example]":
    """The rows of the file as examples; rejects are listed on stderr."""
    from reputable.domain.sources import SourceKind, derive_id
    from reputable.ingest.rows import Reject
    from reputable.ingest.verdict_files import read_verdicts
    from reputable.learning.history import Example

    examples, mended = [], 0
    for row in read_verdicts(path, take_early_reviews=True):
        if isinstance(row, Reject):
            _say(f"line {row.line}: {row.reason}")
            continue
        mended += row.mended
        kind = SourceKind.COLLECTIVE if row.crowd_source else SourceKind.UNSPECIFIED
        name = row.verdict.claim.source.name
        examples.append(Example(row.id or f"line-{row.line}", derive_id(name), kind, row.verdict))
    if not examples:
        raise CommandError(f"{path.name} has no row that can be used.", Exit.FAILED)
    if mended:
        _say(f"{mended:,} rows mended: control characters are read as spaces, early reviews as of their claims.")
    return examples


def _write(path: Path, found: "Evaluation") -> None:
    from reputable.learning.evaluation import PREDICTION_COLUMNS

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(PREDICTION_COLUMNS)
        writer.writerows(prediction.row() for prediction in found.predictions)


def _require_matplotlib() -> None:
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise CommandError("--report needs matplotlib; install it with: pip install 'reputable[report]'")


def _caution(predictor: "Predictor", start: int) -> str:
    """What to know of figures on claims that the model was trained on; "" when there are none."""
    from reputable.domain.times import day_of, iso_day

    end = predictor.model.window_end
    if start >= end:
        return ""
    return (
        f"The model was trained on verdicts reviewed up to {iso_day(day_of(end - 1))}: figures on claims "
        "from up to then flatter it."
    )


def _write_report(path: Path, found: "Evaluation", model_version: str, start: str, caution: str) -> None:
    from reputable.reporting.sections import evaluation_page

    try:
        path.write_text(evaluation_page(found, model_version, start, caution), "utf-8")
    except ValueError as error:
        raise CommandError(f"There is nothing to report on: {error}.") from error


def _table(figures: dict[str, dict[str, dict[str, float]]]) -> "Table":
    from reputable.cli.terminal import table

    shown = table("Claims", "Method", "Count", "AUC", "Brier", "Log loss", "Calibration error",
                  right=["Count", "AUC", "Brier", "Log loss", "Calibration error"])  # fmt: skip
    for group, methods in figures.items():
        for method, values in methods.items():
            cells = [f"{values[name]:.4f}" if name in values else "" for name in FIGURES]
            shown.add_row(group, method, f"{values['count']:,.0f}", *cells)
        shown.add_section()
    return shown


def _finite(figures: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, dict[str, float | None]]]:
    """JSON has no NaN: a figure that cannot be computed is null."""
    from math import isfinite

    return {
        group: {
            method: {name: value if isfinite(value) else None for name, value in values.items()}
            for method, values in methods.items()
        }
        for group, methods in figures.items()
    }


def _say(text: str) -> None:
    typer.echo(text, err=True)
