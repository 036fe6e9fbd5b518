"""A disk that fails on demand: an SQLite VFS that asks a file what is to go wrong."""

import os
import random
import signal
from pathlib import Path
from typing import Any

import apsw

NAME = "failing-disk"
_RANDOM = random.Random(11)


class FailingDisk(apsw.VFS):
    """Passes everything on to the system's VFS, but for what the orders say.

    It is the process's default once made. The orders stand in a file: `full` refuses writes,
    `fsync 0.2` fails that share of the synchronisations, `kill 7` ends the process at the seventh
    page that a checkpoint writes.
    """

    def __init__(self, orders: Path) -> None:
        self.orders = orders
        self.pages = 0
        self.base = apsw.vfs_names()[0]
        super().__init__(NAME, self.base, makedefault=True)

    def xOpen(self, name: "str | apsw.URIFilename | None", flags: list[int]) -> "FailingFile":
        """See apsw.VFS."""
        return FailingFile(self, name, flags)

    def order(self) -> list[str]:
        """What is to go wrong now."""
        try:
            return self.orders.read_text().split() or [""]
        except OSError:
            return [""]


class FailingFile(apsw.VFSFile):
    """One open file of the failing disk."""

    def __init__(self, disk: FailingDisk, name: "str | apsw.URIFilename | None", flags: list[int]) -> None:
        self._disk = disk
        self._is_database = bool(flags[0] & apsw.SQLITE_OPEN_MAIN_DB)
        super().__init__(disk.base, name, flags)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: ANN401
        """See apsw.VFSFile. In WAL mode only a checkpoint writes to the database itself."""
        order = self._disk.order()
        if order[0] == "full":
            raise apsw.FullError
        if order[0] == "kill" and self._is_database:
            self._disk.pages += 1
            if self._disk.pages >= int(order[1]):
                os.kill(os.getpid(), signal.SIGKILL)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        """See apsw.VFSFile."""
        order = self._disk.order()
        if order[0] == "fsync" and _RANDOM.random() < float(order[1]):
            error = apsw.IOError("the disk could not synchronise")
            error.extendedresult = apsw.SQLITE_IOERR_FSYNC  # type: ignore[attr-defined]
            raise error
        super().xSync(flags)
