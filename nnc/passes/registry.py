"""All passes by name, for those who choose them in words."""

from __future__ import annotations

from dataclasses import MISSING, fields

import nnc.passes.pipelines
import nnc.passes.sink
import nnc.passes.split  # noqa: F401  (what is imported is registered)
from nnc.errors import GraphError, nearest
from nnc.passes.base import PASSES, Pass


def pass_names() -> tuple[str, ...]:
    """Return the names of the passes that need no arguments, sorted."""
    return tuple(sorted(name for name, cls in PASSES.items() if _has_defaults(cls)))


def _has_defaults(cls: type[Pass]) -> bool:
    return all(field.default is not MISSING or field.default_factory is not MISSING for field in fields(cls))


def make_pass(name: str) -> Pass:
    """Return the pass of this name with its default options.

    Raises:
        GraphError: there is none; the message has the nearest known name.
    """
    if name not in pass_names():
        raise GraphError(f"unknown pass '{name}'; known are {', '.join(pass_names())}.{nearest(name, pass_names())}")
    return PASSES[name]()
