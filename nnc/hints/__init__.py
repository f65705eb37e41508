"""Hints: warnings about what is allowed and hardly meant, each of them once for a program; see `nnc.hints.table`."""

from nnc.hints.telling import Hint, tell, telling

__all__ = ["Hint", "tell", "telling"]
