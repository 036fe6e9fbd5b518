"""`reputable assess --local`: a file scored in processes of its own, without a service."""

import os
from pathlib import Path

import typer

from reputable.cli.exits import CommandError, Exit


def assess_locally(
    path: Path, out: Path | None, *, ledger: str | None, as_of: str | None, processes: int | None, rejects: Path | None
) -> None:
    """Score a file; rejects are listed on stderr by line, and in a CSV file when a path is given."""
    from reputable.app.local import AsOf, agreed
    from reputable.app.local_files import ScoringStoppedError, score_file
    from reputable.cli.rejects import Rejects
    from reputable.cli.terminal import count_lines, progress
    from reputable.settings import load

    moments = {moment.value: moment for moment in AsOf}
    if as_of is not None and as_of not in moments:
        raise CommandError(f"--as-of: with --local give one of {', '.join(moments)}.", Exit.USAGE)
    terms = agreed(ledger or load()[0].ledger_url, moments[as_of or AsOf.NOW.value])
    assessed = refused = 0
    with Rejects(rejects) as listed, progress() as bar:
        task = bar.add_task("Assessing", total=count_lines(path))
        try:
            for batch in score_file(path, out, terms, processes or _cores()):
                for line, reason in batch.rejects:
                    listed.add(line, reason)
                refused += len(batch.rejects)
                assessed += batch.row_count - len(batch.rejects)
                bar.advance(task, batch.row_count)
        except ScoringStoppedError as error:
            raise CommandError(str(error)) from error
    typer.echo(f"{assessed:,} claims assessed, {refused:,} refused.", err=True)
    if refused:
        raise typer.Exit(Exit.PARTLY if assessed else Exit.FAILED)


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
