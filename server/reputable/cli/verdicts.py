"""`reputable verdicts`: import a file of verdicts, record one, take one back, list them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reputable.cli.exits import CommandError, Exit
from reputable.cli.options import SERVER, JsonOption, RejectsOption, ServerOption, parsed_time

if TYPE_CHECKING:
    from reputable.cli.importing import VerdictImport
    from reputable.ingest.rows import Reject
    from reputable.ingest.verdict_files import VerdictRow

app = typer.Typer(help="Record what checking claims found.", no_args_is_help=True, rich_markup_mode=None)

IMPORT_HELP = """Record every verdict of a file.

CSV, JSONL or Parquet with the columns claim, source, truthfulness, claimed_at, reviewed_at and
optionally id, label, context, topics, reviewer, url, crowd_source; or ClaimReview as JSON-LD.

Rejected rows are listed by line and reason on stderr, the rest are kept. The same row is recorded
once however often it is imported, so an import that was stopped is resumed by running it again.
The reviewers that the file names become ESTABLISHED: their verdicts get full weight.

Example: reputable verdicts import verdicts.csv --rejects rejects.csv
"""


@app.command(name="import", help=IMPORT_HELP)
def import_file(
    file: Annotated[Path, typer.Argument(help="The file of verdicts.")],
    reviewer: Annotated[str | None, typer.Option(help="Who checked, for rows that do not say.")] = None,
    established: Annotated[bool, typer.Option(help="Give the file's reviewers the standing ESTABLISHED.")] = True,
    rejects: RejectsOption = None,
    server: ServerOption = SERVER,
) -> None:
    """Import a file of verdicts."""
    from reputable.cli.calling import client_of
    from reputable.cli.importing import VerdictImport
    from reputable.cli.rejects import Rejects
    from reputable.ingest.verdict_files import UNNAMED_REVIEWER, read_verdicts

    rows = read_verdicts(file, reviewer=reviewer or UNNAMED_REVIEWER)
    with client_of(server) as client, Rejects(rejects) as listed:
        job = VerdictImport(client, listed, established=established)
        _run(job, file, rows)
    typer.echo(job.tally.sentence("rows"))
    raise typer.Exit(job.tally.exit_code())


def _run(job: "VerdictImport", file: Path, rows: "Iterator[VerdictRow | Reject]") -> None:
    from reputable.cli.chunks import chunks
    from reputable.cli.terminal import count_lines, progress
    from reputable.client import CallError

    try:
        with progress() as bar:
            task = bar.add_task("Importing", total=count_lines(file))
            for chunk in chunks(rows):
                job.take(chunk)
                bar.update(task, completed=chunk[-1].line)
    except (CallError, KeyboardInterrupt):
        typer.echo(f"Stopped. {job.tally.sentence('rows so far')} Run it again to go on.", err=True)
        raise


@app.command()
def record(
    claim: Annotated[str, typer.Argument(help="The claim that was checked.")],
    source: Annotated[str, typer.Option(help="Who said it.")],
    truthfulness: Annotated[str, typer.Option(help="0 to 1, or unproven.")],
    reviewer: Annotated[str, typer.Option(help="Who checked.")],
    claimed_at: Annotated[str | None, typer.Option(help="When it was said (ISO 8601).")] = None,
    url: Annotated[str, typer.Option(help="Where the review can be read.")] = "",
    server: ServerOption = SERVER,
) -> None:
    """Record one verdict, as of now.

    Example: reputable verdicts record --source "Jo Doe" --truthfulness 0.8 --reviewer "Me" "Rain fell."
    """
    from datetime import UTC, datetime

    from reputable.cli.calling import client_of
    from reputable.client import Claim, Verdict, timestamp
    from reputable.domain.times import to_datetime

    verdict = Verdict(
        claim=Claim(text=claim, source_name=source),
        reviewer=reviewer,
        review_time=timestamp(datetime.now(UTC)),
        url=url,
    )
    if claimed_at is not None:
        moment = to_datetime(parsed_time(claimed_at, "--claimed-at"))
        verdict.claim.claim_time.CopyFrom(timestamp(moment))
    if truthfulness == "unproven":
        verdict.unproven = True
    else:
        verdict.truthfulness = _number(truthfulness)
    with client_of(server) as client:
        done = client.record_verdict(verdict)
    typer.echo(f"Recorded as {done.verdict_id} on {done.source_id}, revision {done.revision:,}.")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise CommandError(
            f"--truthfulness: {text!r} is neither a number from 0 to 1 nor unproven.", Exit.USAGE
        ) from None


@app.command()
def retract(
    verdict_id: Annotated[str, typer.Argument(help="The verdict or scorecard to take back.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    server: ServerOption = SERVER,
) -> None:
    """Take a verdict or a scorecard back; the record is as if it had never been sent.

    Example: reputable verdicts retract 17 --reason "Recorded by mistake."
    """
    from reputable.cli.calling import client_of

    with client_of(server) as client:
        done = client.retract_verdict(verdict_id, reason)
    typer.echo(f"Retracted on {done.source_id}, revision {done.revision:,}.")


@app.command(name="list")
def list_verdicts(
    source_id: Annotated[str, typer.Argument(help="Whose verdicts.")],
    inactive: Annotated[bool, typer.Option("--all", help="Retracted and superseded ones too.")] = False,
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """List a source's verdicts and scorecards, newest first.

    Example: reputable verdicts list bernie-sanders
    """
    from reputable.cli.calling import client_of
    from reputable.cli.recorded import print_verdicts

    with client_of(server) as client:
        print_verdicts(client.list_verdicts(source_id, include_inactive=inactive), as_json=as_json)
