"""What the benchmarks know of the machine: its cores, processes and name; Linux only."""

import os
import platform
import subprocess
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")


def cores() -> tuple[int, int]:
    """The core that servers are pinned to and the core that the load is pinned to.

    Raises SystemExit when there is only one.
    """
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise SystemExit("Two cores are needed: one for the server, one for the load.")
    return allowed[0], allowed[1]


def descendants(pid: int) -> list[int]:
    """`pid` and every process below it."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for parent in found:
        found.extend(children.get(parent, []))
    return found


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU that `pid` and the processes below it have used, those that ended included."""
    return sum(sum(int(field) for field in _stat(p)[11:15]) for p in descendants(pid) if _stat(p)) / _TICKS


def rss_mebibytes(pid: int) -> float:
    """Resident memory of `pid` and the processes below it, in MiB."""
    return sum(int(fields[21]) for p in descendants(pid) if (fields := _stat(p))) * _PAGE / 2**20


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the process's name; empty when it is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def describe() -> dict[str, str]:
    """Processor, cores, memory, kernel and Python, for the results."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "memory": f"{memory / 2**20:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_version()} (built {platform.python_build()[1]})",
    }


def commit() -> str:
    """The commit measured, with "+" when files have changed since."""
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    status = ["git", "status", "--porcelain", "--untracked-files=no", "server"]
    changed = subprocess.run(status, capture_output=True, text=True, check=False)
    return (done.stdout.strip() or "unknown") + ("+" if changed.stdout.strip() else "")


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
