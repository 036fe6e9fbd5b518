"""Generate the Python package reputable.v1 from proto/, or check that what is committed is fresh.

`python scripts/generate_proto.py server` writes server/reputable/v1; with `--check` it writes
nothing and exits 1 when a file differs.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path("reputable/v1")
PLUGINS = ("protoc-gen-mypy", "protoc-gen-mypy_grpc")


def generate(target: Path) -> None:
    """Write the generated package under the source root `target`.

    Raises:
        SystemExit: protoc refused a file; it has said why.
    """
    (target / PACKAGE).mkdir(parents=True, exist_ok=True)
    protos = sorted((ROOT / "proto" / PACKAGE).glob("*.proto"))
    _protoc(protos, f"--python_out={target}", f"--mypy_out=quiet:{target}")
    services = [path for path in protos if "\nservice " in path.read_text(encoding="utf-8")]
    _protoc(services, f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet:{target}")
    name = ".".join(PACKAGE.parts)
    docstring = f'"""{name}: generated from proto/ by `make proto`; not to be edited."""\n'
    (target / PACKAGE / "__init__.py").write_text(docstring, encoding="utf-8")


def _protoc(protos: list[Path], *outputs: str) -> None:
    well_known = Path(protoc.__file__).parent / "_proto"
    paths = [f"-I{ROOT / 'proto'}", f"-I{well_known}"]
    plugins = [f"--plugin={name}={Path(sys.executable).parent / name}" for name in PLUGINS]
    if protoc.main(["protoc", *paths, *plugins, *outputs, *map(str, protos)]):
        raise SystemExit(1)


def differences(target: Path) -> list[str]:
    """Names of the files under `target` that are stale, missing or no longer generated; sorted."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fresh = _contents(Path(folder) / PACKAGE)
    committed = _contents(target / PACKAGE)
    names = fresh.keys() | committed.keys()
    return sorted(name for name in names if fresh.get(name) != committed.get(name))


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.py*") if path.is_file()}


def main() -> None:
    """Do what the command line asks; exit 1 when a check finds a difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("target", type=Path, help="source root that holds reputable/v1")
    parser.add_argument("--check", action="store_true", help="write nothing; compare")
    options = parser.parse_args()
    if not options.check:
        generate(options.target)
    elif stale := differences(options.target):
        sys.exit(f"Run `make proto`; not as generated from proto/: {', '.join(stale)}")


if __name__ == "__main__":
    main()
