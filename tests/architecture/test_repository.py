"""What the files of the repository may and may not say."""

import itertools
import re
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PINNED = re.compile(r"^[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+( ;.*)? \\$")
MACHINE_PATH = re.compile(r"(?<![\w.~/$}>)-])/(home|root|Users|work|opt)/\w")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")


def repository_files() -> list[Path]:
    """Files that git tracks or would track, but for the generated ones; sorted."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return sorted(path for path in paths if path.is_file() and "v1" not in path.parts)


def text_of(path: Path) -> str:
    """The file's text; nothing for a binary file."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")


def lines_of(path: Path) -> list[str]:
    """The file's lines, without their ends."""
    return path.read_text(encoding="utf-8").splitlines()


def anchors(page: Path) -> set[str]:
    """Anchors of the page's headings, formed as GitHub does."""
    headings = re.findall(r"^#{1,6} +(.+?) *#*$", FENCE.sub("", text_of(page)), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", LINK.sub("", heading).lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def broken_links(page: Path) -> list[str]:
    """Links of a Markdown page to files or headings of the repository that are not there."""
    prose = CODE.sub("", FENCE.sub("", text_of(page)))
    broken = []
    for link in LINK.findall(prose):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (page.parent / name).resolve() if name else page
        missing = not target.exists()
        if missing or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_address_and_no_path(lock: Path) -> None:
    offending = re.findall(r".*(?:://|--index-url|--find-links| @ |file:).*", lock.read_text(encoding="utf-8"))

    assert offending == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_each_package_in_a_lock_is_pinned_to_one_version_and_its_hashes(lock: Path) -> None:
    pairs = [pair for pair in itertools.pairwise(lines_of(lock)) if pair[0][:1].isalnum()]

    assert pairs
    assert [line for line, _ in pairs if not PINNED.match(line)] == []
    assert [line for line, below in pairs if "--hash=sha256:" not in below] == []


def test_the_run_lock_holds_every_dependency_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    locked = {line.split("==")[0] for line in lines_of(ROOT / "requirements/run.txt")}
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["build"]

    assert {re.split(r"[^\w-]", name)[0] for name in wanted} - locked == set()


def test_the_build_group_is_what_the_build_system_requires() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["dependency-groups"]["build"] == project["build-system"]["requires"]


def test_no_file_names_a_path_of_one_machine() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in repository_files()
        if path != Path(__file__).resolve()
        for line in text_of(path).splitlines()
        if MACHINE_PATH.search(line)
    ]

    assert offenders == []


def test_links_between_pages_lead_somewhere() -> None:
    pages = [path for path in repository_files() if path.suffix == ".md"]
    broken = {str(page.relative_to(ROOT)): broken_links(page) for page in pages}

    assert pages
    assert {page: links for page, links in broken.items() if links} == {}


def test_a_link_to_a_missing_file_or_heading_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One heading\n[good](#one-heading) [self](page.md#one-heading) `[code](no.md)`\n"
        "[gone](gone.md) [no heading](page.md#two) [web](https://example.org/x)\n",
        encoding="utf-8",
    )

    assert broken_links(page) == ["gone.md", "page.md#two"]
