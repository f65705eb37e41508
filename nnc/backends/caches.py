"""The sizes of this processor's caches, as the system says them."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from pathlib import Path

_LINUX_CACHES = "/sys/devices/system/cpu/cpu0/cache"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@cache
def cache_sizes() -> dict[int, int]:
    """Return the bytes of the caches of data by their level, 1 the nearest; none where the system does not say."""
    found: dict[int, int] = {}
    for folder in Path(_LINUX_CACHES).glob("index*"):
        with suppress(OSError, UnicodeDecodeError, ValueError):
            said = [(folder / name).read_text(encoding="ascii").strip() for name in ("type", "level", "size")]
            kind, level, size = said
            known = re.fullmatch(r"(\d+)([KMG]?)", size)
            if known and kind != "Instruction":
                found[int(level)] = int(known[1]) * _UNITS[known[2]]
    return found


def last_cache_bytes() -> int:
    """Return the bytes of the largest cache; 0 where nobody says them."""
    return max(cache_sizes().values(), default=0)
