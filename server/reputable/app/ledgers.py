"""Opens the ledger that a URL names: to write, to read beside a service, to copy into."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from reputable.application.copying import LedgerTarget
from reputable.application.ports import Clock, Identity, Ledger, LedgerReader
from reputable.domain.errors import LedgerUnavailable
from reputable.settings import SettingsError


async def open_ledger(url: str, clock: Clock) -> Ledger:
    """The ledger at `url`, opened for writing. Raises LedgerUnavailable, OSError, SettingsError."""
    if not is_file(url):
        ledger: Ledger = await _postgres("ledger").PostgresLedger.open(url, clock)
        return ledger
    from reputable.adapters.sqlite_ledger import SqliteLedger

    return SqliteLedger(sqlite_path(url), clock)


async def open_ledger_reader(url: str) -> LedgerReader:
    """A reader of the ledger at `url` that sees one snapshot and takes no lock, beside a service or without one.

    Raises LedgerUnavailable when it is not there or cannot be read, SettingsError.
    """
    if not is_file(url):
        reader: LedgerReader = await _postgres("ledger").PostgresReader.pin(url)
        return reader
    from reputable.adapters.sqlite_ledger import SqliteReader

    return SqliteReader(_existing(url), pinned=True)


async def open_ledger_target(url: str, identity: Identity) -> LedgerTarget:
    """The ledger at `url`, made when there is none, to copy the one of that identity into.

    Raises PreconditionFailed when it is another ledger, LedgerUnavailable, SettingsError.
    """
    if not is_file(url):
        target: LedgerTarget = await _postgres("copying").PostgresTarget.open(url, identity)
        return target
    from reputable.adapters.sqlite_copying import SqliteTarget

    return SqliteTarget(sqlite_path(url), identity)


def back_up_file(url: str, out: Path, progress: Callable[[int, int], None]) -> int:
    """Copy a ledger's file, also while a service writes to it; returns the copy's last revision.

    `progress` is told pages done and pages in all. Raises LedgerUnavailable, LedgerFull, OSError.
    """
    from reputable.adapters.sqlite_copying import back_up

    return back_up(_existing(url), out, progress)


def is_file(url: str) -> bool:
    """Whether the ledger is an SQLite file; otherwise it is in PostgreSQL."""
    return urlsplit(url).scheme == "sqlite"


def sqlite_path(url: str) -> Path:
    """The file of `sqlite:///relative` or `sqlite:////absolute`."""
    return Path(url.removeprefix("sqlite:///"))


def _existing(url: str) -> Path:
    path = sqlite_path(url)
    if not url.startswith("sqlite:///") or not path.is_file():
        raise LedgerUnavailable(f"{url}: there is no such ledger; give sqlite:///file or a postgresql:// URL.")
    return path


def _postgres(part: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(f"reputable.adapters.postgres_{part}")
    except ImportError as error:
        message = "a ledger in PostgreSQL needs what is not installed: pip install 'reputable[postgres]'"
        raise SettingsError(message) from error
