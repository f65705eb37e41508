"""The models of all generators, by seed."""

from __future__ import annotations

from tests.foreign import smith
from tests.foreign.comparing import Result, compare


def try_model(seed: int, everything: bool = False) -> Result:
    """Return what came of the model of a seed; see `tests.foreign.comparing.compare`."""
    return compare(lambda floatx: smith.make_model(seed, floatx), seed, everything)
