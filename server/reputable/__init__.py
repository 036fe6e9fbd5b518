"""Reputable: how credible is this claim, coming from this source, at this moment?"""

from importlib.metadata import version

__version__ = version("reputable")
