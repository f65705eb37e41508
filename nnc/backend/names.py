"""Numbers that make names unique."""

from __future__ import annotations

from collections import Counter

_COUNTS: Counter[str] = Counter()


def get_uid(prefix: str = "") -> int:
    """Return how often the function was called with this prefix in the process.

    Args:
        prefix: a name.
    """
    _COUNTS[prefix] += 1
    return _COUNTS[prefix]
