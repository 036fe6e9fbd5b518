"""The tour: claims of an article, claims by sources with a record, a verdict's effect, the cache."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from reputable.cli.calling import claim_message
from reputable.cli.demo.loop import show_loop
from reputable.cli.demo.service import LOG, RunningService
from reputable.cli.exits import CommandError
from reputable.cli.importing import Registrations
from reputable.cli.presenting import TIERS, estimate, pair, strongest_reason
from reputable.cli.scorecards import import_starter, sources_in
from reputable.cli.terminal import console, table
from reputable.client import AssessClaimRequest, Assessment, CallError, Client, Explanation
from reputable.ingest.claim_files import read_claims
from reputable.ingest.rows import Reject

SOURCE_WIDTH = 20
LEAST_EVIDENCE = 5
"""Verdicts that the source shown in the loop has, at least: one verdict then moves it a little."""

LEGEND = """\
Credibility  probability that checking would find the claim at least half true; 90 % interval.
Verdicts     how many checked claims of the source that rests on.
Pair         Admiralty pair, derived: A-E how reliable the source (F: too little known),
             2-5 how credible the claim (6: cannot be judged)."""


def tour(service: RunningService, examples: Path) -> None:
    """Show everything once."""
    shown = console()
    client, model = service.client, service.client.get_model()
    shown.print(
        f"Reputable serves on {service.settings.address}, started in {service.start_seconds:.1f} s.\n"
        f"Model {model.version}, ledger {service.settings.ledger_url}."
    )
    _prepare(client, examples)
    shown.print(LEGEND + "\n")
    raid = _requests(examples / "border_raid_claims.jsonl")
    known = _requests(examples / "with_record_claims.jsonl")
    began = time.perf_counter()
    assessed = _assess(client, [*raid, *known])
    first = time.perf_counter() - began
    _print_claims(
        f"1. {len(raid)} claims about one raid, as one newspaper relayed them, each with who made it",
        raid, assessed[: len(raid)],
    )  # fmt: skip
    shown.print("Most of these sources have never been checked: wide intervals say so.\n")
    _print_claims(f"2. {len(known)} claims by sources that fact-checkers know", known, assessed[len(raid) :])
    show_loop(client, _least_known(known, assessed[len(raid) :]))
    _show_cache(client, [*raid, *known], assessed, first)
    _show_addresses(service)


def _prepare(client: Client, examples: Path) -> None:
    """Fill an empty ledger with the starter scorecards, and register the article's sources."""
    if next(iter(client.list_sources()), None) is None:
        tally = import_starter(client)
        console().print(f"The ledger was empty; it holds {tally.recorded:,} starter scorecards now.")
    registrations = Registrations(client, established=False)
    for source in sources_in(examples / "sources.jsonl"):
        registrations.source(source)
    console().print()


def _requests(path: Path) -> list[AssessClaimRequest]:
    requests = []
    for row in read_claims(path):
        if isinstance(row, Reject):
            raise CommandError(f"{path.name}, line {row.line}: {row.reason}")
        claim, summary = claim_message(row.claim), Explanation.EXPLANATION_SUMMARY
        requests.append(AssessClaimRequest(claim=claim, explanation=summary))
    return requests


def _assess(client: Client, requests: Sequence[AssessClaimRequest]) -> list[Assessment]:
    assessed = []
    for result in client.assess_many(requests):
        if isinstance(result, CallError):
            raise result
        assessed.append(result)
    return assessed


def _least_known(requests: Sequence[AssessClaimRequest], assessed: Sequence[Assessment]) -> AssessClaimRequest:
    """The claim whose source has the shortest record, but for those with next to none."""
    counts = [assessment.evidence_count for assessment in assessed]
    enough = [count for count in counts if count >= LEAST_EVIDENCE]
    return requests[counts.index(min(enough, default=max(counts)))]


def _print_claims(title: str, requests: Sequence[AssessClaimRequest], assessed: Sequence[Assessment]) -> None:
    shown = table(
        "Source", "Claim", "Credibility", "Verdicts", "Pair", "Strongest reason",
        right=["Verdicts"], flexible=["Claim", "Strongest reason"],
    )  # fmt: skip
    shown.columns[0].width, shown.columns[0].no_wrap = SOURCE_WIDTH, False
    for request, assessment in zip(requests, assessed, strict=True):
        shown.add_row(
            request.claim.source_name,
            request.claim.text,
            Text(estimate(assessment), style=_colour(assessment)),
            f"{assessment.evidence_count:,}",
            pair(assessment),
            strongest_reason(assessment),
        )
    console().print(title, style="bold")
    console().print(shown)


def _colour(assessment: Assessment) -> str:
    """Green or red where the interval leaves no doubt on which side of one half it lies."""
    if assessment.interval.lower > 0.5:
        return "green"
    return "red" if assessment.interval.upper < 0.5 else ""


def _show_cache(
    client: Client,
    requests: Sequence[AssessClaimRequest],
    before: Sequence[Assessment],
    first: float,
) -> None:
    began = time.perf_counter()
    again = _assess(client, requests)
    second = time.perf_counter() - began
    shown = table(
        "Pass", "Claims", "Time", "A claim", "Answered by",
        right=["Claims", "Time", "A claim"],
    )  # fmt: skip
    for name, seconds, answers in (("first", first, before), ("second", second, again)):
        tiers = Counter(TIERS.get(answer.served_from, "?") for answer in answers)
        shown.add_row(
            name,
            f"{len(answers)}",
            f"{seconds * 1e3:.1f} ms",
            f"{seconds * 1e6 / len(answers):.0f} us",
            ", ".join(f"{tier} {count}" for tier, count in tiers.most_common()),
        )
    console().print("4. The same claims again: nothing changed, so the cache answers", style="bold")
    console().print(shown)
    console().print(
        "A key is a digest of all that a score is computed from, so a stale one cannot be found. Redis holds\n"
        "what replicas and restarts share; this process's own cache stands before it.\n"
    )


def _show_addresses(service: RunningService) -> None:
    settings, command = service.settings, _command()
    server = "" if settings.address == "127.0.0.1:50051" else f" --server {settings.address}"
    lines = [
        "5. Try next, in another terminal",
        "",
        f"gRPC      {settings.address} (proto/reputable/v1)",
        f'          {command} assess{server} --source "Vladimir Putin" "The border is quiet."',
        f"          {command} sources show{server} vladimir-putin",
        f'          {command} sources resolve{server} "Russian MoD"',
        f"Ledger    {settings.ledger_url}",
        f"          {command} ledger verify",
    ]
    if settings.metrics_address != "off":
        lines += [
            f"Metrics   http://{settings.metrics_address}/metrics",
            f"          curl -s http://{settings.metrics_address}/metrics | grep ^reputable_",
            f"Health    http://{settings.metrics_address}/readyz",
            f"          curl -s http://{settings.metrics_address}/readyz",
        ]
    lines += [f"Log       {LOG}", f"          tail -f {LOG}", ""]
    console().print("\n".join(lines), soft_wrap=True)


def _command() -> str:
    """How the reader calls this program from here."""
    script = Path(sys.executable).with_name("reputable")
    return str(script.relative_to(Path.cwd())) if script.is_relative_to(Path.cwd()) else "reputable"
