"""How long an epoch takes once a network has learnt its data: ``python -m benchmarks.converged WORK``.

Moments of weights whose gradients have become 0 shrink until they are subnormal, which processors are slow with.
"""

from __future__ import annotations

import argparse
import sys
from time import perf_counter

import numpy

from benchmarks.networks import NETWORKS, nnc_model
from benchmarks.report import seconds_text


def main(arguments: list[str] | None = None) -> int:
    """Train what the command line says, and print a line for each stretch of epochs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.converged", description=__doc__)
    parser.add_argument("work", choices=[name for name, network in NETWORKS.items() if network.data()[1] is not None])
    parser.add_argument("--backend", choices=["c", "numpy"], default="c")
    parser.add_argument("--epochs", type=int, default=96, help="in all")
    parser.add_argument("--stretch", type=int, default=8, help="epochs that a line is for")
    options = parser.parse_args(arguments)
    network, model = NETWORKS[options.work], nnc_model(options.work, options.backend)
    x, y = network.data()
    model.fit(x, y, batch_size=network.batch, verbose=0)
    for first in range(0, options.epochs, options.stretch):
        start = perf_counter()
        history = model.fit(x, y, batch_size=network.batch, epochs=options.stretch, verbose=0)
        taken = (perf_counter() - start) / options.stretch
        state = [numpy.asarray(variable) for variable in model.optimizer.variables]
        count = sum(map(_subnormals, state))
        print(
            f"epochs {first + 1:3}–{first + options.stretch:3}: {seconds_text(taken):>8} each, loss"
            f" {history.history['loss'][-1]:.3g}, {count:,} of {sum(array.size for array in state):,} numbers of the"
            " optimizer subnormal",
            flush=True,
        )
    return 0


def _subnormals(array: numpy.typing.NDArray[numpy.generic]) -> int:
    if array.dtype.kind != "f":
        return 0
    return int(((numpy.abs(array) < numpy.finfo(array.dtype).tiny) & (array != 0)).sum())


if __name__ == "__main__":
    sys.exit(main())
