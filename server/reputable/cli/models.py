"""`reputable models`: which models there are, and which one scores."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reputable.cli.exits import CommandError, Exit
from reputable.cli.options import SERVER, JsonOption, ServerOption

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from reputable.client import AssessClaimRequest, Client, Model

app = typer.Typer(help="Know the models, and choose which one scores.", no_args_is_help=True, rich_markup_mode=None)
VersionArgument = Annotated[str, typer.Argument(help="The model's version.", show_default=False)]

DIFF_HELP = """Show how two models differ: what they were trained on, how they did, and with --file
how far apart their credibilities are on the claims of a JSONL or CSV file.

Example: reputable models diff politifact-2021.6 ours-2026.3 --file claims.jsonl
"""


@app.command(name="list")
def list_models(as_json: JsonOption = False, server: ServerOption = SERVER) -> None:
    """List the models that can be activated, newest first.

    Example: reputable models list
    """
    from reputable.cli.calling import client_of
    from reputable.cli.terminal import console, table

    shown = table("Version", "Scores", "Trained", "On reviews until", "Size", right=("Size",))
    with client_of(server) as client:
        for model in client.list_models():
            if as_json:
                typer.echo(json.dumps(_json(model)))
                continue
            state = "now" if model.active else "before" if model.previous else ""
            trained, until = _day(model.train_time), _day(model.train_window_end_time)
            shown.add_row(model.version, state, trained, until, f"{model.size_bytes / 1e6:.1f} MB")
    if not as_json:
        console().print(shown)


@app.command()
def show(
    version: Annotated[str, typer.Argument(help="The model's version; the one that scores without.")] = "",
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """Show a model: its digest, training window and figures from evaluation.

    Example: reputable models show politifact-2021.6
    """
    from reputable.cli.calling import client_of
    from reputable.cli.terminal import console, table

    with client_of(server) as client:
        model = client.get_model(version)
    if as_json:
        typer.echo(json.dumps(_json(model)))
        return
    shown = table(model.version, "")
    for name, value in _facts(model).items():
        shown.add_row(name, value)
    console().print(shown)


@app.command()
def activate(version: VersionArgument, server: ServerOption = SERVER) -> None:
    """Make a model the one that scores, after its files and its golden claims are found right.

    Example: reputable models activate ours-2026.3
    """
    from reputable.cli.calling import client_of

    with client_of(server) as client:
        _activate(client, version)


@app.command()
def rollback(server: ServerOption = SERVER) -> None:
    """Go back to the model that scored before; again, and it is undone.

    Example: reputable models rollback
    """
    from reputable.cli.calling import client_of

    with client_of(server) as client:
        before = next((model.version for model in client.list_models() if model.previous), "")
        if not before:
            raise CommandError("no model scored before the one that scores now.", Exit.FAILED)
        _activate(client, before)


@app.command(help=DIFF_HELP)
def diff(
    first: VersionArgument,
    second: VersionArgument,
    file: Annotated[Path | None, typer.Option(help="Assess these claims with both.")] = None,
    as_json: JsonOption = False,
    server: ServerOption = SERVER,
) -> None:
    """Compare two models."""
    from reputable.cli.calling import client_of
    from reputable.cli.terminal import console, table

    with client_of(server) as client:
        models = client.get_model(first), client.get_model(second)
        moved = {} if file is None else _moved(client, file, first, second)
    if as_json:
        typer.echo(json.dumps({"models": [_json(model) for model in models], "claims": moved}))
        return
    one, other = (_facts(model) for model in models)
    shown = table("", first, second, right=(first, second))
    for name in dict.fromkeys((*one, *other)):
        if one.get(name) != other.get(name):
            shown.add_row(name, one.get(name, ""), other.get(name, ""))
    console().print(shown)
    for name, value in moved.items():
        typer.echo(f"{name.replace('_', ' ')}: {value:g}")


def _activate(client: "Client", version: str) -> None:
    before = client.get_model().version
    model = client.activate_model(version)
    stood = f"{model.version} scores already" if model.version == before else f"{model.version} scores now"
    typer.echo(stood if model.version == before else f"{stood}, {before} did before")


def _moved(client: "Client", file: Path, first: str, second: str) -> dict[str, float]:
    """How far apart the credibilities of two models are; CommandError when no claim could be assessed."""
    from reputable.client import Assessment

    differences = []
    answers = [client.assess_many(_requests(file, version)) for version in (first, second)]
    for one, other in zip(*answers, strict=True):
        if isinstance(one, Assessment) and isinstance(other, Assessment):
            differences.append(other.credibility - one.credibility)
    if not differences:
        raise CommandError(f"{file}: no claim could be assessed with both models.", Exit.FAILED)
    return {
        "claims_assessed": len(differences),
        "mean_difference": sum(differences) / len(differences),
        "mean_absolute_difference": sum(map(abs, differences)) / len(differences),
        "largest_absolute_difference": max(map(abs, differences)),
    }


def _requests(file: Path, version: str) -> Iterator["AssessClaimRequest"]:
    from reputable.cli.calling import claim_message
    from reputable.client import AssessClaimRequest
    from reputable.ingest.claim_files import read_claims
    from reputable.ingest.rows import Reject

    for row in read_claims(file):
        if not isinstance(row, Reject):
            yield AssessClaimRequest(claim=claim_message(row.claim), model_version=version)


def _facts(model: "Model") -> dict[str, str]:
    window = f"{_day(model.train_window_start_time)} to {_day(model.train_window_end_time)}"
    figures = {name: f"{value:.4f}" for name, value in sorted(model.metrics.items())}
    return {
        "digest": model.digest[:16],
        "trained": _day(model.train_time),
        "on reviews": window,
        "bytes": f"{model.size_bytes:,}",
        **figures,
    }


def _json(model: "Model") -> dict[str, object]:
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(model, preserving_proto_field_name=True)


def _day(moment: "Timestamp") -> str:
    return moment.ToJsonString()[:10]
