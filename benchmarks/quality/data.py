"""The verdict files that the figures come from; they stand beside the project, not in it."""

import json
from datetime import UTC, datetime
from pathlib import Path

from reputable.domain.claims import Claim
from reputable.domain.sources import SourceKind, SourceReference, derive_id
from reputable.domain.times import DAY, from_datetime
from reputable.domain.verdicts import Verdict
from reputable.ingest.verdict_files import VerdictRow, read_verdicts
from reputable.learning.history import Example

POLITIFACT = Path("verdicts/politifact_2007_2021.csv")
AVERITEC = Path("verdicts/averitec_train/train.jsonl")
LIAR = Path("verdicts/liar")
_REVIEW_DELAY = 30 * DAY
_TRUTH = {"Supported": 1.0, "Refuted": 0.0}


def politifact(data: Path) -> list[Example]:
    """The verdicts, crowd sources as COLLECTIVE."""
    rows = (row for row in read_verdicts(data / POLITIFACT) if isinstance(row, VerdictRow))
    return [
        Example(
            row.id,
            derive_id(row.verdict.claim.source.name),
            SourceKind.COLLECTIVE if row.crowd_source else SourceKind.UNSPECIFIED,
            row.verdict,
        )
        for row in rows
    ]


def averitec(data: Path) -> list[Example]:
    """Named speakers' dated claims; neither supported nor refuted counts as unproven."""
    examples: list[Example] = []
    for number, line in enumerate((data / AVERITEC).read_text("utf-8").splitlines()):
        row = json.loads(line)
        speaker, moment = (row["speaker"] or "").strip(), _date(row["claim_date"])
        if not speaker or moment is None:
            continue
        claim = Claim(row["claim"], SourceReference(name=speaker), moment, row["reporting_source"] or "")
        verdict = Verdict(claim, _TRUTH.get(row["label"]), "AVeriTeC", moment + _REVIEW_DELAY)
        examples.append(Example(f"averitec-{number}", derive_id(speaker), SourceKind.UNSPECIFIED, verdict))
    return examples


def _date(text: str | None) -> int | None:
    try:
        return from_datetime(datetime.strptime(text or "", "%d-%m-%Y").replace(tzinfo=UTC))
    except ValueError:
        return None
