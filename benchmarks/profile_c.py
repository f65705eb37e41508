"""Where the benchmarks' networks spend their time on C: ``python -m benchmarks.profile_c WORK [--train]``.

For a model or program file there is ``nnc inspect FILE --profile --backend c``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import nnc
from benchmarks import recurrent, transformer
from benchmarks.image_networks import CNN_BATCH, cnn_data, network, picture, small_cnn
from benchmarks.networks import BASE_BATCH, MLP_BATCH, base_data, mlp_data, nnc_base, nnc_mlp
from nnc.profiling import profile

WORKS: dict[str, tuple[Callable[[], Any], Callable[[], tuple[Any, Any]] | None, int]] = {
    "base": (nnc_base, base_data, BASE_BATCH),
    "mlp": (nnc_mlp, mlp_data, MLP_BATCH),
    "cnn": (lambda: small_cnn(nnc), cnn_data, CNN_BATCH),
    "lstm": (lambda: recurrent.network(nnc), recurrent.data, recurrent.BATCH),
    "transformer": (lambda: transformer.network(nnc), transformer.data, transformer.BATCH),
    "resnet50": (lambda: network(nnc, "resnet50"), None, 1),
    "mobilenet_v2": (lambda: network(nnc, "mobilenet_v2"), None, 1),
}
"""The networks of the benchmarks: how they are made, their data, None for a picture, and the rows of a batch."""


def main(arguments: list[str] | None = None) -> int:
    """Profile what the command line says, and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_c", description=__doc__)
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("--train", action="store_true", help="train instead of predicting")
    parser.add_argument("--batch", type=int, help="rows of a batch")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to run")
    options = parser.parse_args(arguments)
    make, data, rows = WORKS[options.work]
    x, y = (picture(), None) if data is None else data()
    if options.train and y is None:
        parser.error(f"there is no data to train {options.work} with")
    program = nnc.compile(make(), backend="c")
    graph = "train" if options.train else "predict"
    found = profile(
        program, x, y if options.train else None, graph=graph, batch=options.batch or rows, seconds=options.seconds
    )
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
