"""What a compiler makes of a unit is in proportion to the unit, whatever the sizes and strides in it are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

import nnc
from nnc.backends.c.source import print_source
from nnc.backends.c.target import WITHOUT_PACKING
from nnc.backends.c.toolchain import build
from nnc.errors import NncError
from nnc.ir import Graph, Op, TensorType, ops
from nnc.passes import Decompose, run_passes
from tests.backends.test_numpy_kernels import dense, transposed
from tests.ir.ops.cases import BATCH, CASES
from tests.plan.helpers import plan_of

LIMIT = 120.0
"""Seconds in which a compiler has to finish what takes it 20 at most; it once took more than half an hour."""
BYTES_PER_LINE = 200
"""Of the library; it has some 40, and had thousands where loops were taken apart."""
SIZES = (1, 2, 3, 17, 1024)


def check_work(text: str) -> None:
    """Compile at a level at which loops are vectorised, and compare what comes out with what went in."""
    made = build(text, level=2, timeout=LIMIT).stat().st_size
    assert made <= BYTES_PER_LINE * text.count("\n")


def test_products_of_many_small_matrices():
    """A row lies 2048 elements from the next one, and of each two are read."""
    model = nnc.Sequential(
        [
            nnc.Input((1024, 2)),
            nnc.layers.EinsumDense("bki,kio->bko", (1024, 2), bias_axes="ko"),
            nnc.layers.EinsumDense("bki,kio->bko", (1024, 1), bias_axes="ko", activation="sigmoid"),
        ]
    )
    model.compile("sgd", "binary_crossentropy")
    check_work(nnc.compile(model, backend="c").source("train"))


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_all_ops(size):
    graph = Graph("test")
    graph.input("batch", TensorType("bool", (BATCH,)))
    layouts = {"dense": dense}
    if size == SIZES[-1]:
        layouts |= {"transposed": transposed, "window": window_of(size)}
    for number, (op, types) in enumerate(resized_cases(size)):
        for layout, lay_out in layouts.items():
            operands = [lay_out(graph, f"{layout}{number}_{place}", type) for place, type in enumerate(types)]
            for place, value in enumerate(graph.add(op, *operands)):
                graph.output(f"{layout} {number} {place}", value)
    graph = run_passes(graph, [Decompose(keep=frozenset({"sparsemax"}))])
    bindings = {**dict.fromkeys(graph.symbols, 9), "batch": 9}
    check_work(print_source(plan_of(graph, bindings, WITHOUT_PACKING)).text)


def window_of(size: int) -> Any:
    """Return what makes operands whose last axis is a part of one of the given size, if it is that long."""

    def lay_out(graph: Graph, label: str, type: TensorType) -> Any:
        if not type.rank or not isinstance(type.shape[-1], int) or type.shape[-1] > size:
            return graph.input(label, type)
        return ops.take(graph.input(label, type.with_shape((*type.shape[:-1], size))), -1, 0, type.shape[-1])

    return lay_out


def resized_cases(size: int) -> Iterator[tuple[Op, list[TensorType]]]:
    """Return for each op its operands of the highest rank: as they are, and with each length set to the size."""
    largest: dict[type[Op], Any] = {}
    for case in CASES:
        largest[type(case.op)] = max(largest.get(type(case.op), case), case, key=rank)
    for case in largest.values():
        types = [domain.type for domain in case.operands]
        yield case.op, types
        for length in sorted({dim for type in types for dim in type.shape if isinstance(dim, int)}):
            for changes in ([length], []):  # attributes that have this length, or none
                try:
                    attributes = {field.name: getattr(case.op, field.name) for field in fields(case.op)}
                    op = replace(case.op, **{name: resized(value, changes, size) for name, value in attributes.items()})
                    given = [single(type.with_shape(resized(type.shape, [length], size))) for type in types]
                    op.infer(*given)
                except NncError:
                    continue
                yield op, given
                break


def rank(case: Any) -> int:
    return max((len(domain.type.shape) for domain in case.operands), default=0)


def resized(value: Any, lengths: list[int], size: int) -> Any:
    """Replace lengths in an attribute."""
    if isinstance(value, tuple):
        return tuple(resized(item, lengths, size) for item in value)
    return size if type(value) is int and value in lengths else value


def single(type: TensorType) -> TensorType:
    return TensorType("float32", type.shape) if type.dtype == "float64" else type
