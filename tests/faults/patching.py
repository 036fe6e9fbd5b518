"""Replaces what a module or a class holds; only in the process of a service that a test started."""

from typing import Any


def got(owner: Any, name: str) -> Any:  # noqa: ANN401 - whatever is replaced.
    """What is there now."""
    return getattr(owner, name)


def put(owner: Any, name: str, value: Any) -> None:  # noqa: ANN401 - whatever is replaced.
    """Put another in its place; AttributeError when there is none."""
    getattr(owner, name)
    setattr(owner, name, value)
