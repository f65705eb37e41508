"""How much faster more threads are than one, on C: ``python -m benchmarks.threads WORK[:ROWS] … [--train]``."""

from __future__ import annotations

import argparse
import sys
from time import perf_counter

from benchmarks.contestant import Contestant, fit, predict
from benchmarks.networks import NETWORKS, work_with_rows
from benchmarks.report import ratio_text, seconds_text
from benchmarks.timing import Quartiles, Timer, compare_timers
from nnc.backends.c.threads import THREADS


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line says, and print a line for each work."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.threads", description=__doc__)
    parser.add_argument(
        "works",
        nargs="+",
        type=work_with_rows,
        metavar="WORK[:ROWS]",
        help=f"with 1 row by default: {', '.join(NETWORKS)}",
    )
    parser.add_argument("--train", action="store_true", help="an epoch of training, with the work's own batch")
    parser.add_argument("--rounds", type=int, default=31, help="how often both have their turn")
    options = parser.parse_args(arguments)
    several = int(THREADS[0])
    if several == 1:
        parser.error("threads are as many as processors, here 1; OMP_NUM_THREADS sets another number")
    for work, rows in options.works:
        text = work if rows is None else f"{work}:{rows}"
        if options.train and rows:
            parser.error(f"training has the work's own batch: expected {work!r}, got {text!r}")
        if options.train and NETWORKS[work].data()[1] is None:
            parser.error(f"there is no data to train {work} with")
        contestant = fit(work, "c") if options.train else predict(work, rows or 1, "c", copy=False)
        timers = {str(count): _timer(contestant, count) for count in (1, several)}
        found = compare_timers(timers, options.rounds, min_time=0.02)
        one, more = (Quartiles.of(found.seconds[name]) for name in timers)
        ratio = found.ratio("1", str(several))
        print(
            f"{text:20} 1 thread {seconds_text(one.median):>8}, {several} threads {seconds_text(more.median):>8}: "
            f"{ratio_text(ratio.median)}× as fast ({ratio_text(ratio.low)}–{ratio_text(ratio.high)})",
            flush=True,
        )
    return 0


def _timer(contestant: Contestant, threads: int) -> Timer:
    def seconds(count: int) -> float:
        before, THREADS[0] = int(THREADS[0]), threads
        try:
            contestant.run(1)  # what a thread works on comes into the cache of its core
            start = perf_counter()
            contestant.run(count)
            return perf_counter() - start
        finally:
            THREADS[0] = before

    return seconds


if __name__ == "__main__":
    sys.exit(main())
