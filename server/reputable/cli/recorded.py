"""Recorded verdicts and scorecards as a table and as JSON lines."""

import json
from collections.abc import Iterable

import typer

from reputable.cli.presenting import iso
from reputable.cli.terminal import console, table
from reputable.client import RecordedVerdict, VerdictState


def print_verdicts(verdicts: Iterable[RecordedVerdict], *, as_json: bool) -> None:
    """Print each as a JSON line as it comes, or all in one table."""
    if as_json:
        for recorded in verdicts:
            typer.echo(json.dumps(_json(recorded), ensure_ascii=False))
        return
    shown = table("Id", "Reviewed", "Found", "Reviewer", "Claim", "State", right=["Found"])
    for recorded in verdicts:
        row = _json(recorded)
        shown.add_row(
            str(row["verdict_id"]), str(row["reviewed"]), str(row["found"]), str(row["reviewer"]),
            str(row["claim"]), str(row["state"]),
        )  # fmt: skip
    console().print(shown)


def _json(recorded: RecordedVerdict) -> dict[str, object]:
    common: dict[str, object] = {"verdict_id": recorded.verdict_id, "state": _state(recorded)}
    if recorded.HasField("scorecard"):
        card = recorded.scorecard
        count = sum(level.claim_count for level in card.level_counts)
        start, end = iso(card.period_start_time)[:10], iso(card.period_end_time)[:10]
        return {
            **common,
            "reviewed": end,
            "found": f"{count} claims",
            "reviewer": card.reviewer,
            "claim": f"scorecard of {start} to {end}",
            "levels": {str(level.truthfulness): level.claim_count for level in card.level_counts},
        }
    verdict = recorded.verdict
    return {
        **common,
        "reviewed": iso(verdict.review_time)[:10],
        "found": "unproven" if verdict.HasField("unproven") else verdict.truthfulness,
        "reviewer": verdict.reviewer,
        "claim": verdict.claim.text,
        "url": verdict.url,
    }


def _state(recorded: RecordedVerdict) -> str:
    return VerdictState.Name(recorded.state).removeprefix("VERDICT_STATE_").lower()
