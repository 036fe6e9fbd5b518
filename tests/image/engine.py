"""Performs the steps of a Dockerfile without a container engine.

Every absolute path of the image under the Dockerfile's own folder (`/app`) is moved under a temporary one, the base
image is the Python at hand, and a step's environment holds what the Dockerfile sets and nothing else. Users are not
changed. What it does not know it refuses.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

OWN = re.compile(r"(?<![\w.-])/app(?![\w.-])")
VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
NO_EFFECT = {"EXPOSE", "LABEL", "STOPSIGNAL", "USER"}


@dataclass
class Image:
    """What a stage came to: where its `/app` stands, how it is started and asked for its health."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def place(self, path: str) -> Path:
        """Where a path of the image is on this machine; ValueError outside `/app`."""
        full = PurePosixPath(self.folder) / path
        if full != PurePosixPath("/app") and PurePosixPath("/app") not in full.parents:
            raise ValueError(f"{full} is not under /app")
        return self.root / full.relative_to("/")

    def moved(self, text: str) -> str:
        """The text with the image's own paths replaced by those of this machine."""
        return OWN.sub(str(self.root / "app"), text)

    def expanded(self, text: str) -> str:
        """The text with ARG and ENV variables replaced, as in COPY and ENV."""
        known = self.arguments | self.environment
        return VARIABLE.sub(lambda match: known[match[1] or match[2]], text)

    def variables(self) -> dict[str, str]:
        """The environment of a step or of the container."""
        return {name: self.moved(value) for name, value in self.environment.items()}


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Instruction and arguments of each step, lines joined and comments left out."""
    lines = [line for line in dockerfile.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in joined.splitlines()]


def is_ignored(path: PurePosixPath, patterns: list[str]) -> bool:
    """Whether .dockerignore keeps the path out of the context: the last pattern that matches decides."""
    ignored = False
    for pattern in patterns:
        bare = pattern.removeprefix("!").rstrip("/")
        candidates = [path, *path.parents][:-1]
        names = [bare, bare.removeprefix("**/")] if bare.startswith("**/") else [bare]
        if any(_matches(candidate, name, nested=len(names) > 1) for candidate in candidates for name in names):
            ignored = not pattern.startswith("!")
    return ignored


def _matches(path: PurePosixPath, pattern: str, *, nested: bool) -> bool:
    return fnmatch(path.name if nested else str(path), pattern)


def context(source: Path, target: Path, files: list[str]) -> None:
    """Copy those of the files to `target` that .dockerignore lets into the build's context."""
    lines = (source / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    for name in files:
        if not is_ignored(PurePosixPath(name), patterns):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)


def build(folder: Path, work: Path, base: Mapping[str, str], arguments: Mapping[str, str]) -> Image:
    """Perform the Dockerfile of `folder` in `work`; the last stage.

    `base` is the base image's environment, `arguments` are build arguments. Raises CalledProcessError when a step
    fails and ValueError for what it does not know.
    """
    stages: dict[str, Image] = {}
    stage: Image | None = None
    for step, (instruction, rest) in enumerate(instructions((folder / "Dockerfile").read_text(encoding="utf-8"))):
        if instruction == "FROM":
            stage = Image(work / str(step), dict(base))
            stages[rest.split(" AS ")[-1]] = stage
        elif instruction == "ARG" and stage is None:
            continue  # Only FROM uses it.
        elif stage is None:
            raise ValueError(f"{instruction} before FROM")
        else:
            _perform(stage, instruction, rest, folder, stages, arguments)
    if stage is None:
        raise ValueError("the Dockerfile has no stage")
    return stage


def _perform(
    stage: Image, instruction: str, rest: str, folder: Path, stages: Mapping[str, Image], arguments: Mapping[str, str]
) -> None:
    if instruction == "ARG":
        name, _, default = rest.partition("=")
        stage.arguments[name] = arguments.get(name, default)
    elif instruction == "ENV":
        stage.environment |= {
            name: stage.expanded(value) for name, value in (item.split("=", 1) for item in rest.split())
        }
    elif instruction == "WORKDIR":
        stage.folder = str(PurePosixPath(stage.folder) / rest)
        stage.place(".").mkdir(parents=True, exist_ok=True)
    elif instruction == "COPY":
        _copy(stage, rest, folder, stages)
    elif instruction == "RUN":
        variables = stage.variables() | stage.arguments
        subprocess.run(["sh", "-ec", stage.moved(rest)], cwd=stage.place("."), env=variables, check=True)
    elif instruction == "HEALTHCHECK":
        stage.health = json.loads(rest.split("CMD ", 1)[1])
    elif instruction == "ENTRYPOINT":
        stage.entrypoint = json.loads(rest)
    elif instruction == "CMD":
        stage.command = json.loads(rest)
    elif instruction not in NO_EFFECT:
        raise ValueError(f"{instruction} is not known here")


def _copy(stage: Image, rest: str, folder: Path, stages: Mapping[str, Image]) -> None:
    words = stage.expanded(rest).split()
    flags = dict(word.removeprefix("--").split("=", 1) for word in words if word.startswith("--"))
    *sources, target = [word for word in words if not word.startswith("--")]
    origin = stages.get(flags.get("from", ""))
    for source in sources:
        path = folder / source if origin is None else origin.place(source)
        goal = stage.place(target)
        if path.is_dir():
            shutil.copytree(path, goal, symlinks=True, dirs_exist_ok=True)
            _move_scripts(goal, origin, stage)
        else:
            goal = goal / path.name if target.endswith("/") else goal
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, goal)


def _move_scripts(folder: Path, origin: Image | None, stage: Image) -> None:
    """In an image both stages call the folder /app; here each has its own, which scripts have in their first line."""
    if origin is None:
        return
    for script in (path for path in folder.glob("bin/*") if path.is_file() and not path.is_symlink()):
        content = script.read_bytes()
        script.write_bytes(content.replace(bytes(origin.root), bytes(stage.root)))


def base_environment(home: Path) -> dict[str, str]:
    """The base image's: the Python at hand, an empty home; pip finds packages as it does on this machine."""
    tools = home / "tools"
    tools.mkdir(parents=True)
    python = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    (tools / "python").write_text(f'#!/bin/sh\nexec "{python}" "$@"\n', encoding="utf-8")
    (tools / "python").chmod(0o755)
    machine = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return machine | {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
