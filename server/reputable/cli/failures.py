"""What the command line says of the failures it knows."""

import sys
import traceback
from pathlib import Path

from reputable.cli.exits import Exit


def sentence_and_code(error: Exception) -> tuple[str, Exit]:
    """One sentence and the exit code; a failure that nobody foresaw is called a defect, with its place.

    Only modules that were imported can have raised, so nothing is imported here for its types.
    """
    if "reputable.client" in sys.modules and (found := _of_call(error)):
        return found
    if (
        _is(error, "reputable.ingest.rows", "FileRefusedError")
        or _is(error, "reputable.domain.errors", "ReputableError")
        or _is(error, "reputable.settings", "SettingsError")
    ):
        return str(error), Exit.FAILED
    if isinstance(error, OSError):
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return f"{what}.", Exit.FAILED
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return f"this is a defect, please report it: {type(error).__name__}: {error} ({where})", Exit.FAILED


def _is(error: Exception, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(error, kind)


def _of_call(error: Exception) -> tuple[str, Exit] | None:
    from grpc import StatusCode

    from reputable.client import CallError

    if not isinstance(error, CallError):
        return None
    status = error.status
    if error.reason or status not in {StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED}:
        return f"{error.message} ({status.name})", Exit.FAILED
    sentence = (
        "the server cannot be reached; start one with `reputable serve`, or name another with "
        f"--server ({status.name}: {error.message})."
    )
    return sentence, Exit.UNREACHABLE
