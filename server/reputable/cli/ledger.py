"""`reputable ledger`: look after the ledger."""

import typer

app = typer.Typer(help="Look after the ledger.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    pass
