"""`reputable assess`: one claim as a table, or a file of claims as JSON lines."""

import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reputable.cli.exits import CommandError, Exit
from reputable.cli.options import SERVER, JsonOption, RejectsOption, ServerOption, parsed_time

if TYPE_CHECKING:
    from reputable.client import AssessClaimRequest, Client
    from reputable.domain.claims import Claim

HELP = """Say how credible a claim is, coming from its source.

One claim is shown as a table (or --json). With --file every claim of a JSONL or CSV file is
assessed in batches; the answers are JSON lines in the same order, on stdout or in --out.

Example: reputable assess --source "Bernie Sanders" "Half of all workers earn under $40,000."

Example: reputable assess --file claims.jsonl --out answers.jsonl

With --local no service is needed: a CSV, JSONL or Parquet file is streamed through this machine's
cores by the ledger's present state, and the answers are figures, without reasons, as the suffix of
--out says (JSONL on stdout without).

Example: reputable assess --file claims.parquet --local --out scored.parquet
"""


class Detail(StrEnum):
    """How much of its reasons an answer carries."""

    NONE = "none"
    SUMMARY = "summary"
    FULL = "full"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="assess", help=HELP)(assess)


def assess(
    claim: Annotated[str | None, typer.Argument(help="What was said.", show_default=False)] = None,
    source: Annotated[str | None, typer.Option(help="Who said it: a name as written.")] = None,
    source_id: Annotated[str | None, typer.Option(help="Or: the id of a known source.")] = None,
    claimed_at: Annotated[str | None, typer.Option(help="When it was said (ISO 8601).")] = None,
    context: Annotated[str, typer.Option(help='Where it was said: "speech", "post".')] = "",
    via: Annotated[list[str] | None, typer.Option(help="Who relayed it; may be repeated.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Use only verdicts before this time. With --local: now, or claim (its own time).")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Assess every claim of this file.")] = None,
    out: Annotated[Path | None, typer.Option(help="With --file: write the answers here.")] = None,
    local: Annotated[bool, typer.Option("--local", help="With --file: without a service.")] = False,
    ledger: Annotated[
        str | None, typer.Option(metavar="URL", help="With --local: whose records to use; none for a cold start.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="With --local: how many score. One for each core without.")
    ] = None,
    rejects: RejectsOption = None,
    explain: Annotated[Detail | None, typer.Option(help="How much of the reasons to show.")] = None,
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """Assess one claim, or those of a file."""
    from reputable.cli.calling import client_of

    if (claim is None) == (file is None):
        raise CommandError("give a claim, or a file of claims with --file.", Exit.USAGE)
    if not local and (ledger, processes, rejects) != (None, None, None):
        raise CommandError("--ledger, --processes and --rejects go with --local.", Exit.USAGE)
    if local:
        if file is None or explain is not None:
            raise CommandError("--local takes --file, and gives no reasons.", Exit.USAGE)
        from reputable.cli.local import assess_locally

        assess_locally(file, out, ledger=ledger, as_of=as_of, processes=processes, rejects=rejects)
        return
    if file is not None:
        with client_of(server) as client:
            _assess_file(client, file, out, _explanation(explain), as_of)
        return
    if (source is None) == (source_id is None):
        raise CommandError("say who made the claim: --source NAME, or --source-id ID.", Exit.USAGE)
    from reputable.domain.claims import Claim
    from reputable.domain.sources import SourceReference

    spoken = Claim(
        text=claim or "",
        source=SourceReference(id=source_id or "", name=source or ""),
        claimed_at=None if claimed_at is None else parsed_time(claimed_at, "--claimed-at"),
        context=context,
        via=tuple(via or ()),
    )
    with client_of(server) as client:
        _assess_one(client, _request(spoken, _explanation(explain), as_of), as_json=as_json)


def _assess_one(client: "Client", request: "AssessClaimRequest", *, as_json: bool) -> None:
    from reputable.cli.presenting import assessment_json, assessment_table, factor_table, similar_table
    from reputable.cli.terminal import console

    assessment = client.assess(request)
    if as_json:
        typer.echo(json.dumps(assessment_json(assessment), ensure_ascii=False))
        return
    console().print(assessment_table(assessment))
    if assessment.factors:
        console().print(factor_table(assessment))
    similar = similar_table(assessment)
    if similar is not None:
        console().print(similar)


def _assess_file(client: "Client", path: Path, out: Path | None, explanation: int, as_of: str | None) -> None:
    from reputable.cli.terminal import count_lines, progress

    failed = total = 0
    with progress() as bar:
        task = bar.add_task("Assessing", total=count_lines(path))
        stream = out.open("w", encoding="utf-8") if out else sys.stdout
        try:
            for answer in _answers(client, path, explanation, as_of):
                total += 1
                failed += "error" in answer
                stream.write(json.dumps(answer, ensure_ascii=False) + "\n")
                bar.advance(task)
        finally:
            if stream is not sys.stdout:
                stream.close()
    typer.echo(f"{total - failed:,} claims assessed, {failed:,} refused.", err=True)
    if failed:
        raise typer.Exit(Exit.PARTLY if failed < total else Exit.FAILED)


def _answers(client: "Client", path: Path, explanation: int, as_of: str | None) -> Iterator[dict[str, object]]:
    """One answer for each record of the file, in its order."""
    from reputable.cli.chunks import chunks
    from reputable.cli.presenting import assessment_json, error_json
    from reputable.client import CallError
    from reputable.ingest.claim_files import ClaimRow, read_claims
    from reputable.ingest.rows import Reject

    for rows in chunks(read_claims(path)):
        claims = [row for row in rows if isinstance(row, ClaimRow)]
        results = client.assess_many(_request(row.claim, explanation, as_of) for row in claims)
        for row in rows:
            if isinstance(row, Reject):
                yield {"line": row.line, "error": {"message": row.reason}}
                continue
            result = next(results)
            found = (
                {"error": error_json(result)}
                if isinstance(result, CallError)
                else {"assessment": assessment_json(result)}
            )
            yield {"line": row.line, **({"id": row.id} if row.id else {}), **found}


def _request(claim: "Claim", explanation: int, as_of: str | None) -> "AssessClaimRequest":
    from reputable.cli.calling import claim_message
    from reputable.client import AssessClaimRequest, Explanation, timestamp
    from reputable.domain.times import to_datetime

    return AssessClaimRequest(
        claim=claim_message(claim),
        as_of_time=None if as_of is None else timestamp(to_datetime(parsed_time(as_of, "--as-of"))),
        explanation=Explanation.ValueType(explanation),
    )


def _explanation(detail: Detail | None) -> int:
    from reputable.client import Explanation

    return Explanation.Value(f"EXPLANATION_{detail.name}") if detail else 0
