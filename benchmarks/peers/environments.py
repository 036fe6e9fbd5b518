"""Makes each peer's environment under benchmarks/peers/.environments/, from its hash-pinned lock.

Usage: python -m benchmarks.peers.environments [--lock]   (--lock renews the locks instead)
"""

import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
LOCKS = HERE / "requirements"
ENVIRONMENTS = HERE / ".environments"
PEERS = ("fastapi", "mlserver", "bentoml")


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment, which is made first where it is missing or out of date.

    It is built as ours: another build of the same Python may be a fifth faster.
    """
    folder, lock = ENVIRONMENTS / peer, LOCKS / f"{peer}.txt"
    stamp = folder / ".lock"
    python = folder / "bin" / "python"
    made_of = f"{sys.version}\n{sys.base_prefix}\n".encode() + lock.read_bytes()
    if not stamp.exists() or stamp.read_bytes() != made_of:
        print(f"Making the environment of {peer} ({lock.read_text().count('==')} packages)", flush=True)
        venv.create(folder, clear=True, with_pip=True)
        install = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--only-binary",
            ":all:",
            "--no-deps",
            "--require-hashes",
            "-r",
            lock,
        ]
        subprocess.run(list(map(str, install)), check=True)
        stamp.write_bytes(made_of)
    return python


def lock() -> None:
    """Renew the locks from the .in files beside them."""
    for peer in PEERS:
        command = ["uv", "pip", "compile", "--no-config", "--quiet", "--universal", "--python-version", "3.11"]
        command += ["--generate-hashes", "--no-emit-index-url", "--upgrade"]
        command += ["--custom-compile-command", "python -m benchmarks.peers.environments --lock"]
        subprocess.run([*command, f"{peer}.in", "-o", f"{peer}.txt"], cwd=LOCKS, check=True)


if __name__ == "__main__":
    if "--lock" in sys.argv:
        lock()
    else:
        for name in PEERS:
            python_of(name)
