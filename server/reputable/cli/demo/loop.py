"""The loop, live: assess, learn of verdicts, assess again, take them back."""

import uuid
from datetime import UTC, datetime

from reputable.cli.presenting import estimate, pair
from reputable.cli.terminal import console, table
from reputable.client import (
    AssessClaimRequest,
    Assessment,
    CallError,
    Claim,
    Client,
    Explanation,
    RecordVerdictRequest,
    ReviewerStanding,
    Verdict,
    timestamp,
)

REVIEWER = "Demo reviewer"
REASON = "It was a demonstration."
FOUND = (
    ("A first claim, made up for this demonstration.", 1.0),
    ("A second claim, made up for this demonstration.", 1.0),
    ("A third claim, made up for this demonstration.", 0.8),
)
LEAST_MOVE = 0.005
"""Log-odds under which a factor counts as unmoved."""


def show_loop(client: Client, about: AssessClaimRequest) -> None:
    """Assess a claim, record three verdicts on its source, assess again, retract, assess again."""
    request = AssessClaimRequest()
    request.CopyFrom(about)
    request.explanation = Explanation.EXPLANATION_FULL
    _take_back_leftovers(client)
    established = ReviewerStanding.REVIEWER_STANDING_ESTABLISHED
    client.set_reviewer_standing(REVIEWER, established)
    before = client.assess(request)
    recorded = [_record(client, request.claim, text, found) for text, found in FOUND]
    after = client.assess(request)
    for verdict_id in recorded:
        client.retract_verdict(verdict_id, REASON)
    restored = client.assess(request)
    _print_steps(request.claim, before, after, restored)
    _print_moves(before, after)


def _take_back_leftovers(client: Client) -> None:
    """Retract what a demonstration that was stopped half-way left behind."""
    try:
        client.retract_by_reviewer(REVIEWER, REASON)
    except CallError as error:
        if error.reason != "VERDICT_NOT_FOUND":
            raise


def _record(client: Client, claim: Claim, text: str, truthfulness: float) -> str:
    verdict = Verdict(
        claim=Claim(text=text, source_name=claim.source_name),
        truthfulness=truthfulness,
        reviewer=REVIEWER,
        review_time=timestamp(datetime.now(UTC)),
    )
    request = RecordVerdictRequest(verdict=verdict, request_id=uuid.uuid4().hex)
    return client.record_verdict(request).verdict_id


def _print_steps(claim: Claim, before: Assessment, after: Assessment, restored: Assessment) -> None:
    shown = table(
        "Step", "Credibility", "Reliability", "Verdicts", "Pair", "Record digest",
        right=["Verdicts"],
    )  # fmt: skip
    steps = {
        "assessed": before,
        f"+{len(FOUND)} verdicts, found true": after,
        f"-{len(FOUND)} verdicts, retracted": restored,
    }
    for name, assessment in steps.items():
        reliability = assessment.reliability
        interval = reliability.interval
        shown.add_row(
            name,
            estimate(assessment),
            f"{reliability.value:.3f} [{interval.lower:.2f}-{interval.upper:.2f}]",
            f"{assessment.evidence_count:,}",
            pair(assessment),
            assessment.record_digest.hex()[:16],
        )
    console().print(f"3. What verdicts do, live, to a claim of: {claim.source_name}", style="bold")
    console().print(shown)
    same = (restored.record_digest, restored.credibility) == (before.record_digest, before.credibility)
    console().print(
        "Retracted, the record is back to its first digest and the credibility to its first value, to the bit.\n"
        if same
        else "It is NOT back where it was: someone else wrote to this source meanwhile.\n"
    )


def _print_moves(before: Assessment, after: Assessment) -> None:
    """The factors that the verdicts moved, the furthest first."""
    old = {factor.name: factor.contribution for factor in before.factors}
    moves = [(factor.contribution - old.get(factor.name, 0.0), factor) for factor in after.factors]
    moved = [move for move in moves if abs(move[0]) >= LEAST_MOVE]
    if not moved:
        return
    shown = table("Moved by", "Factor", "Why", right=["Moved by"], flexible=["Why"])
    for move, factor in sorted(moved, key=lambda pair: -abs(pair[0])):
        shown.add_row(f"{move:+.2f}", factor.name, factor.sentence)
    console().print("What the three verdicts moved, in log-odds, and why", style="bold")
    console().print(shown)
