"""Predicts and trains with 0 rows, 1 row, and rows, lengths and widths beside all that the C backend divides work by.

``python -m tests.attacks.edges --count 10`` tries so many networks of each kind, each with all numbers of rows: C
against NumPy, which does not divide, in one call and batch by batch, and training steps with the weights that come of
them.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy

import nnc
from nnc.backends.c.threads import THREADS
from nnc.errors import DataError
from nnc.layers import LSTM, AveragePooling2D, Conv1D, Conv2D, Dense, DepthwiseConv2D, Flatten, MaxPooling2D
from tests.attacks.command import Report, run

TILE_ROWS = 3, 4, 6, 8
"""Rows of a tile of a product, on any processor, and half of that, below which each row is computed by itself."""
ROWS = *TILE_ROWS, 16, 32, 48, 64, 192, 256, 384
"""Rows of blocks, of bands that fit a cache, and of the batches that `predict` makes."""
WIDTHS = 4, 8, 16, 32, 64, 128, 256
"""Columns of tiles, of strips and of what one thread gets."""
DEPTHS = 8, 16, 64, 800
"""Terms of the sums that a block of a product computes at a time."""
ROUNDING = 2.0**-23


def beside(numbers: tuple[int, ...]) -> list[int]:
    """Return the numbers with those below and above, from 1 on."""
    return sorted({near for number in numbers for near in (number - 1, number, number + 1) if near > 0} | {1})


def main() -> None:
    """Run what the command line asks for."""
    run({kind: partial(edges, make) for kind, make in KINDS.items()}, __doc__, 10)


Network = tuple[tuple[int, ...], list[Any], int]
"""Shape of the input, layers, and the number of terms of the longest sum."""


def _dense(choose: random.Random) -> Network:
    depth, width = choose.choice(beside(DEPTHS)), choose.choice(beside(WIDTHS))
    return (depth,), [Dense(width, "tanh"), Dense(choose.choice(beside(WIDTHS)))], depth + width


def _convolution(choose: random.Random) -> Network:
    channels, filters = choose.choice(beside((4, 8, 16, 32))), choose.choice(beside((8, 16, 32)))
    size, kernel = choose.choice(beside((4, 8, 12))) + 4, choose.choice([1, 3, 5])
    padding, strides = choose.choice(["same", "valid"]), choose.choice([1, 1, 2])
    layers = [Conv2D(filters, kernel, strides, padding, activation="relu"), Flatten(), Dense(3)]
    return (size, size, channels), layers, channels * kernel**2 + filters * size**2


def _others(choose: random.Random) -> Network:
    channels, size = choose.choice(beside((4, 8, 16))), choose.choice(beside((4, 8, 12))) + 4
    pooling = choose.choice([MaxPooling2D, AveragePooling2D])
    layers = [DepthwiseConv2D(3, padding=choose.choice(["same", "valid"])), pooling(2), Flatten(), Dense(3)]
    return (size, size, channels), layers, 9 + channels * size**2


def _sequence(choose: random.Random) -> Network:
    length, width = choose.choice(beside((4, 8, 16))), choose.choice(beside((8, 16, 32)))
    layers = [Conv1D(width, 3, padding="same", activation="relu"), LSTM(choose.choice(beside((8, 16)))), Dense(3)]
    return (length, choose.choice(beside((4, 8)))), layers, 3 * length * width


KINDS: dict[str, Callable[[random.Random], Network]] = {
    "dense": _dense,
    "convolution": _convolution,
    "others": _others,
    "sequence": _sequence,
}


def edges(make: Callable[[random.Random], Network], folder: Path, count: int, seed: int) -> Report:
    """Try networks with all numbers of rows."""
    os.environ |= {"NNC_CACHE_DIR": str(folder), "NNC_C_LEVEL": os.environ.get("NNC_C_LEVEL", "1")}
    report, choose = Report(), random.Random(seed)
    for number in range(count):
        THREADS[0] = choose.choice([1, 2, 3, 4])
        shape, layers, terms = make(choose)
        nnc.utils.set_random_seed(seed + number)
        model = nnc.Sequential([nnc.Input(shape), *layers])
        model.compile(nnc.optimizers.SGD(0.01), "mse")
        report.counts["networks"] += 1
        for problem in differences(report, model, shape, terms, choose):
            report.problems.append(f"network {number}, {model.to_json()}: {problem}")
    return report


def differences(
    report: Report, model: nnc.Sequential, shape: tuple[int, ...], terms: int, choose: random.Random
) -> Iterator[str]:
    """Yield what is not as it should be."""
    rows = beside(ROWS)
    x = numpy.random.default_rng(choose.randrange(2**32)).normal(size=(rows[-1], *shape)).astype("float32")
    programs = {name: nnc.compile(model, backend=name) for name in BACKENDS}
    expected = programs["numpy"](x)
    y = numpy.roll(expected, 1, 0)
    bound = 4 * ROUNDING * terms * max(float(abs(expected).max()), 1.0)
    choose.shuffle(rows)
    for count in rows:
        for name, program in programs.items():
            for how, found in (("call", program(x[:count])), ("predict", program.predict(x, batch_size=count))):
                report.counts["predictions"] += 1
                apart = float(abs(found - expected[: len(found)]).max())
                if found.shape[0] not in {count, len(x)} or not apart <= bound:
                    yield f"{how} on {name}, {count} rows: {apart} apart, {bound} allowed"
    for name, program in programs.items():
        try:
            program(x[:0]), program.predict(x[:0]), program.fit(x[:0], y[:0], verbose=0)
        except DataError as error:
            if "has no rows" not in str(error):
                yield f"0 rows on {name}: {error}"
        else:
            yield f"0 rows on {name}: no error"
    yield from _trainings(report, model, x, y, choose.sample(rows, 6), bound)


def _trainings(report: Report, model: nnc.Sequential, x: Any, y: Any, rows: list[int], bound: float) -> Iterator[str]:
    import pickle

    program = model.program
    programs = {name: pickle.loads(pickle.dumps(program)) for name in BACKENDS}
    for name, other in programs.items():
        other.use_backend(name)
    for count in rows:
        losses = {name: other.train_step(x[:count], y[:count]) for name, other in programs.items()}
        report.counts["training steps"] += 1
        if not abs(losses["c"] - losses["numpy"]) <= bound * max(1.0, losses["numpy"]):
            yield f"a step with {count} rows: losses {losses}"
    ours, theirs = (other.get_weights() for other in programs.values())
    apart = max(float(abs(a - b).max()) for a, b in zip(ours, theirs, strict=True))
    if not apart <= bound:
        yield f"weights are {apart} apart after steps with {rows} rows, {bound} allowed"


BACKENDS = "numpy", "c"

if __name__ == "__main__":
    main()
