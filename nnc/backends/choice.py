"""The rule behind ``auto``: whether work of some size is worth compiling C for, decided from sizes alone.

No clock is asked, nor whether a unit happens to be in the cache, so that the same work runs on the same engine, and
gives the same bits, in every run. The constants come from ``python -m benchmarks --suite choice``, which prints for
each network what a unit saves and what compiling it takes; they are on the cautious side of what it finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nnc.ir import Graph, Op, TensorType, bind_shape, solve_symbols
from nnc.ir.ops.convolution import Sliding
from nnc.ir.ops.matmul import MatMul
from nnc.ir.ops.scan import Scan

SAVED_PER_OP = 0.7e-6
"""Seconds that C saves with each operation of a graph, for which NumPy has to be called. A step of the base network, 38
operations on next to nothing, takes 27 µs on NumPy and 0.4 µs in C: 0.7 µs each."""
SAVED_PER_FLOP = 3e-12
"""Seconds that C saves with each floating-point operation: least where nearly all are in products of large matrices,
which NumPy's BLAS computes as fast. 2.9e-12 for ResNet-50, 3.4e-12 for a transformer, 8e-12 for a small CNN."""
SAVED_PER_PATCH_ELEMENT = 0.4e-9
"""Seconds that C saves with each element of a convolution's windows beside that: NumPy copies them, or goes through
them one by one where each channel has its own kernel, and C does neither."""
UNIT_SECONDS = 0.4
"""Seconds that the compiler takes for a unit without large products: that of the base network takes 0.3 to 0.4 s."""
PRODUCT_SECONDS = 0.15
"""Seconds that each kind of large product or convolution adds to it: 0.07 to 0.2 s in networks of two to twelve on a
Zen 4."""
PRODUCT_FLOPS = 1000
"""Floating-point operations for each row from which on a product is large; smaller ones are plain loops."""
MOST_SECONDS = 3.0
"""Seconds that compiling takes at most, for kinds share much of their code: on a Zen 4 ResNet-50 and MobileNetV2
take 1.9 and 1.8 s to predict, with 21 and 31, and 3.1 and 4.1 s to train, with 62 and 92."""
SINGLE_CALLS = 1000
"""Assumed repetitions of a call that announces no others: ``program(x)`` of a row, ``train_step`` of 32."""
SINGLE_ROWS = 32
"""Assumed rows of a batch of unknown size."""

_PRODUCTS = (MatMul, Sliding)


@dataclass(frozen=True)
class Cost:
    """The figures of a graph that decide whether to compile it.

    Args:
        ops: operations of one run, those of a loop as often as it runs.
        flops: floating-point operations of one run.
        patch_elements: elements of all windows of its convolutions.
        products: large products and convolutions in its text, of which equal ones are one.
    """

    ops: int = 0
    flops: int = 0
    patch_elements: int = 0
    products: int = 0

    @property
    def saved_seconds(self) -> float:
        """Seconds that one run in C takes less than on NumPy, by the constants above."""
        by_patches = self.patch_elements * SAVED_PER_PATCH_ELEMENT
        return self.ops * SAVED_PER_OP + self.flops * SAVED_PER_FLOP + by_patches

    @property
    def compile_seconds(self) -> float:
        """Seconds that it takes to compile the graph, by the constants above."""
        return min(UNIT_SECONDS + self.products * PRODUCT_SECONDS, MOST_SECONDS)

    def is_worth_compiling(self, runs: int) -> bool:
        """Return whether so many runs save more than compiling takes."""
        return runs * self.saved_seconds > self.compile_seconds


def cost_of(graph: Graph, sizes: Mapping[str, int], rows: int) -> Cost:
    """Return what a graph consists of.

    Args:
        graph: an optimised graph.
        sizes: size of each run-time dimension.
        rows: rows of a batch, by which what is large is told from what is small.
    """
    kinds: set[_Kind] = set()
    return replace(_count(graph, sizes, rows, kinds), products=len(kinds))


_Kind = tuple[Op, tuple[TensorType, ...]]


def _count(graph: Graph, sizes: Mapping[str, int], rows: int, kinds: set[_Kind]) -> Cost:
    """Return what one run takes, without products, and add the kinds of large products to others."""
    ops, flops, patch_elements = 0, 0, 0
    for node in graph.nodes:
        if node.is_leaf:
            continue
        op, operands = node.op.bind(sizes), tuple(value.type.bind(sizes) for value in node.operands)
        results = [type.bind(sizes) for type in node.types]
        own = op.flops(operands, results)
        flops += own
        patch_elements += op.patch_elements(operands, results) if isinstance(op, Sliding) else 0
        if isinstance(op, _PRODUCTS) and own >= PRODUCT_FLOPS * rows:
            kinds.add((op, operands))
        times = int(op.time(operands)) if isinstance(op, Scan) else 1
        ops += 0 if op.bodies else 1
        for body in op.bodies:
            inner = _count(body, _body_sizes(body, op.body_types(op.attributes(), operands)), rows, kinds)
            ops += times * inner.ops
            patch_elements += times * inner.patch_elements
    return Cost(ops, flops, patch_elements)


def _body_sizes(body: Graph, operands: Sequence[TensorType]) -> Mapping[str, int]:
    """Return the size of each run-time dimension of a body, from the types of its operands."""
    pairs = zip(body.inputs.items(), operands, strict=True)
    return solve_symbols({label: (value.shape, bind_shape(type.shape, {})) for (label, value), type in pairs})


@dataclass(frozen=True)
class Choice:
    """The choice of ``auto`` for a graph, and the reason.

    Args:
        graph: name of the graph.
        backend: name of the backend, ``c`` or ``numpy``.
        reason: why NumPy, one clause; empty for C.
        seconds: that the compiler took; None where it had nothing to do, or has not been called yet.

    >>> print(Choice("train", "c", seconds=0.31))
    C, compiled in 0.3 s
    >>> print(Choice("predict", "numpy", "too little work to compile for"))
    NumPy: too little work to compile for
    """

    graph: str
    backend: str
    reason: str = ""
    seconds: float | None = None

    def __str__(self) -> str:
        if self.backend != "c":
            return f"NumPy: {self.reason}"
        return "C, compiled before" if self.seconds is None else f"C, compiled in {self.seconds:.1f} s"
