"""`reputable ledger`: look after the ledger, also while a service has it open."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from reputable.cli.exits import Exit
from reputable.cli.options import JsonOption

if TYPE_CHECKING:
    from reputable.application.ports import LedgerReader
    from reputable.application.sealing import Seal
    from reputable.application.verifying import Verification

app = typer.Typer(
    help="Look after the ledger, also while a service has it open.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Answer = TypeVar("Answer")
LedgerOption = Annotated[
    str | None,
    typer.Option("--ledger", metavar="URL", help="The ledger; REPUTABLE_LEDGER_URL or its default without."),
]

VERIFY_HELP = """Recompute every row, digest, record and head from the ledger, and name what differs.

Exit code 0 when nothing differs, 1 otherwise. With --seal also finds rows that were removed from
the end since the seal was written.

Example: reputable ledger verify

Example: reputable ledger verify --ledger sqlite:////backups/ledger.db --seal monday.seal
"""
SEAL_HELP = """Write a seal: a digest over the last row of every source, to be kept elsewhere.

Example: reputable ledger seal --out monday.seal
"""
BACKUP_HELP = """Copy the ledger into a file, also while a service writes to it.

The copy holds what the ledger held at one moment; it appears whole or not at all. Interrupted, run
it again. To restore, stop the service and put the file where the ledger was.

Example: reputable ledger backup /backups/monday.db
"""
COPY_HELP = """Copy a ledger row by row into another database: the same revisions, the same digests.

Moves a ledger from a file to PostgreSQL, or back. Stop the service before the last run, so that
nothing is left behind. Interrupted, run it again: it goes on where it stopped.

Example: reputable ledger copy postgresql://reputable@db/reputable
"""


@app.command(help=VERIFY_HELP)
def verify(
    ledger: LedgerOption = None,
    seal: Annotated[Path | None, typer.Option(help="A seal that the ledger must still hold.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Verify the ledger."""
    from reputable.application.sealing import Seal

    sealed = None if seal is None else Seal.decode(seal.read_text(encoding="utf-8"))
    report = _with_reader(ledger, lambda reader: _verified(reader, sealed))
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "sound": report.sound,
                    "rows": report.entries,
                    "chains": report.chains,
                    "findings": report.findings,
                    "differences": report.differences,
                }
            )
        )
    else:
        for difference in report.differences:
            typer.echo(difference, err=True)
        verdict = "nothing differs" if report.sound else f"{len(report.differences):,} differences"
        typer.echo(
            f"{report.entries:,} rows, {report.chains:,} chains, {report.findings:,} verdicts and "
            f"scorecards recomputed: {verdict}."
        )
    raise typer.Exit(Exit.OK if report.sound else Exit.FAILED)


@app.command(name="seal", help=SEAL_HELP)
def write_seal(
    out: Annotated[Path | None, typer.Option(help="Write it here instead of to stdout.")] = None,
    ledger: LedgerOption = None,
) -> None:
    """Seal the ledger."""
    import time

    from reputable.application.sealing import seal

    sealed = _with_reader(ledger, lambda reader: seal(reader, time.time_ns() // 1000))
    if out is None:
        typer.echo(sealed.encode(), nl=False)
    else:
        out.write_text(sealed.encode(), encoding="utf-8")
        typer.echo(f"Sealed revision {sealed.revision:,} in {out}.")


@app.command(help=BACKUP_HELP)
def backup(out: Annotated[Path, typer.Argument(help="The file to write.")], ledger: LedgerOption = None) -> None:
    """Back the ledger up."""
    from reputable.app import back_up_file, is_file
    from reputable.cli.terminal import progress

    url = ledger or _configured()
    if is_file(url):
        with progress() as bar:
            task = bar.add_task("Backing up", total=None)
            revision = back_up_file(url, out, lambda done, pages: bar.update(task, completed=done, total=pages))
    else:
        partial = out.with_name(f"{out.name}.partial")
        revision = _with_reader(url, lambda reader: _copied(reader, f"sqlite:///{partial}"))
        partial.replace(out)
        partial.with_name(f"{partial.name}.lock").unlink(missing_ok=True)
    typer.echo(f"Backed up to {out}: {revision:,} rows.")


@app.command(help=COPY_HELP)
def copy(
    target: Annotated[str, typer.Argument(metavar="URL", help="Where to: sqlite:///file or postgresql://…")],
    ledger: LedgerOption = None,
) -> None:
    """Copy the ledger."""
    revision = _with_reader(ledger, lambda reader: _copied(reader, target))
    typer.echo(f"{target} holds {revision:,} rows, with the same revisions and digests.")


async def _copied(reader: "LedgerReader", url: str) -> int:
    from reputable.app import open_ledger_target
    from reputable.application.copying import copy as copy_rows
    from reputable.cli.terminal import progress

    total = (await reader.state()).revision
    target = await open_ledger_target(url, reader.identity)
    try:
        with progress() as bar:
            task = bar.add_task("Copying", total=total)
            return await copy_rows(reader, target, lambda rows: bar.update(task, completed=rows))
    finally:
        await target.close()


async def _verified(reader: "LedgerReader", sealed: "Seal | None") -> "Verification":
    from reputable.application.verifying import verify as recompute
    from reputable.cli.terminal import progress

    total = (await reader.state()).revision
    with progress() as bar:
        task = bar.add_task("Verifying", total=total)
        return await recompute(reader, sealed, lambda rows: bar.update(task, completed=rows))


def _with_reader(url: str | None, work: "Callable[[LedgerReader], Awaitable[Answer]]") -> Answer:
    """Do the work on a reader that sees one snapshot and takes no lock."""
    from reputable.app import open_ledger_reader

    async def run() -> Answer:
        reader = await open_ledger_reader(url or _configured())
        try:
            return await work(reader)
        finally:
            await reader.close()

    return asyncio.run(run())


def _configured() -> str:
    from reputable.settings import load

    return load()[0].ledger_url
