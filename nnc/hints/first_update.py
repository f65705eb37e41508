"""The hint about the first update: where it moves weights by more than they are, the learning rate is too large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnc.hints.delivery import Hint
from nnc.observation import Move

GENTLE = 0.1
"""Part of their size by which a first update may well move weights."""


def large_first_update(moves: Sequence[Move]) -> Iterator[Hint]:
    """Weights of layers that the first update moves by more than their size."""
    ratios = [(move.distance / move.size, move) for move in moves if move.distance > move.size > 0.0]
    if ratios:
        ratio, most = max(ratios, key=lambda pair: pair[0])
        others = f", and those of {len(ratios) - 1} more of {len(moves)} layers" if len(ratios) > 1 else ""
        rate = most.learning_rate
        gentle = "" if rate is None else f" from {rate:g} to about {GENTLE * rate / ratio:.1g}"
        yield Hint(
            "large-first-update",
            f"the first update moved the weights of layer '{most.path}' by {ratio:.3g} times their size{others}; lower"
            f" the learning rate{gentle}, or let it rise from a small one",
        )
