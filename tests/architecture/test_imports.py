"""Who may import whom."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter import cli

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "server" / "reputable"


def imported_names(module: Path) -> Iterator[str]:
    """Absolute names of what the module at this path imports."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{'.' * node.level}{node.module or ''}"


def test_every_import_contract_is_kept(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)

    status = cli.lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)

    assert status == cli.EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_the_domain_imports_only_the_standard_library() -> None:
    modules = sorted((PACKAGE / "domain").rglob("*.py"))
    foreign = {
        f"{module.relative_to(PACKAGE)}: {name}"
        for module in modules
        for name in imported_names(module)
        if not name.startswith((".", "reputable.domain")) and name.split(".")[0] not in sys.stdlib_module_names
    }

    assert modules
    assert foreign == set()


def test_no_module_unpickles() -> None:
    """Model files are data: whatever can run code on loading is not imported."""
    unpicklers = {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}
    offenders = {
        f"{module.relative_to(PACKAGE)}: {name}"
        for module in PACKAGE.rglob("*.py")
        for name in imported_names(module)
        if name.split(".")[0] in unpicklers
    }

    assert offenders == set()
