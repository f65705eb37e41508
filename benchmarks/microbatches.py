"""What it costs to predict a batch some rows at a time: ``python -m benchmarks.microbatches WORK[:ROWS] …``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import nnc
from benchmarks.networks import NETWORKS, nnc_model, rows_of, work_with_rows
from benchmarks.report import ratio_text, seconds_text
from benchmarks.timing import Quartiles, Timer, compare_timers
from nnc.labels import PREDICT, ROWS
from nnc.program import Program
from nnc.quantities import bytes_text

ROWS_OF_BATCH = 32


class FixedRows:
    """A number of rows to compute at a time, whatever the graph.

    Args:
        count: the number.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def rows(self, sizes: Mapping[str, int]) -> int:
        """Return it, at most the rows of the batch."""
        return min(sizes[ROWS], self._count)


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line says, and print a line for each number of rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.microbatches", description=__doc__)
    parser.add_argument(
        "works",
        nargs="+",
        type=work_with_rows,
        metavar="WORK[:ROWS]",
        help=f"with {ROWS_OF_BATCH} rows by default: {', '.join(NETWORKS)}",
    )
    parser.add_argument("--backend", choices=("c", "numpy"), default="c", help="what predicts; C by default")
    parser.add_argument("--rounds", type=int, default=11, help="how often each number of rows has its turn")
    options = parser.parse_args(arguments)
    for work, rows in options.works:
        compare(work, rows or ROWS_OF_BATCH, options.backend, options.rounds)
    return 0


def compare(work: str, rows: int, backend: str, rounds: int) -> None:
    """Print what a batch of some rows takes, whole and in parts of 1, 2, 4, … rows."""
    x = rows_of(work, rows)
    rows = len(x)  # which some networks have fewer of
    chosen = nnc.compile(nnc_model(work, backend), backend=backend).executor.rows_at_once({ROWS: rows})
    counts = [1 << power for power in range(rows.bit_length()) if 1 << power < rows]
    timers: dict[str, Timer] = {}
    arenas: dict[str, int] = {}
    for count in (*counts, rows):
        program = nnc.compile(nnc_model(work, backend), backend=backend)
        vars(program.graphs.made(PREDICT))["microbatches"] = FixedRows(count)
        timers[str(count)] = _timer(program, x)
        arenas[str(count)] = program.plan(PREDICT, count).peak_bytes
    found = compare_timers(timers, rounds, min_time=0.02)
    print(f"{work}, a batch of {rows} rows on {backend}; by itself it runs {chosen} at a time")
    for name in timers:
        time, ratio = Quartiles.of(found.seconds[name]), found.ratio(name, str(rows))
        print(
            f"  {name:>5} rows {seconds_text(time.median):>8}, {ratio_text(ratio.median)}× the time of the whole batch "
            f"({ratio_text(ratio.low)}–{ratio_text(ratio.high)}), arena {bytes_text(arenas[name])}",
            flush=True,
        )


def _timer(program: Program, x: Any) -> Timer:
    def seconds(count: int) -> float:
        start = perf_counter()
        for _ in range(count):
            program(x)
        return perf_counter() - start

    return seconds


if __name__ == "__main__":
    sys.exit(main())
