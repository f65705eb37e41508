"""Where a program on C spends its time, by line of the IR: ``python -m benchmarks.profile_c WORK|FILE [--train]``."""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy

import nnc
from benchmarks import recurrent, transformer
from benchmarks.image_networks import CNN_BATCH, cnn_data, network, picture, small_cnn
from benchmarks.instrumented import ProfilingBackend, Region, Unit
from benchmarks.networks import BASE_BATCH, MLP_BATCH, base_data, mlp_data, nnc_base, nnc_mlp

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
_OPERATION = re.compile(r"^%.*? = ([\w.]+)\(|^(update) ")
_WIDTH, _TAIL = 130, 60
_HEAD = f"{'share':>6}  {'µs':>10}  {'kiloticks':>10}  {'visits':>8}"


def main(arguments: list[str] | None = None) -> int:
    """Profile what the command line says, and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_c", description=__doc__)
    parser.add_argument("work", help=f"one of {', '.join(WORKS)}, or the path of a model or program file")
    parser.add_argument("--train", action="store_true", help="train instead of predicting")
    parser.add_argument("--batch", type=int, help="rows of a batch")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long to run")
    parser.add_argument("--lines", type=int, default=25, help="how many blocks to list")
    options = parser.parse_args(arguments)
    model, (x, y), batch = _model(options.work, options.batch)
    if options.train and y is None:
        parser.error(f"there is no data to train {options.work} with")
    program = model if isinstance(model, nnc.Program) else nnc.compile(model)
    backend = ProfilingBackend()
    program.backend = backend
    seconds, calls = _run(program, backend, x, y if options.train else None, batch, options.seconds)
    unit = max(backend.units.values(), key=lambda unit: sum(region.ticks for region in unit.regions()[1:]))
    kind = "training step" if options.train else "prediction"
    print(f"{options.work}, {kind} of {batch}: {seconds / calls * 1e6:,.2f} µs with marks, {calls:,} calls")
    print(report(unit, calls, options.lines))
    return 0


def _model(work: str, batch: int | None) -> tuple[Any, tuple[Any, Any], int]:
    if work in WORKS:
        make, data, rows = WORKS[work]
        return make(), (picture(), None) if data is None else data(), batch or rows
    model = nnc.load(work) if work.endswith(".nnc") else nnc.compile(work)
    generator, rows = numpy.random.default_rng(0), batch or 32
    arrays = []
    for value in model.graph("predict").inputs.values():
        shape = [rows, *(32 if not isinstance(dim, int) else dim for dim in value.shape[1:])]
        drawn = generator.random(shape) if value.dtype.startswith("float") else numpy.zeros(shape)
        arrays.append(drawn.astype(value.dtype))
    return model, (arrays if len(arrays) > 1 else arrays[0], None), rows


def _run(program: Any, backend: ProfilingBackend, x: Any, y: Any, batch: int, seconds: float) -> tuple[float, int]:
    """Run for a while behind a warm-up; return the seconds and the number of steps or predictions."""
    rows = x if isinstance(x, list) else x[:batch].copy()

    def once(epochs: int) -> int:
        if y is None:
            program(rows, copy=False)
            return 1
        program.fit(x, y, batch_size=batch, epochs=epochs, verbose=0)
        return epochs * -(-len(x) // batch)

    for _ in range(2):
        once(1)
    start = perf_counter()
    once(20)
    epochs = max(1, int(20 * 0.2 * seconds / (perf_counter() - start)))  # a call of `fit` takes a while to begin
    for unit in backend.units.values():
        unit.reset()
    start, calls = perf_counter(), 0
    while perf_counter() - start < seconds:
        calls += once(epochs)
    return perf_counter() - start, calls


def report(unit: Unit, calls: int, count: int) -> str:
    """Return the time by operation, then that of the blocks that take most."""
    regions, tick = unit.regions(), unit.seconds_per_tick()
    inside = sum(region.ticks for region in regions[1:])
    lines = [
        "",
        f"{'share':>6}  {'µs':>10}  {'kiloticks':>10}  {'visits':>8}  by operation (a tick is {tick * 1e9:.3f} ns)",
    ]
    by_operation: dict[str, list[Region]] = defaultdict(list)
    for region in regions[1:]:
        by_operation[_operation(region.title)].append(region)
    for name, members in sorted(by_operation.items(), key=lambda item: -_ticks(item[1])):
        lines.append(_line(_ticks(members), sum(one.visits for one in members), inside, calls, tick, name))
    lines.append(_line(inside, calls, inside, calls, tick, "all"))
    lines.append(_line(regions[0].ticks, calls, inside, calls, tick, regions[0].title))
    lines += ["", f"{_HEAD}  by block"]
    for region in sorted(regions[1:], key=lambda region: -region.ticks)[:count]:
        title = "  " * region.depth + region.title
        if len(title) > _WIDTH:  # the operation at the beginning and the layer at the end matter most
            title = f"{title[: _WIDTH - _TAIL - 1]}…{title[-_TAIL:]}"
        lines.append(_line(region.ticks, region.visits, inside, calls, tick, title))
    return "\n".join(lines)


def _ticks(regions: Sequence[Region]) -> float:
    return sum(region.ticks for region in regions)


def _line(ticks: float, visits: int, inside: float, calls: int, tick: float, title: str) -> str:
    share, each = ticks / max(inside, 1.0), ticks / calls
    return f"{share:>6.1%}  {each * tick * 1e6:>10,.3f}  {each / 1e3:>10,.3f}  {visits / calls:>8,.1f}  {title}"


def _operation(title: str) -> str:
    """Return the operations of a block: its own, or how many elementwise ones share a loop nest."""
    parts = [_OPERATION.match(part) for part in title.split(" ; ")]
    names = [next(filter(None, part.groups())) for part in parts if part]
    return names[0] if len(set(names)) == 1 else "several, in one loop nest"


if __name__ == "__main__":
    sys.exit(main())
