"""`reputable ledger`: look after the ledger."""

import typer

app = typer.Typer(help="Look after the ledger.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    pass
