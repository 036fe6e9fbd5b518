"""The composition root: the only place that knows concrete classes. Builds, starts and stops the service."""

import asyncio
import sys
from typing import TYPE_CHECKING

from reputable.app.ledgers import back_up_file, is_file, open_ledger_reader, open_ledger_target, sqlite_path
from reputable.app.opening import Learning, load_learning, load_tracing
from reputable.app.service import App
from reputable.settings import Settings

if TYPE_CHECKING:
    from reputable.adapters.log_outlet import LogOutlet

__all__ = [
    "App", "Learning", "back_up_file", "build", "is_file", "load_learning", "open_ledger_reader", "open_ledger_target",
    "serve", "sqlite_path",
]  # fmt: skip


def build(settings: Settings, learning: Learning | None = None) -> App:
    """The service that `settings` describe, not started yet; with the models on disk unless others are given.

    Raises ArtifactRefused or ModelNotFound when the model to start with cannot be used, SettingsError
    when traces are wanted and cannot be made.
    """
    return App(settings, learning or load_learning(settings), load_tracing(settings))


def serve(settings: Settings) -> int:
    """Run the service until SIGTERM or SIGINT and return the exit code; what `App.start` raises is raised."""
    from reputable.adapters import logs
    from reputable.adapters.allocation import share_one_arena
    from reputable.adapters.log_outlet import LogOutlet

    share_one_arena()
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stdout.isatty())
    with LogOutlet(sys.stdout.fileno(), logs.lines_dropped) as outlet:
        logs.configure(settings.log_level, as_json=as_json, stream=outlet)
        return _serve(settings, outlet)


def _serve(settings: Settings, outlet: "LogOutlet") -> int:
    if settings.processes > 1:
        from reputable.app.many import run_many

        return asyncio.run(run_many(settings))
    from reputable.adapters import process
    from reputable.api.gathering import GatheringLoop

    app = build(settings)
    app.metrics.log_lines_dropped = lambda: outlet.dropped_in_all
    with asyncio.Runner(loop_factory=GatheringLoop) as runner:
        runner.run(process.run(app, settings.drain_seconds))
    return 0
