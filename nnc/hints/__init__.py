"""Hints: warnings about what is allowed but probably a mistake, each once for a program; see `nnc.hints.table`."""

from nnc.hints.telling import Hint, tell, telling

__all__ = ["Hint", "tell", "telling"]
