"""Counters in a unit: ticks of the processor's clock between marks, and how often each block was entered."""

from __future__ import annotations

import ctypes
from typing import Any

from nnc.backends.c.statements import Statement
from nnc.backends.marks import EMPTY

_CLOCK = """\
#if defined(__x86_64__) || defined(__i386__)
static inline uint64_t nnc_clock(void) {
    __asm__ volatile("lfence" ::: "memory"); /* what came before is done, and nothing moves across */
    return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
static inline uint64_t nnc_clock(void) {
    uint64_t t;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(t) :: "memory");
    return t;
}
#else
#include <time.h>
static inline uint64_t nnc_clock(void) { return (uint64_t)clock(); }
#endif
"""
_FUNCTIONS = """\
/* Charges the time since the last mark to the block that was open, and opens another. */
static inline void nnc_mark(int64_t block) {
    uint64_t now = nnc_clock();
    nnc_mark_ticks[nnc_mark_place] += now - nnc_mark_last;
    nnc_mark_visits[block]++;
    nnc_mark_last = now;
    nnc_mark_place = block;
}

#if NNC_PART != 1
void nnc_mark_reset(void) {
    memset(nnc_mark_ticks, 0, sizeof nnc_mark_ticks);
    memset(nnc_mark_visits, 0, sizeof nnc_mark_visits);
    nnc_mark_place = 0;
    nnc_mark_last = nnc_clock();
}

uint64_t nnc_mark_now(void) { return nnc_clock(); }
#endif
"""


def mark_text(blocks: int) -> str:
    """Return the functions and counters of a unit with so many blocks."""
    count = EMPTY + blocks + 1
    ticks = f"uint64_t nnc_mark_ticks[{count}], nnc_mark_visits[{count}], nnc_mark_last;\n"
    place = "int64_t nnc_mark_place;\n"
    return f"{_CLOCK}#if NNC_PART == 1\nextern {ticks}extern {place}#else\n{ticks}{place}#endif\n{_FUNCTIONS}"


def mark_line(number: int) -> Statement:
    """Return the statement that stands before a block."""
    return Statement(f"nnc_mark({number});")


class Counters:
    """The counts of a compiled unit; not to be used by several threads of Python.

    Args:
        library: the compiled unit.
        blocks: number of its blocks.
    """

    def __init__(self, library: Any, blocks: int) -> None:
        self._library, self._blocks = library, blocks
        library.nnc_mark_now.restype = ctypes.c_uint64
        library.nnc_mark_reset.restype = None
        self.reset()

    def reset(self) -> None:
        """Count from now on."""
        self._library.nnc_mark_reset()

    def now(self) -> int:
        """Return the clock."""
        return int(self._library.nnc_mark_now())

    def ticks(self) -> list[int]:
        """Return the ticks by number."""
        return self._counted("ticks")

    def visits(self) -> list[int]:
        """Return how often each number was marked."""
        return self._counted("visits")

    def _counted(self, what: str) -> list[int]:
        kind = ctypes.c_uint64 * (EMPTY + self._blocks + 1)
        return list(kind.in_dll(self._library, f"nnc_mark_{what}"))
