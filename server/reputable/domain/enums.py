"""Closed sets of names."""

from enum import Enum


class Names(Enum):
    """An Enum whose members hash as what they are, single objects: in C, where Enum's own takes 0.15 us each time."""

    __hash__ = object.__hash__
