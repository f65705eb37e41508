"""Where a network of the benchmarks spends its time on C: ``python -m benchmarks.profile_c WORK [--train]``.

For a model or program file there is ``nnc inspect FILE --profile --backend c``.
"""

from __future__ import annotations

import argparse
import sys

import nnc
from benchmarks.networks import NETWORKS
from nnc.profiling import profile


def main(arguments: list[str] | None = None) -> int:
    """Profile what the command line says, and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_c", description=__doc__)
    parser.add_argument("work", choices=NETWORKS)
    parser.add_argument("--train", action="store_true", help="train instead of predicting")
    parser.add_argument("--batch", type=int, help="rows of a batch")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to run")
    options = parser.parse_args(arguments)
    network = NETWORKS[options.work]
    x, y = network.data()
    if options.train and y is None:
        parser.error(f"there is no data to train {options.work} with")
    program = nnc.compile(network.make(nnc), backend="c")
    graph, batch = "train" if options.train else "predict", options.batch or network.batch
    print(profile(program, x, y if options.train else None, graph=graph, batch=batch, seconds=options.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
