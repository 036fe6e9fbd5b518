"""`reputable sources`: who speaks."""

import json
from typing import Annotated

import typer

from reputable.cli.options import SERVER, JsonOption, ServerOption

app = typer.Typer(help="Know who speaks: names, aliases, records.", no_args_is_help=True, rich_markup_mode=None)


@app.command(name="list")
def list_sources(as_json: JsonOption = False, server: ServerOption = SERVER) -> None:
    """List the sources by id.

    Example: reputable sources list
    """
    from reputable.cli.calling import client_of
    from reputable.cli.presenting import kind_name
    from reputable.cli.terminal import console, table

    shown = table("Id", "Name", "Kind", "Aliases")
    with client_of(server) as client:
        for source in client.list_sources():
            kind, aliases = kind_name(source.kind), list(source.aliases)
            if as_json:
                row = {"id": source.source_id, "name": source.display_name, "kind": kind}
                typer.echo(json.dumps({**row, "aliases": aliases}, ensure_ascii=False))
            else:
                shown.add_row(source.source_id, source.display_name, kind, ", ".join(aliases))
    if not as_json:
        console().print(shown)


@app.command()
def show(
    source_id: Annotated[str, typer.Argument(help="The source's id.")],
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """Show a source and its track record.

    Example: reputable sources show bernie-sanders
    """
    from google.protobuf.json_format import MessageToDict

    from reputable.cli.calling import client_of
    from reputable.cli.presenting import kind_name, record_table
    from reputable.cli.terminal import console
    from reputable.client import GetTrackRecordRequest

    with client_of(server) as client:
        source = client.get_source(source_id)
        record = client.get_track_record(GetTrackRecordRequest(source_id=source_id))
    if as_json:
        both = {"source": source, "track_record": record}
        found = {name: MessageToDict(message, preserving_proto_field_name=True) for name, message in both.items()}
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    kind = kind_name(source.kind)
    console().print(f"{source.display_name} ({source.source_id}{f', {kind}' if kind else ''})")
    if source.aliases:
        console().print(f"Also: {', '.join(source.aliases)}")
    console().print(record_table(record))


@app.command()
def resolve(
    name: Annotated[str, typer.Argument(help="A name as written.")],
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """Say which source a name means; exit code 1 when none.

    Example: reputable sources resolve "Russian MoD"
    """
    from reputable.cli.calling import client_of
    from reputable.cli.exits import Exit
    from reputable.cli.presenting import resolution_json, resolved

    with client_of(server) as client:
        resolution = client.resolve_source(name)
    if as_json:
        typer.echo(json.dumps(resolution_json(resolution), ensure_ascii=False))
    else:
        typer.echo(resolved(resolution))
    raise typer.Exit(Exit.OK if resolution.source_id else Exit.FAILED)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="The name to show.")],
    source_id: Annotated[str, typer.Option("--id", help="Its id; derived from the name without.")] = "",
    kind: Annotated[
        str,
        typer.Option(help="person, government_body, organisation, publication, account or collective."),
    ] = "",
    alias: Annotated[list[str] | None, typer.Option(help="Another name; may be repeated.")] = None,
    server: ServerOption = SERVER,
) -> None:
    """Register a source, or add aliases to one.

    Example: reputable sources add "Ministry of Trade" --kind government_body --alias "Trade ministry"
    """
    from reputable.cli.calling import client_of, source_message
    from reputable.domain.sources import Source
    from reputable.ingest.rows import kind_in

    source = Source(id=source_id, name=name, kind=kind_in({"kind": kind}, "kind"), aliases=tuple(alias or ()))
    with client_of(server) as client:
        done = client.create_source(source_message(source.checked()))
    stood = " (it stood already)" if done.duplicate else ""
    typer.echo(f"{done.source.source_id}: {done.source.display_name}{stood}")
