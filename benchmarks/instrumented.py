"""The C backend with a clock before each block: cycles of the processor's time stamp counter by line of the IR."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from nnc.backends.c.backend import CBackend
from nnc.backends.c.nests import PARALLEL
from nnc.backends.c.source import Source
from nnc.plan import Plan

OUTSIDE = "outside: Python, and the gathering of rows"
_BLOCK = re.compile(r"^( +)/\* ((?:%.* = |update @).*) \*/$")
_CLOCK = """
#if defined(__x86_64__) || defined(__i386__)
static inline uint64_t nnc_clock(void) {{ return __builtin_ia32_rdtsc(); }}
#elif defined(__aarch64__)
static inline uint64_t nnc_clock(void) {{ uint64_t t; __asm__ volatile("mrs %0, cntvct_el0" : "=r"(t)); return t; }}
#else
#include <time.h>
static inline uint64_t nnc_clock(void) {{ return (uint64_t)clock(); }}
#endif
uint64_t nnc_profile_ticks[{count}], nnc_profile_visits[{count}], nnc_profile_last;
int64_t nnc_profile_place;

/* Charges the time since the last mark to the region that was open, and opens another. */
static inline void nnc_profile_mark(int64_t region) {{
    uint64_t now = nnc_clock();
    nnc_profile_ticks[nnc_profile_place] += now - nnc_profile_last;
    nnc_profile_visits[region]++;
    nnc_profile_last = now;
    nnc_profile_place = region;
}}

void nnc_profile_reset(void) {{
    memset(nnc_profile_ticks, 0, sizeof nnc_profile_ticks);
    memset(nnc_profile_visits, 0, sizeof nnc_profile_visits);
    nnc_profile_place = 0;
    nnc_profile_last = nnc_clock();
}}

/* Ticks that a mark itself takes. */
uint64_t nnc_profile_cost(int64_t count) {{
    uint64_t start = nnc_clock();
    for (int64_t i = 0; i < count; i++) {{
        nnc_profile_mark(0);
    }}
    return (nnc_clock() - start) / (uint64_t)count;
}}

uint64_t nnc_profile_now(void) {{ return nnc_clock(); }}
"""


@dataclass(frozen=True)
class Region:
    """What was counted of a block.

    Args:
        title: the IR lines of the block.
        depth: loops over time around it.
        ticks: of the counter, without what marks take.
        visits: how often it was entered.
    """

    title: str
    depth: int
    ticks: float
    visits: int


class Unit:
    """A compiled unit with its counters.

    Args:
        name: of the unit's function.
        titles: of the regions.
        depths: of the regions.
        library: the compiled code.
    """

    def __init__(self, name: str, titles: Sequence[str], depths: Sequence[int], library: Any) -> None:
        self.name, self.titles, self.depths = name, titles, depths
        self.library = library
        library.nnc_profile_cost.restype = library.nnc_profile_now.restype = ctypes.c_uint64
        library.nnc_profile_reset.restype = None
        self.reset()

    def reset(self) -> None:
        """Count from now on."""
        self.library.nnc_profile_reset()

    def regions(self) -> list[Region]:
        """Return what was counted; the first region is what lies outside."""
        kind = ctypes.c_uint64 * len(self.titles)
        ticks, visits = (kind.in_dll(self.library, f"nnc_profile_{what}")[:] for what in ("ticks", "visits"))
        cost = int(self.library.nnc_profile_cost(ctypes.c_int64(100_000)))
        return [
            Region(title, depth, max(0.0, count - cost * times), times)
            for title, depth, count, times in zip(self.titles, self.depths, ticks, visits, strict=True)
        ]

    def seconds_per_tick(self) -> float:
        """Return how long a tick is, measured over a while."""
        start, first = perf_counter(), self.library.nnc_profile_now()
        while perf_counter() - start < 0.1:
            pass
        end, last = perf_counter(), self.library.nnc_profile_now()
        return (end - start) / float(last - first)


class ProfilingBackend(CBackend):
    """The C backend, whose units count; not to be used by several threads of Python."""

    def __init__(self) -> None:
        super().__init__()
        self.units: dict[str, Unit] = {}
        self._texts: dict[str, tuple[list[str], list[int]]] = {}

    def source(self, plan: Plan) -> Source:
        """Return a translation unit with marks in it."""
        source = super().source(plan)
        text, titles, depths = with_marks(source.text)
        self._texts[text] = titles, depths
        return replace(source, text=text)

    def compile(self, source: Source) -> Any:
        """Compile a unit, and remember its counters."""
        library = super().compile(source)
        self.units[source.name] = Unit(source.name, *self._texts[source.text], library)
        return library


def with_marks(text: str) -> tuple[str, list[str], list[int]]:
    """Return a translation unit with a mark before each block, the titles of the regions, and the loops around them.

    A block begins with its lines of the IR; a nest that has several is one block.
    """
    titles, depths, lines = [OUTSIDE], [0], []
    is_open = is_heading = False
    for line in text.split("\n"):
        block = _BLOCK.match(line)
        if block and is_heading:
            titles[-1] += f" ; {block[2]}"
        elif block:
            lines.append(f"{block[1]}nnc_profile_mark({len(titles)});")
            titles.append(block[2])
            depths.append((len(block[1]) - 4) // 4)
            is_open = True
        elif line == "}" and is_open:
            lines.append("    nnc_profile_mark(0);")
            is_open = False
        is_heading = block is not None
        lines.append(line)
    lines = _one_at_a_time(lines)
    clock = _CLOCK.format(count=len(titles))
    at = next(index for index, line in enumerate(lines) if line.startswith("#include <string.h>")) + 1
    return "\n".join([*lines[:at], clock, *lines[at:]]), titles, depths


def _one_at_a_time(lines: Sequence[str]) -> list[str]:
    """Return the lines with loops that have marks inside run by one thread: the counters are not for several."""
    kept = list(lines)
    for number, line in enumerate(lines):
        if not line.startswith(PARALLEL):
            continue
        head = lines[number + 1]
        end = lines.index(f"{head[: len(head) - len(head.lstrip())]}}}", number)
        if any("nnc_profile_mark(" in inner for inner in lines[number:end]):
            kept[number] = ""
    return kept
