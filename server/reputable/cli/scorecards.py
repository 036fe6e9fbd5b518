"""`reputable scorecards`: import reviewers' counts."""

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reputable.cli.exits import CommandError, Exit
from reputable.cli.options import SERVER, RejectsOption, ServerOption

if TYPE_CHECKING:
    from reputable.cli.rejects import Tally
    from reputable.client import Client
    from reputable.domain.sources import Source

app = typer.Typer(
    help="Record reviewers' counts, as fact-checkers publish them.", no_args_is_help=True, rich_markup_mode=None
)

IMPORT_HELP = """Record every scorecard of a CSV file, or the starter scorecards.

Columns: source, reviewer, period_start, period_end (exclusive), one level_T for each level of
truthfulness (level_0_2 counts the claims found 0.2 true), optionally source_id, kind, unproven,
url. The same row is recorded once however often it is imported.

Example: reputable scorecards import --starter

Example: reputable scorecards import scorecards.csv --sources sources.jsonl
"""


@app.command(name="import", help=IMPORT_HELP)
def import_file(
    file: Annotated[Path | None, typer.Argument(help="The file of scorecards.")] = None,
    sources: Annotated[
        Path | None, typer.Option(help="Sources to register first: JSONL with name, kind, aliases.")
    ] = None,
    starter: Annotated[bool, typer.Option("--starter", help="Take the scorecards that come with Reputable.")] = False,
    established: Annotated[bool, typer.Option(help="Give the file's reviewers the standing ESTABLISHED.")] = True,
    rejects: RejectsOption = None,
    server: ServerOption = SERVER,
) -> None:
    """Import a file of scorecards."""
    from reputable.cli.calling import client_of

    if (file is None) != starter:
        raise CommandError("give a file of scorecards, or --starter.", Exit.USAGE)
    with client_of(server) as client:
        if file is None:
            tally = import_starter(client)
        else:
            tally = import_scorecards(client, file, sources, rejects=rejects, established=established)
    typer.echo(tally.sentence("scorecards"))
    raise typer.Exit(tally.exit_code())


def import_starter(client: "Client") -> "Tally":
    """Record the scorecards that come with Reputable."""
    with (
        resources.as_file(resources.files("reputable") / "starter" / "scorecards.csv") as file,
        resources.as_file(resources.files("reputable") / "starter" / "sources.jsonl") as sources,
    ):
        return import_scorecards(client, file, sources)


def import_scorecards(
    client: "Client",
    file: Path,
    sources: Path | None = None,
    *,
    rejects: Path | None = None,
    established: bool = True,
) -> "Tally":
    """Register the sources, then record the scorecards of the file."""
    from reputable.cli.chunks import chunks
    from reputable.cli.importing import ScorecardImport
    from reputable.cli.rejects import Rejects
    from reputable.cli.terminal import count_lines, progress
    from reputable.ingest.scorecard_files import read_scorecards

    with Rejects(rejects) as listed, progress() as bar:
        job = ScorecardImport(client, listed, established=established)
        if sources is not None:
            job.sources(sources_in(sources))
        task = bar.add_task("Importing", total=count_lines(file))
        for chunk in chunks(read_scorecards(file)):
            job.take(chunk)
            bar.update(task, completed=chunk[-1].line)
    return job.tally


def sources_in(path: Path) -> "list[Source]":
    """The sources of a file; CommandError naming the first line that is wrong."""
    from reputable.ingest.claim_files import read_sources
    from reputable.ingest.rows import Reject

    found = []
    for row in read_sources(path):
        if isinstance(row, Reject):
            raise CommandError(f"{path.name}, line {row.line}: {row.reason}")
        found.append(row.source)
    return found
