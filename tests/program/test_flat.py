"""Memory stays the same through very many predictions and steps, on both backends."""

from __future__ import annotations

import pytest

from tests.program.samples import network, output

MANY = """
import gc, tracemalloc
import nnc
program, count = nnc.load(sys.argv[1]), int(sys.argv[2])
assert program.backend.name == sys.argv[3]
batches = [X[:rows] for rows in (1, 2, 7, 32, 50)]
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
def use(times):
    for number in range(times):
        batch = batches[number % 5]
        program(batch)
        program(batch, copy=False)
        if number % 1000 == 0:
            program.train_step(batch, Y[: len(batch)])
def settled():
    gc.collect()
    return resident()
use(2000)
before = settled()
use(count // 2)
grown = settled() - before
tracemalloc.start()
use(2000)
gc.collect()
traced = tracemalloc.get_traced_memory()[0]
use(20_000)
gc.collect()
print(grown, tracemalloc.get_traced_memory()[0] - traced)
"""


@pytest.mark.unsanitized
@pytest.mark.parametrize("count", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
@pytest.mark.sampled(1)
def test_predictions_leave_nothing_behind(tmp_path, each_backend, count):
    network().save(tmp_path / "net.nnc")
    grown, traced = map(int, output(MANY, tmp_path / "net.nnc", count, each_backend).split())
    assert grown < 2**20
    assert traced < 4096
