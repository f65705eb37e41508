"""NumPy's generator PCG64 as words that compiled code draws from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Array = Any
WORDS = 6
"""Words of a generator: two of its state, two of its increment, high ones first, whether half a draw is left, it."""
_LOW = 2**64 - 1


@contextmanager
def moving(generator: Any, words: Array) -> Iterator[None]:
    """Let a generator go on from where its words are at the end.

    Args:
        generator: a `numpy.random.PCG64`, or None for nothing to do.
        words: filled with its state.
    """
    if generator is None:
        yield
        return
    state = generator.state
    numbers = state["state"]
    words[:4] = [part for key in ("state", "inc") for part in (numbers[key] >> 64, numbers[key] & _LOW)]
    words[4:] = state["has_uint32"], state["uinteger"]
    try:
        yield
    finally:
        high, low, _, _, is_left, left = map(int, words)
        numbers["state"] = high << 64 | low
        generator.state = state | {"has_uint32": is_left, "uinteger": left}
