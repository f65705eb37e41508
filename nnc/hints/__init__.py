"""Hints: warnings about what is allowed but probably a mistake, each once for a program; see `nnc.hints.registry`."""

from nnc.hints.delivery import Hint, tell, telling

__all__ = ["Hint", "tell", "telling"]
