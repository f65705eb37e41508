"""Mean and spread of repeated measurements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """Mean and spread of some numbers.

    Args:
        mean: arithmetic mean.
        spread: sample standard deviation (divided by count - 1); NaN for a single number.
        count: how many numbers.
    """

    mean: float
    spread: float
    count: int

    def text(self, digits: int, factor: float = 1.0) -> str:
        """Return ``mean ± spread``, without the spread where there is none.

        Args:
            digits: digits after the point.
            factor: what both are multiplied by, 100 for percent.
        """
        spread = "" if math.isnan(self.spread) else f" ± {self.spread * factor:.{digits}f}"
        return f"{self.mean * factor:.{digits}f}{spread}"


def summarize(numbers: Sequence[float]) -> Summary:
    """Return mean and spread of at least one number.

    >>> summarize([1.0, 3.0]).text(2)
    '2.00 ± 1.41'
    """
    count = len(numbers)
    mean = math.fsum(numbers) / count
    squares = math.fsum((number - mean) ** 2 for number in numbers)
    return Summary(mean, math.sqrt(squares / (count - 1)) if count > 1 else math.nan, count)
